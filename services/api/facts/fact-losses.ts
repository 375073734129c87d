import type { FactLoss, FactOrder, FactOutcome, GroupId, Outranker } from '../../model.js';
import type { OutrankingKind } from '../kit/enums.js';
import type { OutrankingFact } from './fact-payloads.types.js';

/**
 * Why a fact lost, or a part of it: which recorded facts outrank it, and how to send one that wins.
 */
export function describeLosses({ verdict, losses }: FactOutcome, nameGroup: NameGroup): string {
  const shown = losses
    .slice(0, MOST_NAMED)
    .map((loss) => describeLoss(loss, nameGroup))
    .join('; ');
  const more = losses.length - MOST_NAMED;
  const rest = more > 0 ? `; and ${more} more, see outrankedBy` : '';
  const effect = verdict === 'partial' ? 'The rest was recorded.' : 'Nothing changed.';
  return `${shown}${rest}. ${effect} ${remedyFor(losses)}`.trim();
}

const MOST_NAMED = 5;

/** `group Pilots (17)` */
export type NameGroup = (groupId: GroupId) => string;

function describeLoss({ groupId, order, outrankedBy }: FactLoss, nameGroup: NameGroup): string {
  if (outrankedBy.kind === 'userDeleted') return describeDeletion(outrankedBy);
  const isByTime = order.sequence === null && outrankedBy.order.sequence === null;
  const own = isByTime || order.sequence !== null ? placeOf(order) : 'without a sequence';
  const group = groupId === null ? null : nameGroup(groupId);
  return `${subjectOf(group, outrankedBy)} ${placeOf(outrankedBy.order)}, which outranks this one ${own}`;
}

function describeDeletion(its: OutrankerOf<'userDeleted'>): string {
  const by = its.by === null ? '' : ` by ${its.by}`;
  return `Platform user ${its.platformUserId} was deleted at ${timeOf(its.order)}${by}`;
}

function subjectOf(
  group: string | null,
  outranker: Exclude<Outranker, OutrankerOf<'userDeleted'>>,
): string {
  if (outranker.kind === 'userRestored') return 'The user was restored after a deletion';
  if (outranker.kind === 'groupDeleted')
    return `${group?.replace('group', 'Group')} was deleted by a fact`;
  return outranker.kind === 'value'
    ? subjectOfValue(outranker)
    : subjectOfMembership(group, outranker);
}

function subjectOfValue({ name, value }: OutrankerOf<'value'>): string {
  if (name !== 'life') return `The ${name} was set by a fact`;
  const change = value === 'deleted' ? 'deleted' : 'changed';
  return `The group was ${change} by a fact`;
}

function subjectOfMembership(
  group: string | null,
  { isHeld, isSnapshot }: OutrankerOf<'membership'>,
): string {
  if (group === null) return 'The whole set was replaced by one';
  const change = isHeld ? 'added to' : 'removed from';
  const by = isSnapshot ? 'whole set' : 'fact';
  return `The user was ${change} ${group} by a ${by}`;
}

type OutrankerOf<Kind extends Outranker['kind']> = Extract<Outranker, { readonly kind: Kind }>;

function placeOf(order: FactOrder): string {
  return order.sequence === null ? `of ${timeOf(order)}` : `with sequence ${order.sequence}`;
}

const timeOf = ({ timeUs }: FactOrder) => new Date(Math.floor(timeUs / 1000)).toISOString();

function remedyFor(losses: readonly FactLoss[]): string {
  if (losses.some(({ outrankedBy }) => outrankedBy.kind === 'userDeleted'))
    return 'An admin can restore the id with restorePlatformUser.';
  const sequences = losses.flatMap(({ outrankedBy }) => outrankedBy.order.sequence ?? []);
  if (sequences.length > 0) return `Send a sequence above ${Math.max(...sequences)} to outrank it.`;
  const times = losses.flatMap((loss) => retryAtOf(loss) ?? []);
  if (times.length === 0) return '';
  const last = new Date(Math.max(...times.map(Number)));
  return `Send it again after ${last.toISOString()}, or with a sequence.`;
}

/** The first millisecond at which the same mutation wins. Null: only a sequence can win. */
function retryAtOf({ outrankedBy }: FactLoss): Date | null {
  const { kind, order } = outrankedBy;
  if (kind === 'userDeleted' || order.sequence !== null) return null;
  return new Date(Math.floor(order.timeUs / 1000) + 1);
}

export function toOutrankingFact(loss: FactLoss): OutrankingFact {
  const { groupId, outrankedBy } = loss;
  const { kind, order } = outrankedBy;
  const isMembership = kind === 'membership' && groupId !== null;
  return {
    kind: kind === 'membership' && outrankedBy.isSnapshot ? 'WHOLE_SET' : KINDS[kind],
    groupId,
    change: isMembership ? changeOf(outrankedBy) : null,
    sequence: order.sequence,
    time: new Date(Math.floor(order.timeUs / 1000)),
    actor: kind === 'userDeleted' ? outrankedBy.by : null,
    retryAt: retryAtOf(loss),
  };
}

const KINDS: Readonly<Record<Outranker['kind'], OutrankingKind>> = {
  membership: 'MEMBERSHIP_CHANGE',
  value: 'VALUE',
  userDeleted: 'USER_DELETION',
  userRestored: 'LIFTED_USER_DELETION',
  groupDeleted: 'GROUP_DELETION',
};

const changeOf = ({ isHeld }: { readonly isHeld: boolean }) => (isHeld ? 'ADDED' : 'REMOVED');
