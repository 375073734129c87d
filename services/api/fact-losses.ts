import type { FactLoss, FactOrder, FactOutcome, Outranker } from '../model.js';
import type { OutrankingFact } from './types/fact-payloads.types.js';

/** Why a fact lost, or a part of it: which recorded facts outrank it, and how to send one that wins. */
export function describeLosses({ verdict, losses }: FactOutcome): string {
  const shown = losses.slice(0, MOST_NAMED).map(describeLoss).join('; ');
  const more = losses.length - MOST_NAMED;
  const rest = more > 0 ? `; and ${more} more, see outrankedBy` : '';
  const effect =
    verdict === 'partial' ? 'The rest was recorded.' : 'Nothing changed.';
  return `${shown}${rest}. ${effect} ${remedyFor(losses)}`.trim();
}

const MOST_NAMED = 5;

function describeLoss({ groupId, order, outrankedBy }: FactLoss): string {
  const isByTime =
    order.sequence === null && outrankedBy.order.sequence === null;
  const own =
    isByTime || order.sequence !== null ? placeOf(order) : 'without one';
  return `${subjectOf(groupId, outrankedBy)} ${placeOf(outrankedBy.order)}, which outranks this one ${own}`;
}

function subjectOf(groupId: string | null, outranker: Outranker): string {
  if (outranker.kind === 'value') {
    if (outranker.name !== 'life')
      return `The ${outranker.name} was set by a fact`;
    return outranker.value === 'deleted'
      ? 'The group was deleted by a fact'
      : 'The group was changed by a fact';
  }
  if (groupId === null) return 'The whole set was replaced by one';
  const change = outranker.isHeld ? 'added to' : 'removed from';
  const by = outranker.isSnapshot ? 'whole set' : 'fact';
  return `The user was ${change} group ${groupId} by a ${by}`;
}

function placeOf(order: FactOrder): string {
  return order.sequence === null
    ? `of ${timeOf(order)}`
    : `with sequence ${order.sequence}`;
}

const timeOf = ({ timeUs }: FactOrder) =>
  new Date(Math.floor(timeUs / 1000)).toISOString();

function remedyFor(losses: readonly FactLoss[]): string {
  const sequences = losses.flatMap(
    ({ outrankedBy }) => outrankedBy.order.sequence ?? [],
  );
  if (sequences.length > 0)
    return `Send a sequence above ${Math.max(...sequences)} to outrank it.`;
  const times = losses.flatMap((loss) => retryAtOf(loss) ?? []);
  if (times.length === 0) return '';
  const last = new Date(Math.max(...times.map(Number)));
  return `Send it again after ${last.toISOString()}, or with a sequence.`;
}

/** The first millisecond at which the same mutation wins. Null: only a sequence can win. */
function retryAtOf({ outrankedBy: { order } }: FactLoss): Date | null {
  if (order.sequence !== null) return null;
  return new Date(Math.floor(order.timeUs / 1000) + 1);
}

export function toOutrankingFact(loss: FactLoss): OutrankingFact {
  const { groupId, outrankedBy } = loss;
  const { order } = outrankedBy;
  const isMembership = outrankedBy.kind === 'membership';
  return {
    groupId,
    change: isMembership && groupId !== null ? changeOf(outrankedBy) : null,
    wholeSet: isMembership && outrankedBy.isSnapshot,
    sequence: order.sequence,
    time: new Date(Math.floor(order.timeUs / 1000)),
    retryAt: retryAtOf(loss),
  };
}

const changeOf = ({ isHeld }: { readonly isHeld: boolean }) =>
  isHeld ? 'ADDED' : 'REMOVED';
