import type { MemberReading, PresentMember, RoleChanges, RoleId } from '../../model.js';
import { isSameNickname } from '../plan/nickname.js';
import { notTaken, shownName, showsNickname } from '../plan/plan-nickname.js';
import type { MemberPlan } from '../plan/plan.js';
import type { MemberFacts, Mirror } from '../ports.js';
import type { OpenedRecord, OpenRecord, RecordClosing, Settlement } from '../write/records.js';
import type { WritesDone } from '../write/writes.js';

/**
 * Returns what this run changed, and what an earlier, interrupted run with the same audit record
 * changed. Null if there is no record to close.
 */
export function closingOf(run: {
  readonly facts: MemberFacts;
  readonly plan: MemberPlan;
  readonly record: OpenedRecord;
  readonly applied: WritesDone | null;
  readonly reading: MemberReading;
}): RecordClosing | null {
  const { facts, plan, record, applied, reading } = run;
  const { openRecord } = facts;
  const nickname = changedNickname(plan, applied, facts);
  const isResumed =
    openRecord !== null && (record.recordId === null || record.recordId === openRecord.recordId);
  if (isResumed) {
    const landed = landedChanges(openRecord, {
      mirror: facts.mirror,
      actual: reading.isPresent ? reading : null,
      ...(applied !== null && { changed: applied }),
    });
    return { ...landed, nickname: nickname ?? landed.nickname };
  }
  if (record.recordId === null || applied === null) return null;
  return {
    recordId: record.recordId,
    added: applied.added,
    removed: applied.removed,
    ensured: applied.ensured,
    nickname,
  };
}

/** True if the last reading before the writes already showed every change. */
export function wasOnlyEnsured(closes: RecordClosing | null): boolean {
  if (closes === null || closes.nickname !== null) return false;
  const { added, removed, ensured } = closes;
  return added.length + removed.length === 0 && ensured.added.length + ensured.removed.length > 0;
}

const NOTHING: RoleChanges = { added: [], removed: [] };

/** Whether an open record still fits: its plan contains everything that is left to do. */
export function resumes(record: OpenRecord, plan: MemberPlan): boolean {
  return (
    plan.add.every((roleId) => record.plannedAdded.includes(roleId)) &&
    plan.remove.every((roleId) => record.plannedRemoved.includes(roleId)) &&
    (plan.nickname === null || plan.nickname === record.plannedNickname)
  );
}

/**
 * Returns the part of a record's plan that Discord shows now. A change that the reading before the
 * record already showed counts as ensured. The current run's changes (`changed`) always count as
 * changes, because the run's own, later reading did not show them before the writes. `mirror` is
 * from before the record, because it is not updated while a record is open.
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
  seen: { readonly before: PresentMember | null; readonly actual: PresentMember | null },
): string | null {
  const isShown = (member: PresentMember | null) =>
    plannedNickname !== null && member !== null && showsNickname(plannedNickname, member);
  return isShown(seen.actual) && !isShown(seen.before) ? plannedNickname : null;
}

/** Returns the roles that an unfinished record may have changed. */
export function plannedRoles(record: OpenRecord | null): readonly RoleId[] {
  return [...(record?.plannedAdded ?? []), ...(record?.plannedRemoved ?? [])];
}

export function askedNickname(
  plan: MemberPlan,
  applied: WritesDone | null,
): Settlement['nickname'] {
  if (plan.nickname === null || applied === null) return null;
  if (applied.nickname === 'UNTOUCHED') return null;
  return { asked: plan.nickname, isTaken: applied.nickname === 'SET' };
}

/** Returns why the nickname was not set; null: no obstacle. The roles are written anyway. */
export function nicknameReason(plan: MemberPlan, nickname: Settlement['nickname']): string | null {
  if (nickname === null) return plan.nicknameBlocked;
  return nickname.isTaken ? null : notTaken(nickname.asked);
}

/** Whether a nickname was written and refused, and nothing else changed. */
export function wasInVain(asked: Settlement['nickname'], closes: RecordClosing | null): boolean {
  if (asked === null || asked.isTaken || closes === null) return false;
  const { added, removed, nickname } = closes;
  return added.length + removed.length === 0 && nickname === null;
}

/**
 * The result for the nickname after a join. Discord accepts or refuses a join call as a whole. If
 * the new member lacks the nickname, the call that added them did not contain it, because Discord
 * had refused an earlier call with it.
 */
export function arrivalNickname(
  { nickname }: MemberPlan,
  member: PresentMember,
): WritesDone['nickname'] {
  if (nickname === null) return 'UNTOUCHED';
  return isSameNickname(nickname, shownName(member)) ? 'SET' : 'REFUSED';
}

/** Returns the nickname that Discord shows now; null if it is the same as before the run. */
function changedNickname(
  plan: MemberPlan,
  applied: WritesDone | null,
  { mirror }: Pick<MemberFacts, 'mirror'>,
): string | null {
  if (applied?.nickname === 'SET') return plan.nickname;
  if (applied?.nickname !== 'ALTERED' || !applied.observed.isPresent) return null;
  const { nickname } = applied.observed;
  const before = mirror?.isPresent === true ? mirror.nickname : null;
  return nickname === before ? null : nickname;
}
