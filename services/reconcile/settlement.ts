import type { MemberReading, Outcome } from '../model.js';
import type { Applied } from './apply.js';
import type { BlockedRole, MemberPlan } from './plan.js';
import type {
  MemberFacts,
  OpenedRecord,
  RecordClosing,
  Settlement,
} from './ports.js';
import { landedChanges } from './resume.js';

/** How a run ends: with a settlement, or early, with what Discord had shown by then. */
export type Ending =
  | { readonly kind: 'settled'; readonly settlement: Settlement }
  | {
      readonly kind: 'interrupted';
      readonly error: unknown;
      readonly observed: MemberReading | null;
    };

const NOTHING: Settlement = {
  outcome: 'UNCHANGED',
  reason: null,
  closes: null,
  heldRemovals: [],
  observed: null,
  isParked: false,
  clearsTrouble: false,
  endedLinkIds: [],
};

/** Nobody is linked any more: the member is none of ours. */
export function dropped(): Ending {
  return { kind: 'settled', settlement: NOTHING };
}

/** Not in the guild: Discord has taken every role, so ending links have nothing left to take back. */
export function absent(facts: MemberFacts, observed: MemberReading): Ending {
  const settlement: Settlement = {
    ...NOTHING,
    outcome: 'ABSENT',
    reason: 'the account is not in the guild',
    closes: facts.openRecord && landedChanges(facts.openRecord, []),
    observed,
    endedLinkIds: endingLinks(facts),
  };
  return { kind: 'settled', settlement };
}

export function settled(run: {
  readonly facts: MemberFacts;
  readonly plan: MemberPlan;
  readonly record: OpenedRecord;
  readonly applied: Applied | null;
  readonly reading: MemberReading;
}): Ending {
  const { facts, plan, record, applied, reading } = run;
  const closes = closingOf(run);
  if (!reading.isPresent) {
    const ending = absent(facts, reading);
    return ending.kind === 'settled'
      ? { ...ending, settlement: { ...ending.settlement, closes } }
      : ending;
  }
  const { heldRemovals } = record.verdict;
  const refusals = [
    ...plan.blocked.map(blockedReason),
    ...(applied?.refused ?? []).map(refusedReason),
  ];
  const isUnfinished = refusals.length + heldRemovals.length > 0;
  const settlement: Settlement = {
    outcome: outcomeOf({ refusals, heldRemovals, closes }),
    reason:
      [
        ...refusals,
        ...(record.verdict.reason === null ? [] : [record.verdict.reason]),
      ].join('; ') || null,
    closes,
    heldRemovals,
    observed: reading,
    isParked: refusals.length > 0,
    clearsTrouble: false,
    endedLinkIds: isUnfinished ? [] : endingLinks(facts),
  };
  return { kind: 'settled', settlement };
}

function outcomeOf(run: {
  readonly refusals: readonly string[];
  readonly heldRemovals: readonly string[];
  readonly closes: RecordClosing | null;
}): Outcome {
  if (run.refusals.length > 0) return 'PARKED';
  if (run.heldRemovals.length > 0) return 'HELD';
  return run.closes === null ? 'UNCHANGED' : 'APPLIED';
}

/** What this run did, and what a broken-off run before it had done under the same record. */
function closingOf(run: {
  readonly facts: MemberFacts;
  readonly record: OpenedRecord;
  readonly applied: Applied | null;
  readonly reading: MemberReading;
}): RecordClosing | null {
  const { facts, record, applied, reading } = run;
  const { openRecord } = facts;
  const isResumed =
    openRecord !== null &&
    (record.recordId === null || record.recordId === openRecord.recordId);
  if (isResumed)
    return landedChanges(openRecord, reading.isPresent ? reading.roleIds : []);
  if (record.recordId === null || applied === null) return null;
  return {
    recordId: record.recordId,
    added: applied.added,
    removed: applied.removed,
  };
}

function endingLinks(facts: MemberFacts) {
  return facts.links
    .filter((link) => link.status === 'ENDING')
    .map((link) => link.linkId);
}

const REFUSALS: Readonly<Record<BlockedRole['refusal'], string>> = {
  EVERYONE: 'is @everyone',
  MANAGED: 'is managed by Discord or an integration',
  ABOVE_BOT: 'is not below the bot',
  MISSING_PERMISSION: 'needs the bot to have Manage Roles',
  UNKNOWN_ROLE: 'no longer exists at Discord',
};

function blockedReason({ roleId, refusal }: BlockedRole): string {
  return `role ${roleId} ${REFUSALS[refusal]}`;
}

function refusedReason(roleId: string): string {
  return `Discord refused role ${roleId}`;
}
