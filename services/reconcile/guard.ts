import { FEW_HOLDERS, type RemovalVerdict, type RoleId } from '../model.js';
import type {
  GuardLimits,
  GuardTally,
  GuardVerdict,
  RoleTally,
} from './records.js';

/**
 * May these removals be carried out? A role's removals within an hour may reach the client's minimum, or its percentage of those
 * who held the role when the hour began, whichever is more; the same holds for all managed roles of the guild together. What is
 * beyond is held, for a person to look at; so is what waits for a person already. Additions are never held.
 */
export function guardRemovals(input: {
  readonly removals: readonly RoleId[];
  readonly tally: GuardTally;
  readonly limits: GuardLimits;
  readonly decisions: ReadonlyMap<RoleId, RemovalVerdict>;
}): GuardVerdict {
  const { removals, tally, limits, decisions } = input;
  const waiting = removals.filter((roleId) => decisions.get(roleId) === 'HELD');
  const fresh = removals.filter((roleId) => !waiting.includes(roleId));
  const verdict = judgeFresh(fresh, tally, limits);
  if (waiting.length === 0) return verdict;
  return {
    ...verdict,
    heldRemovals: removals.filter(
      (roleId) =>
        waiting.includes(roleId) || verdict.heldRemovals.includes(roleId),
    ),
    reason:
      verdict.reason ??
      `removal guard: role ${waiting[0]} waits for a person to approve or reject its removal`,
  };
}

function judgeFresh(
  removals: readonly RoleId[],
  tally: GuardTally,
  limits: GuardLimits,
): GuardVerdict {
  if (removals.length === 0)
    return { allowedRemovals: [], heldRemovals: [], reason: null };
  const ofGuild = guildReason(removals.length, tally, limits);
  if (ofGuild !== null)
    return { allowedRemovals: [], heldRemovals: removals, reason: ofGuild };
  const reasons = new Map(
    removals.flatMap((roleId) => {
      const reason = roleReason(roleId, 1, tally, limits);
      return reason === null ? [] : [[roleId, reason] as const];
    }),
  );
  return {
    allowedRemovals: removals.filter((roleId) => !reasons.has(roleId)),
    heldRemovals: [...reasons.keys()],
    reason: reasons.values().next().value ?? null,
  };
}

/** Why a whole plan, given as removals per role, is more than may be carried out unseen; null: it may. */
export function judgePlan(
  removals: ReadonlyMap<RoleId, number>,
  tally: GuardTally,
  limits: GuardLimits,
): string | null {
  const total = [...removals.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const ofGuild = guildReason(total, tally, limits);
  if (ofGuild !== null) return ofGuild;
  for (const [roleId, count] of removals) {
    const reason = roleReason(roleId, count, tally, limits);
    if (reason !== null) return reason;
  }
  return null;
}

function guildReason(
  more: number,
  { guild, hasNoMemberships }: GuardTally,
  limits: GuardLimits,
): string | null {
  if (hasNoMemberships)
    return 'removal guard: no membership at all is known, which no platform says of everybody';
  return exceeds(guild, more, limits)
    ? reasonOf('the guild', guild, more, limits)
    : null;
}

function roleReason(
  roleId: RoleId,
  more: number,
  { roles }: GuardTally,
  limits: GuardLimits,
): string | null {
  const tally = roles.get(roleId);
  if (tally === undefined)
    return exceeds({ removedLastHour: 0, holders: 0 }, more, limits)
      ? reasonOf(
          `role ${roleId}`,
          { removedLastHour: 0, holders: 0 },
          more,
          limits,
        )
      : null;
  if (exceeds(tally, more, limits))
    return reasonOf(`role ${roleId}`, tally, more, limits);
  const all = tally.removedLastHour + more;
  return tally.isLast && all >= FEW_HOLDERS
    ? `removal guard: role ${roleId} would be taken from all ${all} who held it an hour ago`
    : null;
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

function reasonOf(
  what: string,
  tally: RoleTally,
  more: number,
  limits: GuardLimits,
): string {
  const limit = Math.floor(limitOf(tally, limits));
  const asked = more === 1 ? '' : ` and would lose ${more} more`;
  return `removal guard: ${what} has lost ${tally.removedLastHour} in the last hour${asked}, the limit is ${limit}`;
}
