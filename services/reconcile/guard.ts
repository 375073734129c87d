import type { RoleId } from '../model.js';
import type {
  GuardLimits,
  GuardTally,
  GuardVerdict,
  RoleTally,
} from './records.js';

/**
 * May these removals be carried out? A role's removals within an hour may reach the client's minimum, or its percentage of those
 * who held the role when the hour began, whichever is more; the same holds for all managed roles of the guild together. What is
 * beyond is held, for a person to look at. Additions are never held.
 */
export function guardRemovals(input: {
  readonly removals: readonly RoleId[];
  readonly tally: GuardTally;
  readonly limits: GuardLimits;
}): GuardVerdict {
  const { removals, tally, limits } = input;
  if (removals.length === 0)
    return { allowedRemovals: [], heldRemovals: [], reason: null };
  if (exceeds(tally.guild, removals.length, limits)) {
    return {
      allowedRemovals: [],
      heldRemovals: removals,
      reason: reasonOf('the guild', tally.guild, limits),
    };
  }
  const heldRemovals = removals.filter((roleId) =>
    exceeds(tallyOf(tally, roleId), 1, limits),
  );
  const [first] = heldRemovals;
  return {
    allowedRemovals: removals.filter(
      (roleId) => !heldRemovals.includes(roleId),
    ),
    heldRemovals,
    reason:
      first === undefined
        ? null
        : reasonOf(`role ${first}`, tallyOf(tally, first), limits),
  };
}

function tallyOf(tally: GuardTally, roleId: RoleId): RoleTally {
  return tally.roles.get(roleId) ?? { removedLastHour: 0, holders: 0 };
}

/** Strictly more than the limit. Those already removed this hour were holders when it began. */
function exceeds(tally: RoleTally, more: number, limits: GuardLimits): boolean {
  return tally.removedLastHour + more > limitOf(tally, limits);
}

function limitOf(
  { removedLastHour, holders }: RoleTally,
  { minimum, percent }: GuardLimits,
): number {
  return Math.max(minimum, ((holders + removedLastHour) * percent) / 100);
}

function reasonOf(what: string, tally: RoleTally, limits: GuardLimits): string {
  const limit = Math.floor(limitOf(tally, limits));
  return `removal guard: ${what} has lost ${tally.removedLastHour} in the last hour, the limit is ${limit}`;
}
