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
 * Nothing is requested about a member who is not in the guild, or while the account is still being
 * transferred from another user; nor for a role that the bot cannot change or that no longer
 * exists; nor if the request waits for approval or was rejected.
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

/** Adds the requests and grants under authority DISCORD to a plan of roles. */
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
 * Discord removes every role from a member who leaves, so a reading from before does not apply to
 * one who returned.
 */
function hasReturned(mirror: MemberFacts['mirror'], actual: MemberReading): boolean {
  if (mirror === null || !actual.isPresent) return false;
  if (!mirror.isPresent) return true;
  const [before, now] = [mirror.joinedAt ?? null, actual.joinedAt ?? null];
  if (before === null || now === null) return false;
  return Math.abs(now.getTime() - before.getTime()) > A_SECOND_MS;
}

/** Discord's answers differ in how many digits of this time they carry. */
const A_SECOND_MS = 1_000;

function unasked(hasRole: boolean): RemoteVerdict {
  return { gives: false, asks: null, next: { hasRole, request: null } };
}

/** Requests to remove the member from a group. */
export function removalsAskedFor(readings: readonly RemoteReading[]): readonly RoleId[] {
  return readings.flatMap(({ asks, roleId }) => (asks === 'REMOVED' ? [roleId] : []));
}

/**
 * Keeps the planned readings that Discord's last answer still confirms. The rest are read again, as
 * if this reading had not happened.
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
  /** Grant the role. Only the first reading does: it merges both sides and removes from neither. */
  readonly gives: boolean;
  /** The change to request from the platform now. */
  readonly asks: RequestedChange | null;
  /** What to remember after this reading; null: nothing, so the next reading is the first. */
  readonly next: Baseline | null;
}

/**
 * Under authority DISCORD, a difference becomes a request to the platform. Nothing is requested
 * while the platform's state is unknown or about a deleted group. A removal from a group is
 * requested only if the role was once observed, or granted, in agreement with the group.
 */
export function remoteVerdict(reading: {
  readonly remote: RemoteFacts;
  readonly membership: MembershipKnowledge;
  readonly hasRole: boolean;
}): RemoteVerdict {
  const { remote, membership, hasRole } = reading;
  const { baseline, factOrder, isGroupDeleted } = remote;
  // A group that is restored is read as if for the first time.
  if (isGroupDeleted) return { gives: false, asks: null, next: null };
  if (membership === 'unknown' || factOrder === null)
    return { gives: false, asks: null, next: baseline };
  const isHeld = membership === 'held';
  if (isHeld === hasRole) return agreed(hasRole);
  if (baseline === null && isHeld) return { ...agreed(true), gives: true };
  const change = hasRole ? 'ADDED' : 'REMOVED';
  const standing = baseline?.request;
  if (standing?.change !== change) return asked(change, factOrder);
  // Already requested. A newer fact still says the opposite, so the platform has declined.
  const state = standing.askedOrder === factOrder ? standing.state : 'DISPUTED';
  const request = { ...standing, state } as const;
  return { gives: false, asks: null, next: { hasRole, request } };
}

/** The request was fulfilled or is no longer needed. */
function agreed(hasRole: boolean): RemoteVerdict {
  return { gives: false, asks: null, next: { hasRole, request: null } };
}

/**
 * Replaces an open request for the opposite change: Discord has changed since, or the platform has
 * done what was requested.
 */
function asked(change: RequestedChange, askedOrder: string): RemoteVerdict {
  const request = { change, state: 'OPEN', askedOrder } as const;
  return { gives: false, asks: change, next: { hasRole: change === 'ADDED', request } };
}

/** Nothing to do and nothing to remember. */
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
  /** The roles Discord showed last. */
  readonly seen: readonly RoleId[];
}

/**
 * Adds the run's readings under authority DISCORD to its settlement, to be judged, requested and
 * stored with the rest. A parked member requests nothing.
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
    // Decisions that wait, or are approved but could not be requested yet, are kept.
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
