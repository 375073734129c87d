import type { MemberReading, RoleId } from '../model.js';
import { type RemoteVerdict, isQuiet, remoteVerdict } from './discord-says.js';
import type { RolePlan } from './plan.js';
import type { MappingFacts, MemberFacts } from './ports.js';
import { NO_REQUESTS, type RemoteFacts, type RemoteReading, type RequestPlan } from './remote.js';

type Facts = Pick<MemberFacts, 'links' | 'mappings' | 'roles' | 'decisions' | 'mirror'>;

/**
 * Nothing is asked about a member who is not in the guild, or while the account is still being
 * taken from somebody else; nor about a role that the bot may not touch, or that the guild no
 * longer has; nor what waits for a person, or what one has rejected.
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

/** A plan of the roles, and what Discord's say adds to it. */
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
 * Discord takes every role from who leaves: what was read before says nothing of the one who came
 * back.
 */
function hasReturned(mirror: MemberFacts['mirror'], actual: MemberReading): boolean {
  if (mirror === null || !actual.isPresent) return false;
  if (!mirror.isPresent) return true;
  const [before, now] = [mirror.joinedAt ?? null, actual.joinedAt ?? null];
  if (before === null || now === null) return false;
  return Math.abs(now.getTime() - before.getTime()) > A_SECOND_MS;
}

/** Not every answer of Discord tells as many digits of it. */
const A_SECOND_MS = 1_000;

function unasked(hasRole: boolean): RemoteVerdict {
  return { gives: false, asks: null, next: { hasRole, request: null } };
}

/** Requests to take somebody out of a group. */
export function removalsAskedFor(readings: readonly RemoteReading[]): readonly RoleId[] {
  return readings.flatMap(({ asks, roleId }) => (asks === 'REMOVED' ? [roleId] : []));
}

/**
 * Of what was planned, what Discord was last seen to show: the rest is read again, as if this
 * reading had not been.
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
