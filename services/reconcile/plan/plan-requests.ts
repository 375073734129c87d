import type { MemberReading, RoleId } from '../../model.js';
import { guardRemovals } from '../guard/guard.js';
import type { MappingFacts, MemberFacts, MembershipKnowledge } from '../ports.js';
import type { RequestsToSettle, Settlement } from '../write/records.js';
import type { MemberPlan, RolePlan } from './plan.js';
import {
  type Baseline,
  NO_REQUESTS,
  type RemoteFacts,
  type RemoteReading,
  type RequestedChange,
  type RequestPlan,
} from './remote.js';

type Facts = Pick<MemberFacts, 'links' | 'mappings' | 'roles' | 'decisions' | 'mirror'>;

/**
 * Plans the requests to the platform. Requests nothing for a member who is not in the guild, for an
 * account still being transferred from another user, for a role that the bot cannot change or that
 * no longer exists, or if the request waits for approval or was rejected.
 */
export function planRequests(facts: Facts, actual: MemberReading, isAskedFor = false): RequestPlan {
  const { links, mappings, decisions } = facts;
  if (!actual.isPresent || links.length === 0) return NO_REQUESTS;
  if (links.some((link) => link.status === 'ENDING')) return NO_REQUESTS;
  const gives: RoleId[] = [];
  const readings: RemoteReading[] = [];
  const uncounted: RoleId[] = [];
  const waiting: RoleId[] = [];
  for (const mapping of mappings) {
    const remote = remoteOf(facts, mapping, actual);
    if (remote === null) continue;
    const { roleId, mappingId, groupId, membership } = mapping;
    const hasRole = actual.roleIds.includes(roleId);
    const wanted = remoteVerdict({ remote, membership, hasRole });
    const decision = wanted.asks === 'REMOVED' ? decisions.get(roleId) : undefined;
    if (decision === 'HELD') waiting.push(roleId);
    if (decision === 'APPROVED' || isAskedFor) uncounted.push(roleId);
    const isStopped = decision === 'HELD' || decision === 'REJECTED';
    const verdict = isStopped ? unasked(hasRole) : wanted;
    if (verdict.gives) gives.push(roleId);
    if (isQuiet(verdict, remote)) continue;
    const { asks, next } = verdict;
    readings.push({ mappingId, groupId, roleId, asks, next });
  }
  return { gives: gives.toSorted(byId), readings, uncounted, waiting };
}

/** Adds the requests and grants under authority DISCORD to a role plan. */
export function withRequests<Plan extends RolePlan>(plan: Plan, requests: RequestPlan): Plan {
  const add = new Set([...plan.add, ...requests.gives]);
  return { ...plan, add: [...add].toSorted(byId), requests };
}

function remoteOf(
  { roles, mirror }: Facts,
  { roleId, remote }: MappingFacts,
  actual: MemberReading,
): RemoteFacts | null {
  if (remote === null || (roles.get(roleId) ?? null) !== null) return null;
  return hasReturned(mirror, actual) ? { ...remote, baseline: null } : remote;
}

/**
 * Whether the member left and returned since the mirror was read. Discord removed all their roles
 * then, so earlier readings do not apply.
 */
function hasReturned(mirror: MemberFacts['mirror'], actual: MemberReading): boolean {
  if (mirror === null || !actual.isPresent) return false;
  if (!mirror.isPresent) return true;
  const [before, now] = [mirror.joinedAt ?? null, actual.joinedAt ?? null];
  if (before === null || now === null) return false;
  return Math.abs(now.getTime() - before.getTime()) > A_SECOND_MS;
}

/** Tolerance for `joinedAt`: its precision differs between responses of Discord. */
const A_SECOND_MS = 1_000;

function unasked(hasRole: boolean): RemoteVerdict {
  return { gives: false, asks: null, next: { hasRole, request: null } };
}

/** Returns the roles for which a removal from the group is requested. */
export function removalsAskedFor(readings: readonly RemoteReading[]): readonly RoleId[] {
  return readings.flatMap(({ asks, roleId }) => (asks === 'REMOVED' ? [roleId] : []));
}

/**
 * Returns the planned readings that still match the roles Discord last showed. The others are
 * discarded, and the next run reads those roles again.
 */
export function readingsThatHold(
  readings: readonly RemoteReading[],
  seen: readonly RoleId[],
): readonly RemoteReading[] {
  return readings.filter(
    ({ next, roleId }) => next === null || next.hasRole === seen.includes(roleId),
  );
}

function byId(one: RoleId, other: RoleId): number {
  return one < other ? -1 : 1;
}

/** What one reading of a role means under authority DISCORD. */
interface RemoteVerdict {
  /**
   * True: grant the role. Only a member's first reading grants, because it merges the roles at
   * Discord with the groups of the platform and removes nothing.
   */
  readonly gives: boolean;
  /** The change to request from the platform now. */
  readonly asks: RequestedChange | null;
  /** What to remember after this reading; null: nothing, so the next reading is the first. */
  readonly next: Baseline | null;
}

/**
 * Turns a difference between Discord and the platform into a request. Requests nothing about a
 * deleted group or an unknown membership. Requests a removal from the group only if an earlier
 * reading found role and membership in agreement, or granted the role.
 */
export function remoteVerdict(reading: {
  readonly remote: RemoteFacts;
  readonly membership: MembershipKnowledge;
  readonly hasRole: boolean;
}): RemoteVerdict {
  const { remote, membership, hasRole } = reading;
  const { baseline, factOrder, isGroupDeleted } = remote;
  // Forget the baseline. If the group is restored, the next reading is then the first again, and
  // merges Discord's roles with the platform's groups.
  if (isGroupDeleted) return { gives: false, asks: null, next: null };
  if (membership === 'unknown' || factOrder === null)
    return { gives: false, asks: null, next: baseline };
  const isHeld = membership === 'held';
  if (isHeld === hasRole) return agreed(hasRole);
  if (baseline === null && isHeld) return { ...agreed(true), gives: true };
  const change = hasRole ? 'ADDED' : 'REMOVED';
  const standing = baseline?.request;
  if (standing?.change !== change) return asked(change, factOrder);
  // Already requested. A newer fact that still reports the opposite disputes the request.
  const state = standing.askedOrder === factOrder ? standing.state : 'DISPUTED';
  const request = { ...standing, state } as const;
  return { gives: false, asks: null, next: { hasRole, request } };
}

/** Role and membership agree, so a request has been fulfilled or is no longer needed. */
function agreed(hasRole: boolean): RemoteVerdict {
  return { gives: false, asks: null, next: { hasRole, request: null } };
}

/**
 * Opens a request. It replaces an open request for the opposite change, which is obsolete: the role
 * has changed at Discord since, or the platform has made the requested change.
 */
function asked(change: RequestedChange, askedOrder: string): RemoteVerdict {
  const request = { change, state: 'OPEN', askedOrder } as const;
  return { gives: false, asks: change, next: { hasRole: change === 'ADDED', request } };
}

/** Whether there is nothing to do and nothing new to remember. */
export function isQuiet(
  { gives, asks, next }: RemoteVerdict,
  { baseline }: Pick<RemoteFacts, 'baseline'>,
): boolean {
  if (gives || asks !== null) return false;
  if (next === null || baseline === null) return next === baseline;
  return (
    next.hasRole === baseline.hasRole &&
    next.request?.change === baseline.request?.change &&
    next.request?.state === baseline.request?.state
  );
}

interface SettledReading {
  readonly facts: Pick<MemberFacts, 'client' | 'links' | 'decisions'>;
  readonly plan: Pick<MemberPlan, 'requests'>;
  /** The member's roles as Discord last showed them. */
  readonly seen: readonly RoleId[];
}

/**
 * Adds the run's readings under authority DISCORD to its settlement. Settling them applies the
 * guard, makes the requests and stores the new state. For a parked member nothing is requested.
 */
export function withReadings(
  settlement: Omit<Settlement, 'requests'>,
  { facts, plan, seen }: SettledReading,
): Settlement {
  const { requests = NO_REQUESTS } = plan;
  const { isParked, settledDecisions } = settlement;
  const { waiting } = requests;
  const asked = isParked ? removalsAskedFor(requests.readings) : [];
  return {
    ...settlement,
    ...(waiting.length > 0 && heldBy(settlement, waiting)),
    // Keep decisions that wait for approval, and approved removals that could not be requested yet.
    settledDecisions: settledDecisions.filter(
      (roleId) => !waiting.includes(roleId) && !asked.includes(roleId),
    ),
    requests: isParked ? null : requestsToSettle(facts, requests, seen),
  };
}

function heldBy(
  { outcome, reason }: Pick<Settlement, 'outcome' | 'reason'>,
  [first]: readonly RoleId[],
): Pick<Settlement, 'outcome' | 'reason'> {
  const waits = `removal guard: the request to remove for role ${first} waits for a person to approve or reject it`;
  return {
    outcome: outcome === 'PARKED' ? outcome : 'HELD',
    reason: reason === null ? waits : `${reason}; ${waits}`,
  };
}

function requestsToSettle(
  facts: SettledReading['facts'],
  plan: RequestPlan,
  seen: readonly RoleId[],
): RequestsToSettle | null {
  const link = facts.links.find(({ status }) => status === 'ACTIVE');
  const rows = readingsThatHold(plan.readings, seen);
  if (link === undefined || rows.length === 0) return null;
  const { linkId, platformUserId } = link;
  const counted = removalsAskedFor(rows).filter((roleId) => !plan.uncounted.includes(roleId));
  return {
    guildId: facts.client.guildId,
    linkId,
    platformUserId,
    rows,
    counted,
    judge: (tally) =>
      guardRemovals({
        removals: counted,
        tally,
        limits: facts.client.guard,
        decisions: facts.decisions,
        cause: 'OTHER',
        isAskedFor: false,
      }),
  };
}
