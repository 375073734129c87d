/**
 * Reconciles one member: the path from a claimed job to its settlement.
 * In: a claimed job. Out: changes at Discord and a settlement with the result.
 * Never: a change to a foreign role, to a member without a link, or without an open audit record.
 */
import type { Logger } from '../lib/logger.js';
import { isUrgentJob, type RoleChanges, type RoleId } from '../model.js';
import type { Job, Marks } from './job.js';
import type { BringIn } from './join/bring-in.js';
import type { Lease } from './lease.js';
import type { GuildRoles } from './plan/guild-roles.js';
import { endOfHands } from './plan/hand-changes.js';
import { readAndPlan, type Ready } from './plan/read-and-plan.js';
import type { RemoteReading } from './plan/remote.js';
import type { DiscordMembers, MemberFacts, MemberTarget, Memory } from './ports.js';
import type { Interruptions } from './settle/interruptions.js';
import { textNamer } from './settle/settlement-words.js';
import {
  absent,
  joined,
  ofBot,
  type RunResult,
  settled,
  settledUnlinked,
  withJoining,
} from './settle/settlement.js';
import type { Applied, Changes } from './write/apply.js';
import type { Pacing } from './write/ports.js';
import { carryOut, recordPlan, removalCause } from './write/carry-out.js';
import { NOTHING_DONE, type Settlement } from './write/records.js';
import { mirroredRoles } from './write/whole-list.js';

interface Deps {
  readonly memory: Memory;
  readonly discord: Pick<DiscordMembers, 'readMember'>;
  readonly apply: (changes: Changes) => Promise<Applied>;
  readonly pacing: Pick<Pacing, 'reserve'>;
  readonly bringIn: BringIn;
  readonly guildRoles: GuildRoles;
  readonly interruptions: Interruptions;
  readonly lease: Pick<Lease, 'hold'>;
  readonly clock: () => number;
  readonly logger: Logger;
}

/** Resolves to the time when the client's next run may start after a rate limit; null: at once. */
export type Reconcile = (job: Job) => Promise<Date | null>;

export function createReconcile(deps: Deps): Reconcile {
  return async (claimed) => {
    const isLeased = deps.lease.hold();
    let ending: RunResult;
    const knownAtMs = deps.clock();
    const facts = await deps.memory.readMember(claimed);
    if (facts === null) return null;
    const { marks } = facts;
    const job = marks === null ? claimed : withMarks(claimed, marks);
    try {
      const known = { facts, knownAtMs };
      ending = await bringUpToDate(deps, job, known, isLeased);
    } catch (error) {
      ending = { kind: 'interrupted', error, unfinished: NOTHING_DONE };
    }
    if (ending.kind === 'interrupted')
      return deps.interruptions.handleError(job, {
        ...ending,
        inWords: textNamer(facts, job.discordUserId),
      });
    const { settlement } = ending;
    const asked = await deps.memory.settle(job, {
      ...settlement,
      removalCause: removalCause(job, facts),
      ...handsOf(job, facts, settlement),
      clearsTrouble: settlement.clearsTrouble && facts.client.hasTrouble,
    });
    logSettled(deps.logger, job, settlement);
    logAsked(deps.logger, job, asked);
    return null;
  };
}

/** Adds to a settlement what the run means for stored changes by others. */
function handsOf(
  { causes }: Job,
  facts: MemberFacts,
  { observed, closes }: Settlement,
): Pick<Settlement, 'hands'> {
  if (facts.handChanges.size === 0 || observed?.isPresent !== true) return {};
  const changed = closes === null ? [] : [closes, closes.ensured].flatMap(rolesOf);
  const isAskedFor = causes.some((cause) => cause.isAskedFor === true);
  const end = endOfHands(facts, { changed, roleIds: observed.roleIds, isAskedFor });
  return { hands: { ...end, knownAtMs: facts.nowMs } };
}

const rolesOf = ({ added, removed }: RoleChanges): readonly RoleId[] => [...added, ...removed];

interface Known {
  readonly facts: MemberFacts;
  readonly knownAtMs: number;
}

async function bringUpToDate(
  deps: Deps,
  job: Job,
  { facts: known, knownAtMs }: Known,
  isLeased: () => boolean,
): Promise<RunResult> {
  if (known.links.length === 0) return settledUnlinked();
  const { discordUserId } = job;
  const isUrgent = isUrgentJob(job);
  const target: MemberTarget = { ...known.client, discordUserId, isUrgent };
  const run: Run = { job, known, knownAtMs, target, isLeased };
  const grant = known.grant;
  const isJoinWanted = grant?.isJoinWanted === true;
  // If a record is open, an interrupted run may already have added the person, so read them first.
  if (isJoinWanted && known.openRecord === null) return arrive(deps, run, grant);
  const ready = await readAndPlan(deps, { ...run, answered: null });
  if (!ready.reading.member.isPresent && grant !== null) return arrive(deps, run, grant);
  const ending = await goOn(deps, run, ready);
  return isJoinWanted ? withJoining(ending, { grantId: grant.grantId, refusal: null }) : ending;
}

interface Run {
  readonly knownAtMs: number;
  readonly job: Job;
  readonly known: MemberFacts;
  readonly target: MemberTarget;
  readonly isLeased: () => boolean;
}

type Grant = NonNullable<MemberFacts['grant']>;

/**
 * Adds a consenting person to the guild. If Discord refuses, or they are already a member,
 * continues with the usual read and plan.
 */
async function arrive(deps: Deps, run: Run, { grantId }: Grant): Promise<RunResult> {
  const { job, known, target, isLeased } = run;
  const arrival = await deps.bringIn({
    facts: known,
    causes: job.causes,
    target,
    isLeased,
    openRecord: async (plan) =>
      recordPlan(deps.memory, job, known, { plan, reading: null, isArrival: true }),
  });
  if (arrival.kind === 'UNSENT') {
    const { error, record } = arrival;
    const unfinished = { ...NOTHING_DONE, idleRecordId: record.recordId };
    return { kind: 'interrupted', error, unfinished };
  }
  if (arrival.kind === 'JOINED') return joined(known, grantId, arrival);
  const { openRecord: record, refusal, arrived } = arrival;
  const ready = await readAndPlan(deps, {
    ...run,
    known: { ...known, openRecord: record },
    answered: arrived,
  });
  // If this run opened the record, the join call can only have set the nickname since. So the state
  // before the record is the state that Discord shows now, without that nickname.
  const isNew = record?.recordId !== known.openRecord?.recordId;
  const { member } = ready.reading;
  const before = arrived !== null && member.isPresent ? { ...member, nickname: null } : member;
  const facts = isNew ? { ...ready.facts, mirror: before } : ready.facts;
  const ending = await goOn(deps, run, { ...ready, facts });
  return withJoining(ending, { grantId, refusal });
}

async function goOn(
  deps: Deps,
  { job, known, knownAtMs, target, isLeased }: Run,
  ready: Ready,
): Promise<RunResult> {
  const { facts, reading, plan } = ready;
  if (!reading.member.isPresent) return absent(facts, reading.member);
  if (reading.member.isBot === true) return ofBot(facts, reading.member, reading.readAtMs !== null);
  const record = await recordPlan(deps.memory, job, facts, { plan, reading, isArrival: false });
  if (record.recordId === null)
    return settled({
      facts,
      plan,
      record,
      applied: null,
      reading: reading.member,
      hasAsked: reading.readAtMs !== null,
      isReading: reading.readAtMs !== null,
    });
  return carryOut(deps, ready, {
    ...record,
    recordId: record.recordId,
    actual: reading.member,
    mirrored: mirroredRoles(known, knownAtMs),
    target,
    isLeased,
  });
}

/**
 * Adds the marks made since the claim to the job. The run has read their facts, so they need no
 * second run.
 */
export function withMarks(job: Job, { version, lane, causes }: Marks): Job {
  return { ...job, version, lane, causes: [...job.causes, ...causes], lateCauses: causes.length };
}

/** Logs the outcome of a run and what it changed. */
function logSettled(logger: Logger, job: Job, { outcome, reason, closes }: Settlement): void {
  const { clientId, discordUserId, causes } = job;
  const change = closes && {
    auditRecordId: closes.recordId,
    added: closes.added,
    removed: closes.removed,
    ensured: closes.ensured,
    nickname: closes.nickname,
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

/** Logs each membership change requested from the platform under authority DISCORD. */
function logAsked(
  logger: Logger,
  { clientId, discordUserId }: Job,
  asked: readonly RemoteReading[],
): void {
  for (const { mappingId, groupId, roleId, asks } of asked)
    logger.info(
      { clientId, discordUserId, mappingId, groupId, roleId, change: asks },
      'membership change requested from the platform',
    );
}
