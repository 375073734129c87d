import type { PresentMember, RoleChanges, RoleId } from '../../model.js';
import { showsNickname } from '../plan/plan-nickname.js';
import type { MemberPlan } from '../plan/plan.js';
import type { Mirror } from '../ports.js';
import type { OpenRecord, RecordClosing } from '../write/records.js';

const NOTHING: RoleChanges = { added: [], removed: [] };

/** An open record still fits if its plan contains everything that is left to do. */
export function resumes(record: OpenRecord, plan: MemberPlan): boolean {
  return (
    plan.add.every((roleId) => record.plannedAdded.includes(roleId)) &&
    plan.remove.every((roleId) => record.plannedRemoved.includes(roleId)) &&
    (plan.nickname === null || plan.nickname === record.plannedNickname)
  );
}

/**
 * The part of a record's plan that Discord shows now: as changes, or as ensured if the reading
 * before the record already showed it. `changed` is what this run has changed since, based on a
 * later reading. `mirror` is from before the record, because it is not updated while a record is
 * open.
 */
export function landedChanges(
  record: OpenRecord,
  {
    mirror,
    actual,
    changed = NOTHING,
  }: {
    readonly mirror: Mirror | null;
    readonly actual: PresentMember | null;
    readonly changed?: RoleChanges;
  },
): RecordClosing {
  const before = mirror?.isPresent === true ? mirror : null;
  const held = new Set<RoleId>(actual?.roleIds);
  const shown = {
    added: record.plannedAdded.filter((roleId) => held.has(roleId)),
    removed: record.plannedRemoved.filter((roleId) => !held.has(roleId)),
  };
  const isChange = (direction: keyof RoleChanges) => (roleId: RoleId) =>
    changed[direction].includes(roleId) || !record.ensured[direction].includes(roleId);
  const added = shown.added.filter(isChange('added'));
  const removed = shown.removed.filter(isChange('removed'));
  return {
    recordId: record.recordId,
    added,
    removed,
    ensured: {
      added: shown.added.filter((roleId) => !added.includes(roleId)),
      removed: shown.removed.filter((roleId) => !removed.includes(roleId)),
    },
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
    plannedNickname !== null && member !== null && showsNickname(plannedNickname, member);
  return isShown(seen.actual) && !isShown(seen.before) ? plannedNickname : null;
}

/** Roles that an unfinished record may have changed. */
export function plannedRoles(record: OpenRecord | null): readonly RoleId[] {
  return [...(record?.plannedAdded ?? []), ...(record?.plannedRemoved ?? [])];
}
