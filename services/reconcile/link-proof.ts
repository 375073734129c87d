import type { LinkId, RoleId } from '../model.js';
import type { MemberPlan } from './plan.js';
import type { MemberFacts } from './ports.js';
import type { OpenedRecord } from './records.js';
import type { WritesDone } from './write-progress.js';

/**
 * What proves that an ending link may go. While it is there its roles can still be removed;
 * afterwards no run ever looks at the account again. So nothing is inferred: neither from the
 * guild's list of roles nor from one answer that the account has left.
 */

export const WAITS_FOR_ABSENCE =
  'the account is not in the guild; its link ends when Discord confirms this, at least a minute later';

/**
 * An account that is not in the guild by two answers a minute apart, or by a complete list, has no
 * role left.
 */
export function endedByAbsence(facts: MemberFacts): readonly LinkId[] {
  return facts.isAbsenceProven ? endingLinks(facts) : [];
}

/** Whether the absence matters to anything that waits to end, and is not proven yet. */
export function needsAbsenceProof(facts: MemberFacts): boolean {
  const isAnythingEnding =
    endingLinks(facts).length > 0 || facts.mappings.some((one) => one.isRetired);
  return isAnythingEnding && !facts.isAbsenceProven;
}

/**
 * Links to end by a reading with `roleIds`. A role that cannot be granted to the account's present
 * owner keeps no earlier link from ending, and neither does one that Discord itself says does not
 * exist.
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
