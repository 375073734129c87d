import type { PresentMember, RoleId } from '../model.js';
import { showsNickname } from './plan-nickname.js';
import type { MemberPlan } from './plan.js';
import type { Mirror } from './ports.js';
import type { OpenRecord, RecordClosing } from './records.js';

/** A record left open still fits when it planned all that is left to do. */
export function resumes(record: OpenRecord, plan: MemberPlan): boolean {
  return (
    plan.add.every((roleId) => record.plannedAdded.includes(roleId)) &&
    plan.remove.every((roleId) => record.plannedRemoved.includes(roleId)) &&
    (plan.nickname === null || plan.nickname === record.plannedNickname)
  );
}

/**
 * Of the changes a record planned, those that Discord shows now and did not show before. `mirror` is from before the record: it
 * stays as it was for as long as a record is open. A role that the mirror already had as wanted, and that was written only to make
 * sure, is no change that anybody may be told of.
 */
export function landedChanges(
  record: OpenRecord,
  { mirror, actual }: { mirror: Mirror | null; actual: PresentMember | null },
): RecordClosing {
  const before = mirror?.isPresent === true ? mirror : null;
  const wasHeld = (roleId: RoleId) => before?.roleIds.includes(roleId) ?? null;
  const isHeld = (roleId: RoleId) => actual?.roleIds.includes(roleId) ?? false;
  return {
    recordId: record.recordId,
    added: record.plannedAdded.filter(
      (roleId) => isHeld(roleId) && wasHeld(roleId) !== true,
    ),
    removed: record.plannedRemoved.filter(
      (roleId) => !isHeld(roleId) && wasHeld(roleId) !== false,
    ),
    nickname: landedNickname(record, { before, actual }),
  };
}

function landedNickname(
  { plannedNickname }: OpenRecord,
  seen: {
    readonly before: PresentMember | null;
    readonly actual: PresentMember | null;
  },
): string | null {
  const isShown = (member: PresentMember | null) =>
    plannedNickname !== null &&
    member !== null &&
    showsNickname(plannedNickname, member);
  return isShown(seen.actual) && !isShown(seen.before) ? plannedNickname : null;
}

/** Roles that an unfinished record may have changed. */
export function plannedRoles(record: OpenRecord | null): readonly RoleId[] {
  return [...(record?.plannedAdded ?? []), ...(record?.plannedRemoved ?? [])];
}
