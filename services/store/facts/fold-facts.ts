import type {
  FactLoss,
  FactOrder,
  FactOutcome,
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
  APPLIED,
  compareOrder,
  compareStanding,
  foldRegisters,
  placeInOrder,
  UNCHANGED,
  type Standing,
} from './order.js';
import { Touched, type Folded } from './touched.js';

/**
 * Puts facts on top of what is recorded. The result is the same for any order, repetition or split of the same facts: every row
 * keeps the greatest statement made about it. `known` must hold every user and group that the facts name.
 */
export function foldFacts(
  known: Known,
  facts: readonly PlatformFact[],
): Folded {
  const touched = new Touched();
  const outcomes = facts.map((fact) => foldFact(known, fact, touched));
  return Object.assign(touched, { outcomes });
}

function foldFact(
  known: Known,
  fact: PlatformFact,
  touched: Touched,
): FactOutcome {
  const place: Place = (recorded) =>
    placeInOrder(fact.order, known.receivedUs, recorded);
  if (fact.kind === 'groupChanged' || fact.kind === 'groupDeleted') {
    const group = rowOf(known.groups, fact.groupId);
    return foldGroup(group, fact, { place, touched });
  }
  const user = rowOf(known.users, fact.platformUserId);
  if (fact.kind === 'userDeleted') return foldDeletion(user, fact, touched);
  if (user.isDeleted) return { verdict: 'stale', losses: [] };
  const its = { place, touched };
  if (fact.kind === 'userChanged') return foldUser(user, fact, its);
  return fact.kind === 'membershipChanged'
    ? foldChange(user, fact, its)
    : foldSnapshot(user, fact, its);
}

/** The place of the fact at hand, given the places of what is recorded about the same thing. */
type Place = (recorded: Iterable<FactOrder>) => FactOrder;

interface Folding {
  readonly place: Place;
  readonly touched: Touched;
}

function foldUser(
  user: KnownUser,
  fact: UserChanged,
  { place, touched }: Folding,
): FactOutcome {
  const values = new Map<UserRegister, string | null>([
    ['username', fact.username],
  ]);
  for (const name of ATTRIBUTES) {
    const value = fact.attributes?.[name];
    if (value !== undefined) values.set(name, value);
  }
  const before = new Map(user.registers);
  const order = place(ordersOf(user.registers));
  const outcome = foldRegisters(user.registers, values, order);
  if (!hasChanged(outcome)) return outcome;
  const { platformUserId, cause } = fact;
  touched.touchedUsers.add(platformUserId);
  // Known to be empty is another thing than never known.
  const changed = [...values.keys()].filter(
    (name) => before.get(name)?.value !== user.registers.get(name)?.value,
  );
  if (changed.length > 0)
    touched.personMarks.push({ platformUserId, changed, cause });
  return outcome;
}

const ATTRIBUTES = ['character', 'corporation', 'alliance'] as const;

const ordersOf = (registers: ReadonlyMap<string, { order: FactOrder }>) =>
  [...registers.values()].map(({ order }) => order);

const hasChanged = ({ verdict }: FactOutcome) =>
  verdict === 'applied' || verdict === 'partial';

function foldDeletion(
  user: KnownUser,
  { platformUserId, cause }: UserDeleted,
  touched: Touched,
): FactOutcome {
  if (user.isDeleted) return UNCHANGED;
  user.isDeleted = true;
  touched.touchedUsers.add(platformUserId);
  touched.deletedUsers.push({ platformUserId, cause });
  return APPLIED;
}

function foldChange(
  user: KnownUser,
  fact: MembershipChanged,
  { place, touched }: Folding,
): FactOutcome {
  const { platformUserId, groupId } = fact;
  const current = standingOf(user, groupId);
  const next: Standing = {
    order: place(current === null ? [] : [current.order]),
    isSnapshot: false,
    isHeld: fact.change === 'added',
  };
  const rank = rankOn(current, next);
  if (current !== null && rank < 0)
    return { verdict: 'stale', losses: [lossOf(groupId, next, current)] };
  if (rank === 0) return UNCHANGED;
  user.memberships.set(groupId, next);
  touched.membership(platformUserId, groupId);
  touched.memberMarks.push({ ...fact, groupId });
  return APPLIED;
}

function foldSnapshot(
  user: KnownUser,
  fact: MembershipSnapshot,
  { place, touched }: Folding,
): FactOutcome {
  const held = new Set(fact.groupIds);
  const last = user.snapshot;
  const order = place(
    [...user.memberships.values()]
      .map((standing) => standing.order)
      .concat(last ?? []),
  );
  const losses: FactLoss[] = [];
  let changesMember = last === null;
  for (const groupId of new Set([...held, ...user.memberships.keys()])) {
    const current = standingOf(user, groupId);
    const next = { order, isSnapshot: true, isHeld: held.has(groupId) };
    const rank = rankOn(current, next);
    // Outranked by a fact that says the same, nothing is lost.
    if (current !== null && rank < 0 && current.isHeld !== next.isHeld)
      losses.push(lossOf(groupId, next, current));
    if (rank <= 0) continue;
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
  if (last !== null && rank < 0)
    return { verdict: 'stale', losses: lostTo(last, { order, losses }) };
  if (losses.length > 0) return { verdict: 'partial', losses };
  return rank > 0 || changesMember ? APPLIED : UNCHANGED;
}

/** A whole set that lost to a newer one: named as such where the two do not differ. */
function lostTo(
  last: FactOrder,
  { order, losses }: { order: FactOrder; losses: readonly FactLoss[] },
): readonly FactLoss[] {
  if (losses.length > 0) return losses;
  const newer = { order: last, isSnapshot: true, isHeld: false };
  return [lossOf(null, { order }, newer)];
}

/** A group without a row of its own is denied by the user's last snapshot, if there was one. */
function standingOf(user: KnownUser, groupId: GroupId): Standing | null {
  const denied = user.snapshot && {
    order: user.snapshot,
    isSnapshot: true,
    isHeld: false,
  };
  return user.memberships.get(groupId) ?? denied;
}

function rankOn(current: Standing | null, next: Standing): number {
  return current === null ? 1 : compareStanding(next, current);
}

function lossOf(
  groupId: GroupId | null,
  { order }: { readonly order: FactOrder },
  current: Standing,
): FactLoss {
  return { groupId, order, outrankedBy: { kind: 'membership', ...current } };
}

function foldGroup(
  group: KnownGroup,
  fact: GroupChanged | GroupDeleted,
  { place, touched }: Folding,
): FactOutcome {
  const isDeletion = fact.kind === 'groupDeleted';
  const values = new Map<'name' | 'life', string | null>([
    ['life', isDeletion ? 'deleted' : 'alive'],
  ]);
  if (!isDeletion && fact.name !== undefined) values.set('name', fact.name);
  const order = place(ordersOf(group.registers));
  const outcome = foldRegisters(group.registers, values, order);
  const isDeleted = group.registers.get('life')?.value === 'deleted';
  if (hasChanged(outcome)) touched.touchedGroups.add(fact.groupId);
  if (isDeleted !== group.isDeleted)
    touched.groupMarks.push({ groupId: fact.groupId, cause: fact.cause });
  group.isDeleted = isDeleted;
  return outcome;
}

function rowOf<Id extends string, Row>(
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
