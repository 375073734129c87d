import type { RoleId } from '../model.js';
import type { MemberPlan } from './plan.js';
import type { Mirror } from './ports.js';
import type { OpenRecord, RecordClosing } from './records.js';

/** A record left open still fits when it planned all that is left to do. */
export function resumes(record: OpenRecord, plan: MemberPlan): boolean {
  return (
    plan.add.every((roleId) => record.plannedAdded.includes(roleId)) &&
    plan.remove.every((roleId) => record.plannedRemoved.includes(roleId))
  );
}

/**
 * Of the changes a record planned, those that Discord shows now and did not show before. `mirror` is from before the record: it
 * stays as it was for as long as a record is open. A role that the mirror already had as wanted, and that was written only to make
 * sure, is no change that anybody may be told of.
 */
export function landedChanges(
  record: OpenRecord,
  { mirror, actual }: { mirror: Mirror | null; actual: readonly RoleId[] },
): RecordClosing {
  const before = mirror?.isPresent === true ? mirror.roleIds : null;
  const wasHeld = (roleId: RoleId) => before?.includes(roleId) ?? null;
  return {
    recordId: record.recordId,
    added: record.plannedAdded.filter(
      (roleId) => actual.includes(roleId) && wasHeld(roleId) !== true,
    ),
    removed: record.plannedRemoved.filter(
      (roleId) => !actual.includes(roleId) && wasHeld(roleId) !== false,
    ),
  };
}
