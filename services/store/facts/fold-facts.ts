import type {
  FactVerdict,
  GroupChanged,
  GroupDeleted,
  GroupId,
  MembershipChanged,
  MembershipSnapshot,
  PlatformFact,
  UserChanged,
  UserDeleted,
} from '../../model.js';
import type { Known, KnownGroup, KnownUser, UserRegister } from './known.js';
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
  return Object.assign(touched, { verdicts });
}

function foldFact(
  known: Known,
  fact: PlatformFact,
  touched: Touched,
): FactVerdict {
  if (fact.kind === 'groupChanged' || fact.kind === 'groupDeleted') {
    return foldGroup(standing(known.groups, fact.groupId), fact, touched);
  }
  const user = standing(known.users, fact.platformUserId);
  if (fact.kind === 'userDeleted') return foldDeletion(user, fact, touched);
  if (user.isDeleted) return 'stale';
  if (fact.kind === 'userChanged') return foldUser(user, fact, touched);
  return fact.kind === 'membershipChanged'
    ? foldChange(user, fact, touched)
    : foldSnapshot(user, fact, touched);
}

function foldUser(
  user: KnownUser,
  fact: UserChanged,
  touched: Touched,
): FactVerdict {
  const values = new Map<UserRegister, string | null>([
    ['username', fact.username],
  ]);
  for (const name of ATTRIBUTES) {
    const value = fact.attributes?.[name];
    if (value !== undefined) values.set(name, value);
  }
  const before = new Map(user.registers);
  const verdict = foldRegisters(user.registers, values, fact.order);
  if (verdict !== 'applied') return verdict;
  const { platformUserId, cause } = fact;
  touched.touchedUsers.add(platformUserId);
  // Known to be empty is another thing than never known.
  const changed = [...values.keys()].filter(
    (name) => before.get(name)?.value !== user.registers.get(name)?.value,
  );
  if (changed.length > 0)
    touched.personMarks.push({ platformUserId, changed, cause });
  return verdict;
}

const ATTRIBUTES = ['character', 'corporation', 'alliance'] as const;

function foldDeletion(
  user: KnownUser,
  { platformUserId, cause }: UserDeleted,
  touched: Touched,
): FactVerdict {
  if (user.isDeleted) return 'unchanged';
  user.isDeleted = true;
  touched.touchedUsers.add(platformUserId);
  touched.deletedUsers.push({ platformUserId, cause });
  return 'applied';
}

function foldChange(
  user: KnownUser,
  fact: MembershipChanged,
  touched: Touched,
): FactVerdict {
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
  group: KnownGroup,
  fact: GroupChanged | GroupDeleted,
  touched: Touched,
): FactVerdict {
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
