import type { MemberReading, RoleId } from '../../model.js';
import { type RemoteVerdict, isQuiet, remoteVerdict } from './discord-says.js';
import type { RolePlan } from './plan.js';
import type { MappingFacts, MemberFacts } from '../ports.js';
import { NO_REQUESTS, type RemoteFacts, type RemoteReading, type RequestPlan } from './remote.js';

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
