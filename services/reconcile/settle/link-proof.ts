import type { LinkId, RoleId } from '../../model.js';
import type { MemberPlan } from '../plan/plan.js';
import type { MemberFacts } from '../ports.js';
import type { OpenedRecord } from '../write/records.js';
import type { WritesDone } from '../write/write-progress.js';

/**
 * What proves that an ending link may be removed. While the link exists its roles can still be
 * removed; once it is gone, no run reads the account again. So neither the guild's role list nor a
 * single answer that the account has left is enough.
 */

export const WAITS_FOR_ABSENCE =
  'the account is not in the guild; its link ends when Discord confirms this, at least a minute later';

/**
 * An account that two answers a minute apart, or a complete list, report as not in the guild has no
 * roles left.
 */
export function endedByAbsence(facts: MemberFacts): readonly LinkId[] {
  return facts.isAbsenceProven ? endingLinks(facts) : [];
}

/** Whether a pending end depends on the absence, which is not proven yet. */
export function needsAbsenceProof(facts: MemberFacts): boolean {
  const isAnythingEnding =
    endingLinks(facts).length > 0 || facts.mappings.some((one) => one.isRetired);
  return isAnythingEnding && !facts.isAbsenceProven;
}

/**
 * Links to end after a reading with `roleIds`. A role that the account's current owner should have
 * does not keep an earlier link, nor does a role that Discord itself reports as nonexistent.
 */
export function endedByReading(
  run: {
    readonly facts: MemberFacts;
    readonly plan: MemberPlan;
    readonly record: OpenedRecord;
    readonly applied: WritesDone | null;
  },
  roleIds: readonly RoleId[],
): readonly LinkId[] {
  const { facts, plan, record, applied } = run;
  const refused = applied?.refused ?? [];
  const gone = applied?.gone ?? [];
  const isLeft = (roleId: RoleId) => roleIds.includes(roleId) && !gone.includes(roleId);
  const isDone =
    record.verdict.heldRemovals.length === 0 &&
    !plan.blocked.some(({ roleId }) => roleIds.includes(roleId)) &&
    !plan.remove.some((roleId) => refused.includes(roleId) || isLeft(roleId));
  return isDone ? endingLinks(facts) : [];
}

export function isAnyEnding({ links }: Pick<MemberFacts, 'links'>): boolean {
  return links.some((link) => link.status === 'ENDING');
}

export function endingLinks({ links }: MemberFacts): readonly LinkId[] {
  const ending = links.filter((link) => link.status === 'ENDING');
  return ending.map((link) => link.linkId);
}
