import type {
  FactLoss,
  FactOrder,
  FactOutcome,
  GroupChanged,
  GroupDeleted,
  GroupId,
  MembershipChanged,
  MembershipSnapshot,
} from '../../model.js';
import { deletionOver, fenceOfDeletion, isSameFence, joinFences } from './deletion-fence.js';
import type { GroupLife, Known, KnownGroup, KnownUser } from './known.js';
import {
  APPLIED,
  compareOrder,
  compareStanding,
  foldRegisters,
  type RankedFact,
  UNCHANGED,
} from './order.js';
import type { Touched } from './touched.js';

export function foldChange(
  user: KnownUser,
  fact: MembershipChanged,
  { known, place, touched }: Folding,
): FactOutcome {
  const { platformUserId, groupId } = fact;
  const current = standingOf(user, groupId);
  const order = place(current === null ? [] : [current.order]);
  const said = {
    order,
    isSnapshot: false,
    isHeld: fact.change === 'added',
  };
  const { next, loss } = behindDeletion(known, groupId, said);
  const rank = rankOn(current, next);
  if (current !== null && rank < 0) return lostTo(lossOf(groupId, next, current));
  if (rank > 0 || isEarlier(next, current)) {
    user.memberships.set(groupId, next);
    touched.membership(platformUserId, groupId);
  }
  const isRepeated = next.isHeld === current?.isHeld;
  const marks = isRepeated ? touched.repetitions : touched.memberMarks;
  if (rank > 0) marks.push({ ...fact, groupId });
  if (loss !== null) return lostTo(loss);
  const outcome = rank === 0 ? UNCHANGED : APPLIED;
  return next.isHeld && lifeOf(known, groupId).isDeleted
    ? { ...outcome, deletedGroupIds: [groupId] }
    : outcome;
}

export function foldSnapshot(
  user: KnownUser,
  fact: MembershipSnapshot,
  { known, place, touched }: Folding,
): FactOutcome {
  const held = new Set(fact.groupIds);
  const last = user.snapshot;
  const order = place(
    [...user.memberships.values()].map((standing) => standing.order).concat(last ?? []),
  );
  const losses: FactLoss[] = [];
  let changesMember = last === null;
  for (const groupId of new Set([...held, ...user.memberships.keys()])) {
    const current = standingOf(user, groupId);
    const said = { order, isSnapshot: true, isHeld: held.has(groupId) };
    const { next, loss } = behindDeletion(known, groupId, said);
    const rank = rankOn(current, next);
    // If the recorded fact outranks this one but agrees with it, nothing is lost.
    if (current !== null && rank < 0 && current.isHeld !== said.isHeld)
      losses.push(lossOf(groupId, next, current));
    else if (rank >= 0 && loss !== null) losses.push(loss);
    if (rank < 0 || (rank === 0 && !isEarlier(next, current))) continue;
    user.memberships.set(groupId, next);
    touched.membership(fact.platformUserId, groupId);
    if (next.isHeld !== (current?.isHeld ?? false)) changesMember = true;
  }
  const rank = last === null ? 1 : compareOrder(order, last);
  if (rank > 0) {
    user.snapshot = order;
    touched.touchedUsers.add(fact.platformUserId);
  }
  if (changesMember) touched.memberMarks.push({ ...fact, groupId: null });
  if (last !== null && rank < 0) return lostToSnapshot(last, order, losses);
  const deletedGroupIds = [...held].filter(
    (groupId) => lifeOf(known, groupId).isDeleted && user.memberships.get(groupId)?.isHeld === true,
  );
  return {
    ...verdictOnSet(losses, rank > 0 || changesMember),
    ...(deletedGroupIds.length > 0 && { deletedGroupIds }),
  };
}

function verdictOnSet(losses: readonly FactLoss[], isChanged: boolean): FactOutcome {
  if (losses.length > 0) return { verdict: 'partial', losses };
  return isChanged ? APPLIED : UNCHANGED;
}

/**
 * Returns the outcome of a snapshot older than the last one. If no membership differs, names the
 * newer snapshot itself as the winner.
 */
function lostToSnapshot(
  last: FactOrder,
  order: FactOrder,
  losses: readonly FactLoss[],
): FactOutcome {
  if (losses.length > 0) return lostTo(...losses);
  const newer = { order: last, isSnapshot: true, isHeld: false };
  return lostTo(lossOf(null, { order }, newer));
}

/**
 * Applies the group's deletion to a fact. A fact that is not newer than the deletion adds no
 * member, but its position is recorded.
 */
function behindDeletion(
  known: Known,
  groupId: GroupId,
  said: RankedFact,
): { readonly next: RankedFact; readonly loss: FactLoss | null } {
  const { order } = said;
  const deletion = said.isHeld ? deletionOver(order, lifeOf(known, groupId).fence) : null;
  if (deletion === null) return { next: said, loss: null };
  const outrankedBy = { kind: 'groupDeleted', order: deletion } as const;
  return {
    next: { ...said, isHeld: false },
    loss: { groupId, order, outrankedBy },
  };
}

/**
 * Returns the recorded membership. Without a row, the user's last snapshot says that the user is
 * not in the group; null: there is no snapshot either.
 */
function standingOf(user: KnownUser, groupId: GroupId): RankedFact | null {
  const denied = user.snapshot && {
    order: user.snapshot,
    isSnapshot: true,
    isHeld: false,
  };
  return user.memberships.get(groupId) ?? denied;
}

function rankOn(current: RankedFact | null, next: RankedFact): number {
  return current === null ? 1 : compareStanding(next, current);
}

/**
 * Returns true if `next` repeats `current` with the same sequence but an earlier time. The earlier
 * time is recorded, so that deletions cover the same facts whichever fact arrives first. Without
 * sequences, equal facts have equal times.
 */
function isEarlier(next: RankedFact, current: RankedFact | null): boolean {
  return current !== null && rankOn(current, next) === 0
    ? next.order.timeUs < current.order.timeUs
    : false;
}

function lossOf(
  groupId: GroupId | null,
  { order }: { readonly order: FactOrder },
  current: RankedFact,
): FactLoss {
  return { groupId, order, outrankedBy: { kind: 'membership', ...current } };
}

/** Context for folding one fact. */
export interface Folding {
  readonly known: Known;
  /**
   * Returns the fact's position in the order, given the positions of the recorded facts about the
   * same user, group or membership.
   */
  readonly place: (recorded: Iterable<FactOrder>) => FactOrder;
  readonly touched: Touched;
}

export const hasChanged = ({ verdict }: FactOutcome) =>
  verdict === 'applied' || verdict === 'partial';

export const ordersOf = (registers: ReadonlyMap<string, { readonly order: FactOrder }>) =>
  [...registers.values()].map(({ order }) => order);

export const lostTo = (...losses: readonly FactLoss[]): FactOutcome => ({
  verdict: 'stale',
  losses,
});

export function foldGroup(
  group: KnownGroup,
  fact: GroupChanged | GroupDeleted,
  { known, place, touched }: Folding,
): FactOutcome {
  const { groupId, cause } = fact;
  const isDeletion = fact.kind === 'groupDeleted';
  const values = new Map<'name' | 'life', string | null>([
    ['life', isDeletion ? 'deleted' : 'alive'],
  ]);
  if (!isDeletion && fact.name !== undefined) values.set('name', fact.name);
  const order = place(ordersOf(group.registers));
  const outcome = foldRegisters(group.registers, values, order);
  const life = lifeOf(known, groupId);
  const fence = isDeletion ? joinFences(life.fence, fenceOfDeletion(order)) : life.fence;
  const isFenceRaised = !isSameFence(fence, life.fence);
  life.fence = fence;
  if (isFenceRaised) {
    endKnownMemberships(known, groupId, life);
    touched.groupDeletions.push({ groupId, cause });
  }
  const isDeleted = group.registers.get('life')?.value === 'deleted';
  if (hasChanged(outcome) || isFenceRaised) touched.touchedGroups.add(groupId);
  if (isDeleted !== group.isDeleted) touched.groupMarks.push({ groupId, cause });
  group.isDeleted = isDeleted;
  life.isDeleted = isDeleted;
  return isFenceRaised && !hasChanged(outcome) ? APPLIED : outcome;
}

/** Returns the deletion state of a group. Adds groups without a row as not deleted. */
export function lifeOf({ lives }: Known, groupId: string): GroupLife {
  const known = lives.get(groupId);
  if (known !== undefined) return known;
  const life = { isDeleted: false, fence: null };
  lives.set(groupId, life);
  return life;
}

/** Ends memberships in memory; `endMemberships` ends those in the database. */
function endKnownMemberships({ users }: Known, groupId: string, { fence }: GroupLife): void {
  for (const { memberships } of users.values()) {
    const standing = memberships.get(groupId);
    if (standing?.isHeld === true && deletionOver(standing.order, fence))
      memberships.set(groupId, { ...standing, isHeld: false });
  }
}
