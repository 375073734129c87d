import {
  CONFIRMING_MS,
  isUrgentJob,
  type MemberReading,
  MOST_SINGLE_WRITES,
  type PresentMember,
} from '../../model.js';
import { desiredRoles, isAnyEnding, type MemberPlan, planRoles, rolesOfCauses } from './plan.js';
import { withRoles, type GuildRoles } from './guild-roles.js';
import { planRequests, removalsAskedFor, withRequests } from './plan-requests.js';
import { planMemberNickname } from './plan-nickname.js';
import { withholdChanges } from './withhold.js';
import type { Job } from '../job.js';
import type { DiscordMembers, MemberFacts, MemberTarget } from '../ports.js';
import { refuseSpent } from '../write/apply.js';
import { mayWriteLists } from '../write/whole-list.js';
import type { Pacing } from '../write/ports.js';
import { NO_REQUESTS } from './remote.js';

interface Deps {
  readonly discord: Pick<DiscordMembers, 'readMember'>;
  readonly guildRoles: Pick<GuildRoles, 'refresh' | 'readAnew' | 'catchUp'>;
  readonly pacing: Pick<Pacing, 'reserve'>;
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

interface Start {
  readonly job: Job;
  readonly known: MemberFacts;
  /** A time at or before the reading of `known`, in ms. */
  readonly knownAtMs: number;
  readonly target: MemberTarget;
  /** The member as Discord just returned them; null: not read in this run yet. */
  readonly answered: PresentMember | null;
}

/**
 * Reads the member, unless the mirror is enough, and plans the run. If the stored roles say that
 * the bot cannot make a change, reads the guild's roles again and makes a new plan.
 */
export async function readAndPlan(deps: Deps, start: Start): Promise<Ready> {
  const { job, known, target, answered } = start;
  const facts = withRoles(known, await deps.guildRoles.catchUp(target));
  const foreseen = answered === null ? planFromMirror(job, facts) : null;
  if (foreseen !== null) {
    if (isMirrorEnough(job, foreseen))
      return facts.isLive ? withCurrentRoles(deps, start, foreseen) : foreseen;
    if (!target.isUrgent) {
      const wholeListWrites = mayWriteLists(facts, foreseen.reading.member);
      refuseSpent(deps, { ...foreseen.plan, target, wholeListWrites });
    }
  }
  const member: MemberReading =
    answered === null ? await readMember(deps, facts, target) : { isPresent: true, ...answered };
  const reading = { member, readAtMs: deps.clock() };
  return withCurrentRoles(deps, start, { facts, reading, plan: planFor(job, facts, reading) });
}

/**
 * Reads the guild's roles again and makes a new plan, if the plan depends on roles that may have
 * changed since they were stored.
 */
async function withCurrentRoles(
  deps: Deps,
  { job, knownAtMs, target }: Start,
  ready: Ready,
): Promise<Ready> {
  const { facts, reading, plan } = ready;
  if (asksToRemove(plan)) {
    // Discord takes a deleted role from its members before its role list shows the deletion. The
    // platform must not be asked to remove anyone for that reason, so read the role list again.
    const now = withRoles(facts, await deps.guildRoles.readAnew(target));
    return { facts: now, reading, plan: planFor(job, now, reading) };
  }
  const isInTheWay = plan.blocked.length > 0 || plan.isBlockedByRank;
  if (!isInTheWay) return ready;
  const isAskedFor = job.causes.some((cause) => cause.isAskedFor === true);
  const roles = await deps.guildRoles.refresh(target, { readAtMs: knownAtMs, isAskedFor });
  const fresh = withRoles(facts, roles);
  return { facts: fresh, reading, plan: planFor(job, fresh, reading) };
}

/**
 * Plans from the mirror. Returns null for a member who was never read or is absent, after an
 * interrupted run, and while a link is ending: in these cases the mirror is not enough.
 */
function planFromMirror(job: Job, facts: MemberFacts): Ready | null {
  const { mirror } = facts;
  if (mirror?.isPresent !== true || facts.openRecord !== null || isAnyEnding(facts)) return null;
  const reading = { member: mirror, readAtMs: null };
  return { facts, reading, plan: planFor(job, facts, reading) };
}

/**
 * Whether the mirror can replace a reading: Discord returned it within the last minute, in a member
 * list or a postponed run. For urgent jobs and for authorities other than PLATFORM it must also be
 * newer than the mark. A cause that requests a reading always gets one.
 */
function isJustRead(job: Job, facts: MemberFacts): boolean {
  const { mirrorAgeMs, isReadSinceMark, mappings } = facts;
  if (mirrorAgeMs === null || mirrorAgeMs >= CONFIRMING_MS) return false;
  if (requestsReading(job)) return false;
  const isPlatforms = mappings.every(({ authority }) => authority === 'PLATFORM');
  return isReadSinceMark || (isPlatforms && !isUrgentJob(job));
}

function requestsReading({ causes }: Job): boolean {
  return causes.some(({ isAskedFor, looksAnew }) => isAskedFor ?? looksAnew);
}

async function readMember(
  { discord }: Deps,
  facts: MemberFacts,
  target: MemberTarget,
): Promise<MemberReading> {
  const member = await discord.readMember(target);
  // If mapped roles seem to be gone, read the member again. If the first reading is wrong, the link
  // would end although the account still has the roles.
  return isAnyEnding(facts) && hasLostMapped(facts, member) ? discord.readMember(target) : member;
}

function hasLostMapped({ mirror, mappings }: MemberFacts, reading: MemberReading): boolean {
  if (mirror?.isPresent !== true || !reading.isPresent) return false;
  return mappings.some(
    ({ roleId }) => mirror.roleIds.includes(roleId) && !reading.roleIds.includes(roleId),
  );
}

/**
 * Whether the run can do without reading the member. The plan may change at most two roles, because
 * single writes leave all other roles alone. A live mirror is then enough, unless a cause requests
 * a reading: it is newer than every mark. Otherwise every cause must name a group or the mirror must
 * be fresh. Without a live mirror, a plan that requests a removal always needs a reading. A plan
 * that grants or requests something under authority DISCORD needs one too, and so does one whose
 * grants wait for screening or a time-out, which may be over. For these two, the list of a sweep
 * counts as a reading.
 */
function isMirrorEnough(job: Job, { facts, plan }: Ready): boolean {
  if (plan.add.length + plan.remove.length > MOST_SINGLE_WRITES) return false;
  if (facts.isLive && !requestsReading(job)) return true;
  if (rolesOfCauses(job.causes, facts.mappings) === null && !isJustRead(job, facts)) return false;
  if (asksToRemove(plan)) return false;
  const { gives, readings } = plan.requests ?? NO_REQUESTS;
  const asksNothing = readings.every(({ asks }) => asks === null);
  const isWaiting = plan.afterScreening !== undefined || plan.afterTimeout !== undefined;
  return (
    (gives.length === 0 && asksNothing && !isWaiting) ||
    job.causes.every((cause) => cause.kind === 'SWEEP')
  );
}

function asksToRemove({ requests = NO_REQUESTS }: MemberPlan): boolean {
  return removalsAskedFor(requests.readings).length > 0;
}

/**
 * Plans from `reading`. If it is only the mirror, roles with a new fact are written even if the
 * mirror already agrees.
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
  const plan = { ...withRequests(roles, requests), ...planMemberNickname(facts, job, shown) };
  return withholdChanges(facts, member, { plan, isAskedFor });
}
