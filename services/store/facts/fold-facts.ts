import {
  foldChange,
  foldGroup,
  type Folding,
  foldSnapshot,
  hasChanged,
  lostTo,
  ordersOf,
} from './fold-memberships.js';
import {
  ATTRIBUTE_NAMES,
  type FactOrder,
  type FactOutcome,
  type Outranker,
  type PlatformFact,
  type UserChanged,
  type UserDeleted,
} from '../../model.js';
import { deletionOver, fenceOfDeletion, isSameFence, joinFences } from './deletion-fence.js';
import type { Known, KnownUser, UserRegister } from './known.js';
import { APPLIED, foldRegisters, placeInOrder, UNCHANGED } from './order.js';
import { Touched, type Folded } from './touched.js';

/**
 * Merges facts into the recorded state. The result does not depend on how facts are ordered,
 * repeated or batched: every row keeps the fact that outranks the others, and every fence keeps the
 * highest values. `known` must contain every user and group that the facts name.
 */
export function foldFacts(known: Known, facts: readonly PlatformFact[]): Folded {
  const touched = new Touched();
  const outcomes = facts.map((fact) => foldFact(known, fact, touched));
  return Object.assign(touched, { outcomes });
}

function foldFact(known: Known, fact: PlatformFact, touched: Touched): FactOutcome {
  const place: Folding['place'] = (recorded) =>
    placeInOrder(fact.order, known.receivedUs, recorded);
  const its = { known, place, touched };
  if (fact.kind === 'groupChanged' || fact.kind === 'groupDeleted')
    return foldGroup(rowOf(known.groups, fact.groupId), fact, its);
  const user = rowOf(known.users, fact.platformUserId);
  // Places a mutation about the whole user after all of the user's recorded values.
  const order = place(ordersOf(user.registers));
  const lifted = deletionOver(order, user.restored);
  if (lifted !== null) return lostAs(order, { kind: 'userRestored', order: lifted });
  if (fact.kind === 'userDeleted') return foldDeletion(user, fact, { order, touched });
  if (user.deletion !== null) {
    const { by, fence } = user.deletion;
    const deletedAt = { sequence: fence.sequence, timeUs: fence.latestUs };
    return lostAs(order, {
      kind: 'userDeleted',
      platformUserId: fact.platformUserId,
      order: deletedAt,
      by,
    });
  }
  if (fact.kind === 'userChanged') return foldUser(user, fact, its);
  return fact.kind === 'membershipChanged'
    ? foldChange(user, fact, its)
    : foldSnapshot(user, fact, its);
}

const lostAs = (order: FactOrder, outrankedBy: Outranker) =>
  lostTo({ groupId: null, order, outrankedBy });

function foldUser(user: KnownUser, fact: UserChanged, { place, touched }: Folding): FactOutcome {
  const values = new Map<UserRegister, string | null>([['username', fact.username]]);
  for (const name of ATTRIBUTE_NAMES) {
    const value = fact.attributes?.[name];
    if (value !== undefined) values.set(name, value);
  }
  const before = new Map(user.registers);
  const order = place(ordersOf(user.registers));
  const outcome = foldRegisters(user.registers, values, order);
  if (!hasChanged(outcome)) return outcome;
  const { platformUserId, cause } = fact;
  touched.touchedUsers.add(platformUserId);
  // Null is a value known to be empty; undefined is a value that was never received.
  const changed = [...values.keys()].filter(
    (name) => before.get(name)?.value !== user.registers.get(name)?.value,
  );
  if (changed.length > 0) touched.personMarks.push({ platformUserId, changed, cause });
  return outcome;
}

/**
 * Deletes a user. Facts about a deleted user have no effect; another deletion only raises the
 * fence, which stays when the user is restored.
 */
function foldDeletion(
  user: KnownUser,
  { platformUserId, cause }: UserDeleted,
  { order, touched }: Pick<Folding, 'touched'> & { readonly order: FactOrder },
): FactOutcome {
  const before = user.deletion;
  const fence = joinFences(before?.fence ?? null, fenceOfDeletion(order));
  if (before !== null && isSameFence(before.fence, fence)) return UNCHANGED;
  user.deletion = { fence, by: before === null ? cause.actor : before.by };
  touched.touchedUsers.add(platformUserId);
  if (before !== null) return UNCHANGED;
  touched.deletedUsers.push({ platformUserId, cause });
  return APPLIED;
}

function rowOf<Id extends string, Row>(rows: ReadonlyMap<Id, Row>, id: Id): Row {
  const row = rows.get(id);
  if (row === undefined) throw new Error(`${id} must be read before facts are folded into it`);
  return row;
}
