import type {
  FactVerdict,
  GroupId,
  MembershipChanged,
  MembershipSnapshot,
  PlatformFact,
} from '../../model.js';
import type { Known, KnownUser, UserRegister } from './known.js';
import {
  compareOrder,
  compareStanding,
  foldRegisters,
  verdictOf,
  type Standing,
} from './order.js';
import { Touched, type Folded } from './touched.js';

/**
 * Puts facts on top of what stands. The result is the same for any order, repetition or split of the same facts: every row keeps
 * the greatest statement made about it. `known` must hold every user and group that the facts name.
 */
export function foldFacts(
  known: Known,
  facts: readonly PlatformFact[],
): Folded {
  const touched = new Touched();
  const verdicts = facts.map((fact) => foldFact(known, fact, touched));
  return { verdicts, ...touched };
}

function foldFact(
  known: Known,
  fact: PlatformFact,
  touched: Touched,
): FactVerdict {
  switch (fact.kind) {
    case 'membershipChanged':
      return foldChange(
        standing(known.users, fact.platformUserId),
        fact,
        touched,
      );
    case 'membershipSnapshot':
      return foldSnapshot(
        standing(known.users, fact.platformUserId),
        fact,
        touched,
      );
    case 'userChanged': {
      const user = standing(known.users, fact.platformUserId);
      if (user.isDeleted) return 'stale';
      const values = Object.entries({
        ...fact.attributes,
        username: fact.username,
      });
      const news = values.filter(
        (entry): entry is [UserRegister, string | null] =>
          entry[1] !== undefined,
      );
      const verdict = foldRegisters(user.registers, new Map(news), fact.order);
      if (verdict === 'applied') touched.touchedUsers.add(fact.platformUserId);
      return verdict;
    }
    case 'userDeleted': {
      const user = standing(known.users, fact.platformUserId);
      if (user.isDeleted) return 'unchanged';
      user.isDeleted = true;
      touched.touchedUsers.add(fact.platformUserId);
      touched.deletedUsers.push({
        platformUserId: fact.platformUserId,
        cause: fact.cause,
      });
      return 'applied';
    }
    case 'groupChanged':
    case 'groupDeleted':
      return foldGroup(known, fact, touched);
  }
}

function foldChange(
  user: KnownUser,
  fact: MembershipChanged,
  touched: Touched,
): FactVerdict {
  if (user.isDeleted) return 'stale';
  const next: Standing = {
    order: fact.order,
    isSnapshot: false,
    isHeld: fact.change === 'added',
  };
  const verdict = foldStanding(user, fact.groupId, next);
  if (verdict === 'applied') {
    touched.membership(fact.platformUserId, fact.groupId);
    touched.memberMarks.push({ ...fact, groupId: fact.groupId });
  }
  return verdict;
}

function foldSnapshot(
  user: KnownUser,
  fact: MembershipSnapshot,
  touched: Touched,
): FactVerdict {
  if (user.isDeleted) return 'stale';
  const held = new Set(fact.groupIds);
  let changesMember = user.snapshot === null;
  for (const groupId of new Set([...held, ...user.memberships.keys()])) {
    const wasHeld = user.memberships.get(groupId)?.isHeld;
    const next: Standing = {
      order: fact.order,
      isSnapshot: true,
      isHeld: held.has(groupId),
    };
    if (foldStanding(user, groupId, next) !== 'applied') continue;
    touched.membership(fact.platformUserId, groupId);
    if (next.isHeld !== (wasHeld ?? false)) changesMember = true;
  }
  const rank =
    user.snapshot === null ? 1 : compareOrder(fact.order, user.snapshot);
  if (rank > 0) {
    user.snapshot = fact.order;
    touched.touchedUsers.add(fact.platformUserId);
  }
  if (changesMember) touched.memberMarks.push({ ...fact, groupId: null });
  if (rank < 0) return 'stale';
  return rank > 0 || changesMember ? 'applied' : 'unchanged';
}

/** A group without a row of its own is denied by the user's last snapshot, if there was one. */
function foldStanding(
  user: KnownUser,
  groupId: GroupId,
  next: Standing,
): FactVerdict {
  const denied = user.snapshot && {
    order: user.snapshot,
    isSnapshot: true,
    isHeld: false,
  };
  const current = user.memberships.get(groupId) ?? denied;
  const rank = current === null ? 1 : compareStanding(next, current);
  if (rank > 0) user.memberships.set(groupId, next);
  return verdictOf(rank);
}

function foldGroup(
  known: Known,
  fact: Extract<PlatformFact, { kind: 'groupChanged' | 'groupDeleted' }>,
  touched: Touched,
): FactVerdict {
  const group = standing(known.groups, fact.groupId);
  const isDeletion = fact.kind === 'groupDeleted';
  const values = new Map<'name' | 'life', string | null>([
    ['life', isDeletion ? 'deleted' : 'alive'],
  ]);
  if (!isDeletion && fact.name !== undefined) values.set('name', fact.name);
  const verdict = foldRegisters(group.registers, values, fact.order);
  const isDeleted = group.registers.get('life')?.value === 'deleted';
  if (verdict === 'applied') touched.touchedGroups.add(fact.groupId);
  if (isDeleted !== group.isDeleted)
    touched.groupMarks.push({ groupId: fact.groupId, cause: fact.cause });
  group.isDeleted = isDeleted;
  return verdict;
}

function standing<Id extends string, Row>(
  rows: ReadonlyMap<Id, Row>,
  id: Id,
): Row {
  const row = rows.get(id);
  if (row === undefined)
    throw new Error(
      `nothing was read about ${id} before facts were put on top of it`,
    );
  return row;
}
