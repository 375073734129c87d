import type { FactOutcome, GroupChanged, GroupDeleted } from '../../model.js';
import { deletionOver, fenceOfDeletion, isSameFence, joinFences } from './deletion-fence.js';
import { hasChanged, ordersOf, type Folding } from './folding.js';
import type { GroupLife, Known, KnownGroup } from './known.js';
import { APPLIED, foldRegisters } from './order.js';

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

/** Unknown groups have no row. */
export function lifeOf({ lives }: Known, groupId: string): GroupLife {
  const known = lives.get(groupId);
  if (known !== undefined) return known;
  const life = { isDeleted: false, fence: null };
  lives.set(groupId, life);
  return life;
}

/** Only for the members in memory; those in the database are ended by a statement. */
function endKnownMemberships({ users }: Known, groupId: string, { fence }: GroupLife): void {
  for (const { memberships } of users.values()) {
    const standing = memberships.get(groupId);
    if (standing?.isHeld === true && deletionOver(standing.order, fence))
      memberships.set(groupId, { ...standing, isHeld: false });
  }
}
