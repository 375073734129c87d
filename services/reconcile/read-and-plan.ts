import type { MemberReading } from '../model.js';
import { desiredRoles } from './desired.js';
import { withRoles, type GuildRoles } from './guild-roles.js';
import { planRoles, rolesOfCauses, type MemberPlan } from './plan.js';
import type {
  DiscordMembers,
  Job,
  MemberFacts,
  MemberTarget,
} from './ports.js';
import { MOST_SINGLE_WRITES } from './writes.js';

interface Deps {
  readonly discord: Pick<DiscordMembers, 'readMember'>;
  readonly guildRoles: Pick<GuildRoles, 'refresh' | 'catchUp'>;
  readonly clock: () => number;
}

/** What a run starts from: the member as Discord shows it, or as the mirror does. `readAtMs` is null for the mirror. */
export interface Reading {
  readonly member: MemberReading;
  readonly readAtMs: number | null;
}

export interface Ready {
  readonly facts: MemberFacts;
  readonly reading: Reading;
  readonly plan: MemberPlan;
}

/** All that is to be known before a record is opened. Where a role was in the way, it is looked at once more. */
export async function readAndPlan(
  deps: Deps,
  start: {
    readonly job: Job;
    readonly known: MemberFacts;
    /** Not later than `known` was read. */
    readonly knownAtMs: number;
    readonly target: MemberTarget;
  },
): Promise<Ready> {
  const { job, known, knownAtMs, target } = start;
  const caughtUp = await deps.guildRoles.catchUp(target);
  const facts = withRoles(known, caughtUp);
  const reading = await read(deps, job, facts, target);
  const plan = planFor(job, facts, reading);
  if (plan.blocked.length === 0 || reading.readAtMs === null)
    return { facts, reading, plan };
  const fresh = withRoles(
    facts,
    await deps.guildRoles.refresh(target, knownAtMs),
  );
  return { facts: fresh, reading, plan: planFor(job, fresh, reading) };
}

/**
 * A fresh fact about one or two roles needs no read: its writes are atomic and change nothing else. All else starts from what
 * Discord says now: a member never seen or absent, a broken-off run, an ending link, a cause that names no group.
 */
async function read(
  deps: Deps,
  job: Job,
  facts: MemberFacts,
  target: MemberTarget,
): Promise<Reading> {
  const { mirror } = facts;
  const isEnding = facts.links.some((link) => link.status === 'ENDING');
  if (mirror?.isPresent === true && facts.openRecord === null && !isEnding) {
    const written = rolesOfCauses(job.causes, facts.mappings);
    const reading = { member: mirror, readAtMs: null };
    if (
      written !== null &&
      changeCount(planFor(job, facts, reading)) <= MOST_SINGLE_WRITES
    )
      return reading;
  }
  const member = await deps.discord.readMember(target);
  return { member, readAtMs: deps.clock() };
}

export function changeCount(plan: MemberPlan): number {
  return plan.add.length + plan.remove.length;
}

/** What Discord just said needs no confirmation by writing it again; what only the mirror says does. */
function planFor(job: Job, facts: MemberFacts, reading: Reading): MemberPlan {
  const written =
    reading.readAtMs === null
      ? rolesOfCauses(job.causes, facts.mappings)
      : null;
  return planRoles({
    desired: desiredRoles(facts),
    actual: new Set(reading.member.isPresent ? reading.member.roleIds : []),
    written: written ?? new Set(),
    refusals: facts.roles,
  });
}
