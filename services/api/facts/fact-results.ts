import type { FactLoss, FactOrder, FactOutcome, GroupId, Outranker } from '../../model.js';
import type { Item } from '../kit/checks.js';
import type { FactVerdictName, OutrankingKind } from '../kit/enums.js';
import type { FactCounts, FactResult, OutrankingFact } from './fact-payloads.types.js';

const VERDICTS = {
  applied: 'APPLIED',
  unchanged: 'UNCHANGED',
  stale: 'STALE',
  partial: 'PARTIAL',
} as const;

/**
 * Returns one result per item, in the given order. A repeated fact succeeds. A fact that is
 * outranked by a recorded one gets the error CONFLICT. `outcomes` has entries for valid items only.
 */
export function factResults(
  items: readonly Item<unknown>[],
  outcomes: readonly FactOutcome[],
  nameGroup: NameGroup,
): FactResult[] {
  let next = 0;
  return items.map(({ fault }, index) => {
    if (fault !== null) {
      const { code, message, field = null } = fault;
      const error = { code, message, field };
      return { index, ok: false, verdict: 'INVALID', error, outrankedBy: [] };
    }
    const outcome = outcomes[next++];
    if (outcome === undefined) throw new Error(`outcomes for ${items.length} facts are incomplete`);
    return { index, ...resultOf(outcome, nameGroup) };
  });
}

function resultOf(outcome: FactOutcome, nameGroup: NameGroup): Omit<FactResult, 'index'> {
  const { verdict, losses } = outcome;
  const hasLost = verdict === 'stale' || verdict === 'partial';
  return {
    ok: !hasLost,
    verdict: VERDICTS[verdict],
    error: hasLost
      ? { code: 'CONFLICT', message: describeLosses(outcome, nameGroup), field: null }
      : null,
    outrankedBy: losses.map(toOutrankingFact),
  };
}

export function countResults(results: readonly FactResult[]): FactCounts {
  const count = (name: FactVerdictName) => results.filter(({ verdict }) => verdict === name).length;
  return {
    applied: count('APPLIED'),
    unchanged: count('UNCHANGED'),
    stale: count('STALE'),
    partial: count('PARTIAL'),
    invalid: count('INVALID'),
  };
}

/** Returns the ids of the users or groups that applied facts are about, each once. */
export function changedIds<Fact>(
  facts: readonly Fact[],
  outcomes: readonly FactOutcome[],
  idOf: (fact: Fact) => string,
): readonly string[] {
  const applied = facts.filter((_, index) => {
    const verdict = outcomes[index]?.verdict;
    return verdict === 'applied' || verdict === 'partial';
  });
  return [...new Set(applied.map(idOf))];
}

/**
 * Returns a warning for an empty list, and one for memberships in deleted groups. Such a membership
 * is recorded, but grants no role until the group is sent again.
 */
export function factWarnings(
  items: readonly unknown[],
  outcomes: readonly FactOutcome[],
  nameGroup: NameGroup,
): readonly string[] {
  if (items.length === 0) return ['The list was empty.'];
  const deleted = new Set(outcomes.flatMap(({ deletedGroupIds }) => deletedGroupIds ?? []));
  if (deleted.size === 0) return [];
  const named = [...deleted]
    .slice(0, MOST_DELETED)
    .map((id) => nameGroup(id).replace('group ', ''))
    .join(', ');
  const rest = deleted.size > MOST_DELETED ? ` and ${deleted.size - MOST_DELETED} more` : '';
  return [
    `Deleted groups: ${named}${rest}. New members of them get roles once the group is sent again, by upsertPlatformGroups or an event.`,
  ];
}

const MOST_DELETED = 10;

/**
 * Describes which recorded facts outrank a fact, wholly or partly, and how to send a fact that
 * outranks them.
 */
export function describeLosses({ verdict, losses }: FactOutcome, nameGroup: NameGroup): string {
  const shown = losses
    .slice(0, MOST_LOSSES)
    .map((loss) => describeLoss(loss, nameGroup))
    .join('; ');
  const more = losses.length - MOST_LOSSES;
  const rest = more > 0 ? `; and ${more} more, see outrankedBy` : '';
  const effect = verdict === 'partial' ? 'The rest was recorded.' : 'Nothing changed.';
  return `${shown}${rest}. ${effect} ${remedyFor(losses)}`.trim();
}

const MOST_LOSSES = 5;

/** Returns a text such as `group Pilots (17)`. */
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

/**
 * Returns the first millisecond at which the same mutation would outrank the recorded fact. Null if
 * waiting does not help.
 */
function retryAtOf({ outrankedBy }: FactLoss): Date | null {
  const { kind, order } = outrankedBy;
  if (kind === 'userDeleted' || order.sequence !== null) return null;
  return new Date(Math.floor(order.timeUs / 1000) + 1);
}

function toOutrankingFact(loss: FactLoss): OutrankingFact {
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
