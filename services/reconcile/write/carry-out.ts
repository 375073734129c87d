import { RetryLaterError } from '../../lib/errors.js';
import type { AuditRecordId, PresentMember } from '../../model.js';
import type { Applied, Changes } from './apply.js';
import type { GuildRoles } from '../plan/guild-roles.js';
import type { DiscordMembers, MemberTarget } from '../ports.js';
import { proveRemovals } from './prove-removals.js';
import type { Ready } from '../plan/read-and-plan.js';
import type { OpenedRecord } from './records.js';
import { plannedRoles } from '../settle/resume.js';
import type { Mirrored } from '../plan/role-sources.js';
import { isScreened } from '../plan/screening.js';
import { settled, type RunResult } from '../settle/settlement.js';

interface Deps {
  readonly discord: Pick<DiscordMembers, 'readMember'>;
  readonly apply: (changes: Changes) => Promise<Applied>;
  readonly guildRoles: Pick<GuildRoles, 'explainRefusal' | 'refresh'>;
  readonly clock: () => number;
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
    // A list could grant again a role that someone else has just removed.
    wholeListWrites:
      facts.client.wholeListWrites && !facts.hasLostRoles && !isScreened(facts, reading.member),
    waitsForScreening: facts.client.waitsForScreening,
    actual,
    readAtMs,
    mirrored,
    unfinished: plannedRoles(facts.openRecord),
    isLeased,
  });
  if (applied.interruption !== null) {
    // The record stays open, and the mirror stays as it was before. The run that closes the record
    // reports what was done.
    const isResumed = recordId === facts.openRecord?.recordId;
    const observed = isResumed || readAtMs === null ? null : reading.member;
    const idleRecordId = !isResumed && wasIdle(applied) ? recordId : null;
    const error = applied.interruption;
    return { kind: 'interrupted', error, observed, idleRecordId };
  }
  if (applied.refused.length > 0) await deps.guildRoles.explainRefusal(target);
  else if (applied.nickname === 'REFUSED') await deps.guildRoles.refresh(target, deps.clock());
  const observed = await proveRemovals(deps.discord, facts, target, applied);
  return settled({
    facts,
    plan,
    record,
    applied,
    reading: observed,
    hasAsked: true,
    isReading: readAtMs !== null,
  });
}

/** The run was delayed before it made any call. */
function wasIdle({ interruption, hasTried }: Applied): boolean {
  return interruption instanceof RetryLaterError && !hasTried;
}
