/** Takes changes out of a plan that must not be made now, and says why. */
import { utcTime } from '../../lib/utc-time.js';
import type { MemberReading } from '../../model.js';
import type { MemberFacts } from '../ports.js';
import { withholdUndone } from './hand-changes.js';
import { type AfterTimeout, type MemberPlan, withholdGrants, withoutGrants } from './plan.js';

/**
 * Returns the plan without the changes that others undid, and without the grants that wait for
 * screening or the end of a time-out. Removals wait for neither.
 */
export function withholdChanges(
  facts: Pick<MemberFacts, 'client' | 'nowMs' | 'handChanges' | 'decisions'>,
  member: MemberReading,
  { plan, isAskedFor }: { readonly plan: MemberPlan; readonly isAskedFor: boolean },
): MemberPlan {
  const left = withholdUndone(facts, member, plan, isAskedFor);
  return withholdDuringTimeout(facts, member, withholdGrants(facts, member, left));
}

/** Returns when the member's time-out ends; null: the member is not timed out. */
export function timeoutEnd(
  { nowMs }: Pick<MemberFacts, 'nowMs'>,
  member: MemberReading,
): Date | null {
  const until = member.isPresent ? member.timedOutUntil : null;
  return until !== null && until.getTime() > nowMs ? until : null;
}

/**
 * Returns the plan without the grants to a member who is timed out; `afterTimeout` lists these.
 * Removals, the nickname and roles that the member already has do not wait.
 */
function withholdDuringTimeout(
  facts: Pick<MemberFacts, 'nowMs'>,
  member: MemberReading,
  plan: MemberPlan,
): MemberPlan {
  const until = timeoutEnd(facts, member);
  if (until === null || !member.isPresent) return plan;
  const { add, requests } = plan;
  const roleIds = add.filter((roleId) => !member.roleIds.includes(roleId));
  if (roleIds.length === 0) return plan;
  return {
    ...plan,
    add: add.filter((roleId) => !roleIds.includes(roleId)),
    ...(requests && { requests: withoutGrants(requests) }),
    afterTimeout: { roleIds, until },
  };
}

export function timeoutReason({ roleIds, until }: AfterTimeout): string {
  const roles = roleIds.length === 1 ? '1 role waits' : `${roleIds.length} roles wait`;
  return `the member is timed out until ${utcTime(until)}: ${roles} for that`;
}
