import type { RoleId } from '../model.js';
import type { MemberPlan } from './plan.js';
import type { OpenRecord, RecordClosing } from './ports.js';

/** A record left open still fits when it planned all that is left to do. */
export function resumes(record: OpenRecord, plan: MemberPlan): boolean {
  return (
    plan.add.every((roleId) => record.plannedAdded.includes(roleId)) &&
    plan.remove.every((roleId) => record.plannedRemoved.includes(roleId))
  );
}

/** Of the changes a record planned, those that Discord now shows. */
export function landedChanges(
  record: OpenRecord,
  actual: readonly RoleId[],
): RecordClosing {
  return {
    recordId: record.recordId,
    added: record.plannedAdded.filter((roleId) => actual.includes(roleId)),
    removed: record.plannedRemoved.filter((roleId) => !actual.includes(roleId)),
  };
}
