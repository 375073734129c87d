import {
  CONFIRMING_MS,
  isUrgentJob,
  type MemberReading,
  MOST_SINGLE_WRITES,
  type PresentMember,
} from '../../model.js';
import {
  desiredRoles,
  isAnyEnding,
  type MemberPlan,
  planRoles,
  rolesOfCauses,
  withholdGrants,
} from './plan.js';
import { withRoles, type GuildRoles } from './guild-roles.js';
import { planRequests, removalsAskedFor, withRequests } from './plan-requests.js';
import { planMemberNickname } from './plan-nickname.js';
import type { Job } from '../job.js';
import type { DiscordMembers, MemberFacts, MemberTarget } from '../ports.js';
import { NO_REQUESTS } from './remote.js';

interface Deps {
  readonly discord: Pick<DiscordMembers, 'readMember'>;
  readonly guildRoles: Pick<GuildRoles, 'refresh' | 'readAnew' | 'catchUp'>;
  readonly clock: () => number;
}

/**
 * The member's state that a run starts from: read from Discord, or the mirror. `readAtMs` is null
 * for the mirror.
 */
export interface Reading {
  readonly member: MemberReading;
  readonly readAtMs: number | null;
}

export interface Ready {
  readonly facts: MemberFacts;
  readonly reading: Reading;
  readonly plan: MemberPlan;
}

/**
 * Everything needed before a record is opened. If a role or a rank is an obstacle, it is read
 * again.
 */
export async function readAndPlan(
  deps: Deps,
  start: {
    readonly job: Job;
    readonly known: MemberFacts;
    /** At or before the time `known` was read. */
    readonly knownAtMs: number;
    readonly target: MemberTarget;
    /** The member as Discord just returned them; null: not read in this run yet. */
    readonly answered: PresentMember | null;
  },
): Promise<Ready> {
  const { job, known, knownAtMs, target, answered } = start;
  const facts = withRoles(known, await deps.guildRoles.catchUp(target));
  const planned = answered === null ? planFromMirror(job, facts) : null;
  if (planned !== null) return planned;
  const member: MemberReading =
    answered === null ? await readMember(deps, facts, target) : { isPresent: true, ...answered };
  const reading = { member, readAtMs: deps.clock() };
  const plan = planFor(job, facts, reading);
  if (asksToRemove(plan)) {
    // A role that the guild deleted vanishes from its members before the role list shows it. That
    // is no reason to request anything.
    const now = withRoles(facts, await deps.guildRoles.readAnew(target));
    return { facts: now, reading, plan: planFor(job, now, reading) };
  }
  const isInTheWay = plan.blocked.length > 0 || plan.isBlockedByRank;
  if (!isInTheWay) return { facts, reading, plan };
  const isAskedFor = job.causes.some((cause) => cause.isAskedFor === true);
  const roles = await deps.guildRoles.refresh(target, { readAtMs: knownAtMs, isAskedFor });
  const fresh = withRoles(facts, roles);
  return { facts: fresh, reading, plan: planFor(job, fresh, reading) };
}

/**
 * A fresh fact about one or two roles, or a name, needs no read: its writes are atomic and change
 * nothing else. Nor does any cause when the mirror was just read. Everything else starts from
 * Discord's current state: a member who was never read or is absent, an interrupted run, an ending
 * link, a cause that names no group. Null: read first.
 */
function planFromMirror(job: Job, facts: MemberFacts): Ready | null {
  const { mirror } = facts;
  if (mirror?.isPresent !== true || facts.openRecord !== null || isAnyEnding(facts)) return null;
  if (rolesOfCauses(job.causes, facts.mappings) === null && !isJustRead(job, facts)) return null;
  const reading = { member: mirror, readAtMs: null };
  const plan = planFor(job, facts, reading);
  const isFew = plan.add.length + plan.remove.length <= MOST_SINGLE_WRITES;
  return isFew && isMirrorEnough(job, plan) ? { facts, reading, plan } : null;
}

/**
 * Whether the mirror can replace a reading: Discord returned it within the last minute, to a member
 * list or to a postponed run. Urgent work and authority DISCORD also need it to be newer than the
 * mark. Causes that request a reading always get one.
 */
function isJustRead(job: Job, facts: MemberFacts): boolean {
  const { mirrorAgeMs, isReadSinceMark, mappings } = facts;
  if (mirrorAgeMs === null || mirrorAgeMs >= CONFIRMING_MS) return false;
  if (job.causes.some(({ isAskedFor, looksAnew }) => isAskedFor ?? looksAnew)) return false;
  const isPlatforms = mappings.every(({ authority }) => authority === 'PLATFORM');
  return isReadSinceMark || (isPlatforms && !isUrgentJob(job));
}

async function readMember(
  { discord }: Deps,
  facts: MemberFacts,
  target: MemberTarget,
): Promise<MemberReading> {
  const member = await discord.readMember(target);
  // A single answer without the roles would end the link permanently while the account keeps them.
  return isAnyEnding(facts) && hasLostMapped(facts, member) ? discord.readMember(target) : member;
}

function hasLostMapped({ mirror, mappings }: MemberFacts, reading: MemberReading): boolean {
  if (mirror?.isPresent !== true || !reading.isPresent) return false;
  return mappings.some(
    ({ roleId }) => mirror.roleIds.includes(roleId) && !reading.roleIds.includes(roleId),
  );
}

/**
 * Under authority DISCORD the member is read first, except after a sweep that requests no removal,
 * because the sweep has just read it. The same holds while grants wait for screening, which may be
 * over by now.
 */
function isMirrorEnough({ causes }: Job, plan: MemberPlan): boolean {
  const { gives, readings } = plan.requests ?? NO_REQUESTS;
  if (asksToRemove(plan)) return false;
  const asksNothing = readings.every(({ asks }) => asks === null);
  const isWaiting = plan.afterScreening !== undefined;
  return (
    (gives.length === 0 && asksNothing && !isWaiting) ||
    causes.every((cause) => cause.kind === 'SWEEP')
  );
}

function asksToRemove({ requests = NO_REQUESTS }: MemberPlan): boolean {
  return removalsAskedFor(requests.readings).length > 0;
}

/**
 * A state that Discord just returned needs no confirming write; one known only from the mirror
 * does.
 */
function planFor(job: Job, facts: MemberFacts, reading: Reading): MemberPlan {
  const written = reading.readAtMs === null ? rolesOfCauses(job.causes, facts.mappings) : null;
  const { member } = reading;
  const roles = planRoles({
    desired: desiredRoles(facts),
    actual: new Set(member.isPresent ? member.roleIds : []),
    written: written ?? new Set(),
    refusals: facts.roles,
    decisions: facts.decisions,
    isAnyEnding: isAnyEnding(facts),
  });
  const shown = member.isPresent ? member : null;
  const isAskedFor = job.causes.some((cause) => cause.isAskedFor === true);
  const requests = planRequests(facts, member, isAskedFor);
  return withholdGrants(facts, member, {
    ...withRequests(roles, requests),
    ...planMemberNickname(facts, job, shown),
  });
}
