import { named } from '../../lib/named.js';
import { FEW_HOLDERS, type RemovalVerdict, type RoleId } from '../../model.js';
import type {
  GuardLimits,
  GuardTally,
  GuardVerdict,
  HeldRemovals,
  PlannedRemovals,
  RemovalCause,
  RoleTally,
} from '../write/records.js';

/**
 * The rule: the removals of one burst (a message, mutation, batch or sweep) are judged as a whole,
 * together with removals that are due and those of the last hour. All of them wait for approval if
 * they exceed the limit of a role or of the guild: `minimum`, or `percent` of the holders,
 * whichever is more. They also wait if they exceed half the holders of a role with five or more.
 *
 * `judgePlan` applies the rule when a burst's members are marked for a run, before any removal is
 * written. `guardRemovals` applies it again when the run of one member begins, because the first
 * judgment cannot foresee the removals of members that were never read.
 */
export function guardRemovals(input: {
  readonly removals: readonly RoleId[];
  readonly tally: GuardTally;
  readonly limits: GuardLimits;
  readonly decisions: ReadonlyMap<RoleId, RemovalVerdict>;
  readonly cause: RemovalCause;
  /**
   * True: an admin requested the run of this one member. Its removals then join no held plan, and
   * only the limits can hold them.
   */
  readonly isAskedFor: boolean;
}): GuardVerdict {
  const { removals, tally, limits } = input;
  const waiting = new Map(
    removals.flatMap((roleId) => {
      const reason = input.isAskedFor ? null : waitReason(roleId, input);
      return reason === null ? [] : [[roleId, reason] as const];
    }),
  );
  const fresh = removals.filter((roleId) => !waiting.has(roleId));
  const exceeding = exceedingRoles(fresh, tally, limits);
  const isHeld = (roleId: RoleId) => waiting.has(roleId) || exceeding.has(roleId);
  return {
    allowedRemovals: removals.filter((roleId) => !isHeld(roleId)),
    heldRemovals: removals.filter(isHeld),
    reason: [...exceeding.values(), ...waiting.values()][0] ?? null,
  };
}

function waitReason(
  roleId: RoleId,
  {
    tally,
    decisions,
    cause,
  }: Pick<Parameters<typeof guardRemovals>[0], 'tally' | 'decisions' | 'cause'>,
): string | null {
  const role = tally.roles.get(roleId);
  if (decisions.get(roleId) === 'HELD' || role?.isHeld === true)
    return `removal guard: ${roleIn(tally, roleId)} waits for a person to approve or reject its removal`;
  // This removal was allowed when its member was marked, before the currently held plan existed.
  if (role?.isForeseen === true) return null;
  return joins({ roleId, cause, count: 1 }, tally) ? joinReason(roleId, tally) : null;
}

function exceedingRoles(
  removals: readonly RoleId[],
  tally: GuardTally,
  limits: GuardLimits,
): ReadonlyMap<RoleId, string> {
  const ofGuild = guildReason(removals.length, tally, limits);
  return new Map(
    removals.flatMap((roleId) => {
      const reason = ofGuild ?? roleReason(roleId, 1, tally, limits);
      return reason === null ? [] : [[roleId, reason] as const];
    }),
  );
}

/**
 * Returns the removals of a burst that wait for approval. Removals of a role for which a plan with
 * the same kind of cause is already held join that plan. If the others exceed a limit, all of them
 * wait, not just the excess, because the first few belong to the same accident.
 */
export function judgePlan(input: {
  readonly removals: readonly PlannedRemovals[];
  readonly tally: GuardTally;
  readonly limits: GuardLimits;
}): readonly HeldRemovals[] {
  const { removals, tally, limits } = input;
  const joining = removals.filter((each) => joins(each, tally));
  const fresh = removals.filter((each) => !joining.includes(each));
  const reason = planReason(fresh, tally, limits);
  const isStream = reason !== null && planReason(fresh, withoutOthers(tally), limits) === null;
  return [
    ...joining.map((each) => ({
      ...each,
      reason: joinReason(each.roleId, tally),
      isStream: isStreamJoined(each, tally),
    })),
    ...(reason === null ? [] : fresh.map((each) => ({ ...each, reason, isStream }))),
  ];
}

/**
 * Whether the removals join a held plan. Once a stream of single events exceeds the limit, its
 * later events are held too, so the stream removes at most the limit. Only bursts join a held
 * burst: the removal or deletion of a single person does not belong to the burst, so only the
 * limits can hold it.
 */
function joins(removals: PlannedRemovals, tally: GuardTally): boolean {
  const { roleId, cause, count } = removals;
  const isOneEvent = OF_ONE_PERSON.has(cause) && count === 1;
  return (tally.roles.get(roleId)?.waiting ?? []).some(
    (waiting) => waiting.cause === cause && (waiting.isStream || !isOneEvent),
  );
}

const OF_ONE_PERSON: ReadonlySet<RemovalCause> = new Set(['MEMBERSHIP', 'USER_DELETED']);

function isStreamJoined({ roleId, cause }: PlannedRemovals, tally: GuardTally): boolean {
  const waiting = tally.roles.get(roleId)?.waiting ?? [];
  return waiting.some((each) => each.cause === cause && each.isStream);
}

/**
 * Returns the tally as if no other removals had been made or were due, to judge a burst by itself.
 */
function withoutOthers(tally: GuardTally): GuardTally {
  const alone = <Tally extends RoleTally>(each: Tally): Tally => ({
    ...each,
    removedLastHour: 0,
    due: 0,
    holders: each.holders + each.removedLastHour,
  });
  return {
    ...tally,
    roles: new Map([...tally.roles].map(([id, role]) => [id, alone(role)])),
    guild: alone(tally.guild),
  };
}

function planReason(
  removals: readonly PlannedRemovals[],
  tally: GuardTally,
  limits: GuardLimits,
): string | null {
  const byRole = new Map<RoleId, number>();
  for (const { roleId, count } of removals) byRole.set(roleId, (byRole.get(roleId) ?? 0) + count);
  const total = [...byRole.values()].reduce((sum, count) => sum + count, 0);
  const ofGuild = guildReason(total, tally, limits);
  if (ofGuild !== null) return ofGuild;
  for (const [roleId, count] of byRole) {
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
  if (more === 0) return null;
  if (hasNoMemberships)
    return 'removal guard: no membership at all is known, which looks like a failed source: nothing is removed until a person approves';
  return exceeds(guild, more, limits) ? reasonOf('in the guild', guild, more, limits) : null;
}

const UNCOUNTED: RoleTally = { removedLastHour: 0, due: 0, holders: 0 };

function roleReason(
  roleId: RoleId,
  more: number,
  all: GuardTally,
  limits: GuardLimits,
): string | null {
  const tally = all.roles.get(roleId);
  const counted = tally ?? UNCOUNTED;
  if (exceeds(counted, more, limits))
    return reasonOf(`of ${roleIn(all, roleId)}`, counted, more, limits);
  const lost = totalOf(counted, more);
  const heldLastHour = tally?.heldLastHour ?? 0;
  return heldLastHour >= FEW_HOLDERS && 2 * lost > heldLastHour
    ? `removal guard: ${roleIn(all, roleId)} would be removed from ${lost} of the ${heldLastHour} members who held it within the last hour, more than half: ${RULE}`
    : null;
}

function totalOf({ removedLastHour, due }: RoleTally, more: number): number {
  return removedLastHour + due + more;
}

/**
 * Whether the removals exceed the limit. Members who lost the role within the last hour still count
 * as holders.
 */
function exceeds(tally: RoleTally, more: number, limits: GuardLimits): boolean {
  return totalOf(tally, more) > limitOf(tally, limits);
}

function limitOf(
  { removedLastHour, holders }: RoleTally,
  { minimum, percent }: GuardLimits,
): number {
  return Math.max(minimum, ((holders + removedLastHour) * percent) / 100);
}

function reasonOf(what: string, tally: RoleTally, more: number, limits: GuardLimits): string {
  const limit = Math.floor(limitOf(tally, limits));
  const due = tally.due === 0 ? '' : `, ${tally.due} due`;
  return `removal guard: too many removals ${what}: ${tally.removedLastHour} in the last hour${due} and ${more} more exceed the limit of ${limit}: ${RULE}`;
}

/** The last words of every reason text about a limit. */
const RULE = 'these removals wait together until a person approves them';

function roleIn({ roles }: GuardTally, roleId: RoleId): string {
  return named('role', roleId, roles.get(roleId)?.name);
}

function joinReason(roleId: RoleId, tally: GuardTally): string {
  return `removal guard: removals of ${roleIn(tally, roleId)} with the same kind of cause already wait for a person, and this removal joins them`;
}
