/**
 * The path, for one member.
 * In: a claimed job. Out: changes at Discord, and a settlement that says what came of it.
 * Never: a change to a foreign role, to a member without a link, or without an open audit record.
 */
import type { Logger } from '../lib/logger.js';
import type { MemberReading, PresentMember, RoleId } from '../model.js';
import type { Applied, Changes } from './apply.js';
import { desiredRoles } from './desired.js';
import { guardRemovals } from './guard.js';
import type { GuildRoles } from './guild-roles.js';
import type { Interruptions } from './interruptions.js';
import type { Lease } from './lease.js';
import { planRoles, rolesOfCauses, type MemberPlan } from './plan.js';
import type {
  DiscordMembers,
  Job,
  Memory,
  MemberFacts,
  MemberTarget,
  OpenedRecord,
  Settlement,
} from './ports.js';
import { landedChanges, resumes } from './resume.js';
import { absent, dropped, settled, type Ending } from './settlement.js';
import { MOST_SINGLE_WRITES } from './writes.js';

interface Deps {
  readonly memory: Memory;
  readonly discord: Pick<DiscordMembers, 'readMember'>;
  readonly apply: (changes: Changes) => Promise<Applied>;
  readonly guildRoles: GuildRoles;
  readonly interruptions: Interruptions;
  readonly lease: Pick<Lease, 'hold'>;
  readonly clock: () => number;
  readonly logger: Logger;
}

/** What a run starts from: the member as Discord shows it, or as the mirror does. `readAtMs` is null for the mirror. */
interface Reading {
  readonly member: MemberReading;
  readonly readAtMs: number | null;
}

/** Resolves with when the job's client may be worked again, after a rate limit; null: at once. */
export type Reconcile = (job: Job) => Promise<Date | null>;

export function createReconcile(deps: Deps): Reconcile {
  return async (job) => {
    const isLeased = deps.lease.hold();
    let ending: Ending;
    const facts = await deps.memory.readMember(job);
    if (facts === null) return null;
    try {
      ending = await bringUpToDate(deps, job, facts, isLeased);
    } catch (error) {
      ending = { kind: 'interrupted', error, observed: null };
    }
    if (ending.kind === 'interrupted')
      return deps.interruptions.handleError(job, ending);
    const { settlement } = ending;
    await deps.memory.settle(job, {
      ...settlement,
      clearsTrouble: facts.client.hasTrouble,
    });
    logSettled(deps.logger, job, settlement);
    return null;
  };
}

function logSettled(
  logger: Logger,
  job: Job,
  { outcome, reason, closes }: Settlement,
): void {
  const { clientId, discordUserId, causes } = job;
  const change = closes && {
    auditRecordId: closes.recordId,
    added: closes.added,
    removed: closes.removed,
  };
  logger.info(
    {
      clientId,
      discordUserId,
      outcome,
      reason,
      ...change,
      causes: causes.length,
    },
    'reconciled',
  );
}

async function bringUpToDate(
  deps: Deps,
  job: Job,
  facts: MemberFacts,
  isLeased: () => boolean,
): Promise<Ending> {
  if (facts.links.length === 0) return dropped();
  const target: MemberTarget = {
    ...facts.client,
    discordUserId: job.discordUserId,
  };
  const reading = await read(deps, job, facts, target);
  if (!reading.member.isPresent) return absent(facts, reading.member);
  const plan = planFor(job, facts, reading);
  // Whoever asks again wants to know whether the obstacle is still there; if it has gone, the refresh marks the member anew.
  if (plan.blocked.length > 0 && reading.readAtMs !== null)
    await deps.guildRoles.refresh(target);
  const record = await openRecord(deps, job, facts, {
    plan,
    reading,
    actual: reading.member,
  });
  if (record.recordId === null)
    return settled({
      facts,
      plan,
      record,
      applied: null,
      reading: reading.member,
    });
  const applied = await deps.apply({
    target,
    recordId: record.recordId,
    add: plan.add,
    remove: plan.remove.filter(
      (roleId) => !record.verdict.heldRemovals.includes(roleId),
    ),
    wholeListWrites: facts.client.wholeListWrites,
    actual: reading.member,
    readAtMs: reading.readAtMs,
    isLeased,
  });
  if (applied.interruption !== null) {
    return {
      kind: 'interrupted',
      error: applied.interruption,
      observed: applied.observed,
    };
  }
  if (applied.refused.length > 0) await deps.guildRoles.refresh(target);
  return settled({ facts, plan, record, applied, reading: applied.observed });
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

function changeCount(plan: MemberPlan): number {
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

interface Planned {
  readonly plan: MemberPlan;
  readonly reading: Reading;
  readonly actual: PresentMember;
}

/** Goes on with the record that a broken-off run left, where its plan still holds; else closes it as evidence and opens another. */
async function openRecord(
  deps: Deps,
  job: Job,
  facts: MemberFacts,
  planned: Planned,
): Promise<OpenedRecord> {
  const { plan, actual } = planned;
  const nothingHeld = {
    allowedRemovals: plan.remove,
    heldRemovals: [],
    reason: null,
  };
  if (changeCount(plan) === 0) return { recordId: null, verdict: nothingHeld };
  if (facts.openRecord !== null && resumes(facts.openRecord, plan)) {
    return { recordId: facts.openRecord.recordId, verdict: nothingHeld };
  }
  const held = new Set<RoleId>(actual.roleIds);
  return deps.memory.openRecord({
    job,
    platformUserId:
      facts.links.find((link) => link.status === 'ACTIVE')?.platformUserId ??
      facts.links[0]?.platformUserId ??
      null,
    add: plan.add,
    remove: plan.remove,
    uncounted: plan.remove.filter(
      (roleId) => plan.approved.includes(roleId) || !held.has(roleId),
    ),
    judge: (tally) =>
      guardRemovals({
        removals: plan.remove.filter(
          (roleId) => !plan.approved.includes(roleId) && held.has(roleId),
        ),
        tally,
        limits: facts.client.guard,
      }),
    supersedes:
      facts.openRecord && landedChanges(facts.openRecord, actual.roleIds),
  });
}
