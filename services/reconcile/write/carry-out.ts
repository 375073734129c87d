import { RetryLaterError, UnavailableError } from '../../lib/errors.js';
import type {
  AuditRecordId,
  GroupId,
  MemberReading,
  PresentMember,
  RoleChanges,
  RoleId,
} from '../../model.js';
import { guardRemovals } from '../guard/guard.js';
import type { Job } from '../job.js';
import type { GuildRoles } from '../plan/guild-roles.js';
import { isAnyEnding, type MemberPlan } from '../plan/plan.js';
import type { Reading, Ready } from '../plan/read-and-plan.js';
import type { DiscordMembers, MemberFacts, MemberTarget, Memory } from '../ports.js';
import {
  askedNickname,
  closingOf,
  landedChanges,
  plannedRoles,
  resumes,
  wasInVain,
  wasOnlyEnsured,
} from '../settle/record-closing.js';
import { type RunResult, settled } from '../settle/settlement.js';
import type { Applied, Changes } from './apply.js';
import { NOTHING_DONE, type OpenedRecord, type RemovalCause, type Unfinished } from './records.js';
import { mayWriteLists, type Mirrored } from './whole-list.js';
import type { WritesDone } from './writes.js';

interface Deps {
  readonly discord: Pick<DiscordMembers, 'readMember'>;
  readonly apply: (changes: Changes) => Promise<Applied>;
  readonly guildRoles: Pick<GuildRoles, 'explainRefusal'>;
}

/** Carries out the changes of an open record and settles the result. */
export async function carryOut(
  deps: Deps,
  { facts, reading, plan }: Ready,
  record: OpenedRecord & {
    readonly recordId: AuditRecordId;
    readonly actual: PresentMember;
    /** The mirror before this run. */
    readonly mirrored: Mirrored | null;
    readonly target: MemberTarget;
    readonly isLeased: () => boolean;
  },
): Promise<RunResult> {
  const { recordId, actual, mirrored, target, isLeased } = record;
  const { heldRemovals } = record.verdict;
  const { readAtMs } = reading;
  const applied = await deps.apply({
    target,
    recordId,
    add: plan.add,
    remove: plan.remove.filter((roleId) => !heldRemovals.includes(roleId)),
    nickname: plan.nickname,
    wholeListWrites: mayWriteLists(facts, reading.member),
    waitsForScreening: facts.client.waitsForScreening,
    actual,
    readAtMs,
    mirrored,
    unfinished: plannedRoles(facts.openRecord),
    isLeased,
  });
  if (applied.interruption !== null) {
    const run = { facts, plan, record, applied, reading: applied.observed };
    const unfinished = unfinishedRun(run, reading);
    return { kind: 'interrupted', error: applied.interruption, unfinished };
  }
  const isRefused = applied.refused.length > 0 || applied.nickname === 'REFUSED';
  const isExplained = !isRefused || (await deps.guildRoles.explainRefusal(target, applied.refused));
  const observed = await proveRemovals(deps.discord, facts, target, applied);
  return settled({
    facts,
    plan,
    record,
    applied,
    reading: observed,
    hasAsked: true,
    isReading: readAtMs !== null,
    isExplained,
  });
}

/**
 * Returns the result of an interrupted run. After a rate limit it is certain which writes were
 * done, so the record is closed and the mirror includes them. After any other error the record
 * stays open and the mirror keeps the state before the writes; the run that closes the record
 * reports them.
 */
function unfinishedRun(
  run: Parameters<typeof closingOf>[0] & { readonly applied: Applied },
  { member, readAtMs }: Reading,
): Unfinished {
  const { facts, plan, record, applied } = run;
  const { added, removed, ensured, nickname, interruption, hasTried } = applied;
  const isReading = readAtMs !== null;
  const done = [...added, ...removed, ...ensured.added, ...ensured.removed];
  const isDelayed = interruption instanceof RetryLaterError;
  if (isDelayed && (done.length > 0 || nickname !== 'UNTOUCHED')) {
    const closes = closingOf(run);
    const asked = askedNickname(plan, applied);
    return {
      outcome: wasInVain(asked, closes) || wasOnlyEnsured(closes) ? 'UNCHANGED' : 'APPLIED',
      observed: applied.observed,
      isReading,
      nickname: asked,
      closes,
      idleRecordId: null,
      writtenGroupIds: writtenGroups(facts, plan, done),
    };
  }
  const isResumed = record.recordId === facts.openRecord?.recordId;
  if (isResumed) return NOTHING_DONE;
  return {
    ...NOTHING_DONE,
    observed: isReading ? member : null,
    isReading,
    idleRecordId: isDelayed && !hasTried ? record.recordId : null,
  };
}

function writtenGroups(
  { mappings }: Pick<MemberFacts, 'mappings'>,
  { add, remove }: Pick<MemberPlan, 'add' | 'remove'>,
  done: readonly RoleId[],
): readonly GroupId[] {
  const left = [...add, ...remove].filter((roleId) => !done.includes(roleId));
  const unwritten = mappings.filter(({ roleId }) => left.includes(roleId));
  const isUnwritten = (groupId: GroupId) => unwritten.some((one) => one.groupId === groupId);
  return mappings.map(({ groupId }) => groupId).filter((groupId) => !isUnwritten(groupId));
}

/**
 * Reads the member again after removals for an ending link. Discord may accept a removal without
 * applying it, and no run would notice once the link is gone. For other members the responses to
 * the writes are enough, because sweeps check those members again.
 */
async function proveRemovals(
  discord: Pick<DiscordMembers, 'readMember'>,
  facts: MemberFacts,
  target: MemberTarget,
  { observed, removed }: WritesDone,
): Promise<MemberReading> {
  if (!isAnyEnding(facts) || !observed.isPresent || removed.length === 0) return observed;
  const reading = await discord.readMember(target);
  const kept = reading.isPresent
    ? removed.filter((roleId) => reading.roleIds.includes(roleId))
    : [];
  if (kept.length === 0) return reading;
  throw new UnavailableError(
    `Discord accepted the removal of role ${kept[0]} from member ${target.discordUserId} but still shows it`,
  );
}

interface Planned {
  readonly plan: MemberPlan;
  /** The member's current state; null: they are not in the guild. */
  readonly reading: Reading | null;
  /** The person is being added to the guild, which counts as a change. */
  readonly isArrival: boolean;
}

/**
 * Continues the record of an interrupted run if its plan still fits. Otherwise closes that record
 * with the changes that Discord shows, and opens a new one.
 */
export async function recordPlan(
  memory: Pick<Memory, 'openRecord'>,
  job: Job,
  facts: MemberFacts,
  planned: Planned,
): Promise<OpenedRecord> {
  const { plan, reading, isArrival } = planned;
  const actual = reading?.member.isPresent === true ? reading.member : null;
  const nothingHeld = { allowedRemovals: plan.remove, heldRemovals: [], reason: null };
  const isEmpty = plan.add.length + plan.remove.length === 0 && plan.nickname === null;
  if (isEmpty && !isArrival) return { recordId: null, verdict: nothingHeld };
  if (facts.openRecord !== null && resumes(facts.openRecord, plan)) {
    return { recordId: facts.openRecord.recordId, verdict: nothingHeld };
  }
  const held = new Set<RoleId>(actual?.roleIds);
  const isUncounted = (roleId: RoleId) => plan.approved.includes(roleId) || !held.has(roleId);
  return memory.openRecord({
    job,
    platformUserId:
      facts.links.find((link) => link.status === 'ACTIVE')?.platformUserId ??
      facts.links[0]?.platformUserId ??
      null,
    isArrival,
    add: plan.add,
    remove: plan.remove,
    nickname: plan.nickname,
    ensured: alreadyShown(plan, reading?.member ?? facts.mirror),
    uncounted: plan.remove.filter(isUncounted),
    takenBack: plan.takenBack.filter((roleId) => held.has(roleId)),
    judge: (tally) =>
      guardRemovals({
        removals: plan.remove.filter((roleId) => !isUncounted(roleId)),
        tally,
        limits: facts.client.guard,
        decisions: facts.decisions,
        cause: removalCause(job, facts),
        isAskedFor: isAskedFor(job, facts),
      }),
    observed: news(facts, reading),
    supersedes:
      facts.openRecord && landedChanges(facts.openRecord, { mirror: facts.mirror, actual }),
  });
}

/**
 * Returns the reading if its roles or nickname differ from the mirror; null: there is nothing to
 * save.
 */
function news(
  { mirror }: Pick<MemberFacts, 'mirror'>,
  reading: Reading | null,
): MemberReading | null {
  if (reading === null || reading.readAtMs === null) return null;
  const { member } = reading;
  const isSame =
    member.isPresent &&
    mirror?.isPresent === true &&
    mirror.nickname === member.nickname &&
    mirror.roleIds.length === member.roleIds.length &&
    mirror.roleIds.every((roleId) => member.roleIds.includes(roleId));
  return isSame ? null : member;
}

/**
 * Returns the part of the plan that the last reading already shows. Without a reading that is the
 * whole plan, because nothing proves that a write is a change.
 */
function alreadyShown(
  { add, remove }: Pick<MemberPlan, 'add' | 'remove'>,
  reading: MemberReading | null,
): RoleChanges {
  if (reading === null) return { added: add, removed: remove };
  const held = new Set(reading.isPresent ? reading.roleIds : []);
  return {
    added: add.filter((roleId) => held.has(roleId)),
    removed: remove.filter((roleId) => !held.has(roleId)),
  };
}

/**
 * Whether an admin named this member, with `reconcileDiscordUser` or by ending the link. The
 * removals are then no accident, so they join no held plan. They still count towards the limits,
 * which can hold them.
 */
function isAskedFor(
  { causes }: Pick<Job, 'causes'>,
  { links }: Pick<MemberFacts, 'links'>,
): boolean {
  const ending = links.filter((link) => link.status === 'ENDING');
  return (
    causes.some((cause) => cause.isAskedFor === true) ||
    (ending.length > 0 && ending.every((link) => link.isEndAskedFor))
  );
}

/**
 * Estimates the kind of cause of the run's removals. Only the marking of a burst knows it exactly.
 */
export function removalCause(
  { causes }: Pick<Job, 'causes'>,
  { links }: Pick<MemberFacts, 'links'>,
): RemovalCause {
  if (links.length > 0 && links.every((link) => link.status === 'ENDING')) return 'USER_DELETED';
  if (causes.some(({ groupId }) => groupId !== undefined)) return 'MEMBERSHIP';
  return causes.every(({ kind }) => kind === 'SWEEP') ? 'SWEEP' : 'OTHER';
}
