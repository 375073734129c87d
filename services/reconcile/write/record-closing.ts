import type { MemberReading } from '../../model.js';
import type { MemberPlan } from '../plan/plan.js';
import type { MemberFacts } from '../ports.js';
import type { OpenedRecord, RecordClosing } from './records.js';
import { landedChanges } from '../settle/resume.js';
import { changedNickname } from '../settle/settle-nickname.js';
import type { WritesDone } from './write-progress.js';

/** The changes of this run and of an interrupted run before it under the same record. */
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
