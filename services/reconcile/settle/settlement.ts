import type { LinkId, MemberReading, Outcome, PresentMember, RoleId } from '../../model.js';
import { withReadings } from '../plan/plan-requests.js';
import {
  type AfterScreening,
  isAnyEnding,
  type MemberPlan,
  screeningReason,
  stillWaiting,
} from '../plan/plan.js';
import { disputedRoles, nextTry, undoneReasons } from '../plan/hand-changes.js';
import { timeoutReason } from '../plan/withhold.js';
import type { MemberFacts } from '../ports.js';
import type { OpenedRecord, RecordClosing, Settlement, Unfinished } from '../write/records.js';
import type { WritesDone } from '../write/writes.js';
import {
  arrivalNickname,
  askedNickname,
  closingOf,
  landedChanges,
  nicknameReason,
  wasInVain,
  wasOnlyEnsured,
} from './record-closing.js';
import { IS_BOT, NOT_LET_IN, roleCauses, roleNamer } from './settlement-words.js';

/** The result of a run: settled, or interrupted by an error, with what the run had done by then. */
export type RunResult =
  | { readonly kind: 'settled'; readonly settlement: Settlement }
  | {
      readonly kind: 'interrupted';
      readonly error: unknown;
      readonly unfinished: Unfinished;
    };

/** The settlement of a run that changes nothing and leaves nothing to remember. */
export const NOTHING_SETTLED: Settlement = {
  outcome: 'UNCHANGED',
  reason: null,
  closes: null,
  heldRemovals: [],
  settledDecisions: [],
  requests: null,
  nickname: null,
  observed: null,
  isReading: false,
  joining: null,
  isParked: false,
  isWaiting: false,
  retry: null,
  isUnexplained: false,
  asksAgain: false,
  clearsTrouble: false,
  endedLinkIds: [],
};

/** Settles the run of an unlinked account. Such an account must not be changed. */
export function settledUnlinked(): RunResult {
  return { kind: 'settled', settlement: NOTHING_SETTLED };
}

/**
 * Settles a run whose account is not in the guild. Discord has removed every role, so the ending
 * links can end once the absence is proven.
 */
export function absent(facts: MemberFacts, observed: MemberReading): RunResult {
  const settlement: Settlement = {
    ...NOTHING_SETTLED,
    outcome: 'ABSENT',
    reason: absenceReason(facts),
    closes:
      facts.openRecord && landedChanges(facts.openRecord, { mirror: facts.mirror, actual: null }),
    settledDecisions: [...facts.decisions.keys()],
    observed,
    isReading: true,
    asksAgain: needsAbsenceProof(facts),
    clearsTrouble: true,
    endedLinkIds: endedByAbsence(facts),
  };
  return { kind: 'settled', settlement };
}

function absenceReason(facts: MemberFacts): string {
  if (isAnyEnding(facts) && needsAbsenceProof(facts)) return WAITS_FOR_ABSENCE;
  return facts.joinRefusal === null
    ? 'the account is not in the guild'
    : NOT_LET_IN[facts.joinRefusal];
}

export function settled(run: {
  readonly facts: MemberFacts;
  readonly plan: MemberPlan;
  readonly record: OpenedRecord;
  readonly applied: WritesDone | null;
  readonly reading: MemberReading;
  /**
   * True: Discord answered in this run, so the client works. A run that used only the mirror cannot
   * know that.
   */
  readonly hasAsked: boolean;
  readonly isReading: boolean;
  /** False: the cause of a refused write is not known yet. */
  readonly isExplained?: boolean;
}): RunResult {
  const { facts, plan, record, applied, reading } = run;
  const closes = closingOf(run);
  if (!reading.isPresent) {
    const ending = absent(facts, reading);
    return ending.kind === 'settled'
      ? { ...ending, settlement: { ...ending.settlement, closes } }
      : ending;
  }
  const { heldRemovals } = record.verdict;
  const refused = applied?.refused ?? [];
  const parking = roleCauses(plan.blocked, refused, roleNamer(facts));
  const refusals = parking.map(({ cause }) => cause);
  const nickname = askedNickname(plan, applied);
  const waiting = stillWaiting(facts, plan, {
    reading,
    refused,
    isNicknameUntouched: (applied?.nickname ?? 'UNTOUCHED') === 'UNTOUCHED',
  });
  const notes = [
    record.verdict.reason,
    nicknameReason(plan, nickname),
    ...withheldReasons(facts, plan, waiting),
  ];
  const settlement = {
    ...NOTHING_SETTLED,
    outcome: outcomeOf({
      refusals,
      held: [...heldRemovals, ...(plan.undone?.held ?? [])],
      disputed: disputedRoles(plan.undone),
      closes: wasInVain(nickname, closes) || wasOnlyEnsured(closes) ? null : closes,
    }),
    reason: [...refusals, ...notes].filter((note) => note !== null).join('; ') || null,
    closes,
    heldRemovals,
    settledDecisions: settledDecisions(run, reading.roleIds),
    nickname,
    ...(plan.renamedByHandAt && { renamedByHandAt: plan.renamedByHandAt }),
    observed: reading,
    isReading: run.isReading,
    isWaiting: waiting !== null,
    retry: retryOf(facts, plan),
    isParked: parking.length > 0,
    parking,
    isUnexplained: run.isExplained === false,
    clearsTrouble: run.hasAsked,
    endedLinkIds: endedByReading(run, reading.roleIds),
  };
  const read = { facts, plan, seen: reading.roleIds };
  return { kind: 'settled', settlement: withReadings(settlement, read) };
}

/** Returns why changes were not made now. */
function withheldReasons(
  facts: MemberFacts,
  plan: MemberPlan,
  waiting: AfterScreening | null,
): readonly string[] {
  const { afterTimeout } = plan;
  const screening = waiting === null ? [] : [screeningReason(waiting)];
  const timeout = afterTimeout === undefined ? [] : [timeoutReason(afterTimeout)];
  return [...screening, ...timeout, ...undoneReasons(facts, plan, roleNamer(facts))];
}

/** Returns when changes that wait for a certain time can be made; null: none wait. */
function retryOf(facts: MemberFacts, plan: MemberPlan): Settlement['retry'] {
  const until = plan.afterTimeout?.until ?? null;
  const next = nextTry(facts, plan);
  if (next === null) return until && { at: until, why: 'TIME_OUT' };
  return { at: until !== null && until < next ? until : next, why: 'DISPUTE' };
}

/**
 * Returns the decisions to delete: held removals that are no longer planned, and approved ones that
 * are done or no longer due.
 */
function settledDecisions(
  { facts, plan, record }: Pick<Parameters<typeof settled>[0], 'facts' | 'plan' | 'record'>,
  roleIds: readonly RoleId[],
): readonly RoleId[] {
  const isPending = (roleId: RoleId) =>
    roleIds.includes(roleId) &&
    (plan.remove.includes(roleId) ||
      plan.undone?.removals.includes(roleId) === true ||
      plan.blocked.some((blocked) => blocked.roleId === roleId));
  return [...facts.decisions].flatMap(([roleId, decision]) => {
    const isSettled =
      decision === 'HELD'
        ? !record.verdict.heldRemovals.includes(roleId)
        : decision === 'APPROVED' && !isPending(roleId);
    return isSettled ? [roleId] : [];
  });
}

/** Settles a run that added the person, with the roles that Discord shows for the new member. */
export function joined(
  facts: MemberFacts,
  grantId: string,
  arrival: {
    readonly plan: MemberPlan;
    readonly record: OpenedRecord;
    readonly member: PresentMember;
  },
): RunResult {
  const { plan, record, member } = arrival;
  const observed = { isPresent: true, ...member } as const;
  const held = new Set(member.roleIds);
  const applied = {
    added: plan.add.filter((roleId) => held.has(roleId)),
    removed: [],
    ensured: { added: [], removed: [] },
    nickname: arrivalNickname(plan, member),
    refused: plan.add.filter((roleId) => !held.has(roleId)),
    gone: [],
    observed,
  };
  const ending = settled({
    facts,
    plan,
    record,
    applied,
    reading: observed,
    hasAsked: true,
    isReading: true,
  });
  return withJoining(ending, { grantId, refusal: null });
}

export function withJoining(
  ending: RunResult,
  joining: NonNullable<Settlement['joining']>,
): RunResult {
  if (ending.kind === 'interrupted') return ending;
  const { settlement } = ending;
  const { refusal } = joining;
  const reason =
    settlement.outcome === 'ABSENT' && refusal !== null ? NOT_LET_IN[refusal] : settlement.reason;
  return { kind: 'settled', settlement: { ...settlement, reason, joining } };
}

function outcomeOf(run: {
  readonly refusals: readonly string[];
  readonly held: readonly RoleId[];
  readonly disputed: readonly RoleId[];
  readonly closes: RecordClosing | null;
}): Outcome {
  if (run.refusals.length > 0) return 'PARKED';
  if (run.held.length > 0) return 'HELD';
  if (run.disputed.length > 0) return 'DISPUTED';
  return run.closes === null ? 'UNCHANGED' : 'APPLIED';
}

/**
 * Settles the run of a bot account, which is never changed: other people granted its roles, and its
 * permissions may depend on them. An ending link ends without removals; an active one is parked
 * until it is unlinked.
 */
export function ofBot(facts: MemberFacts, observed: PresentMember, hasAsked: boolean): RunResult {
  const isLinked = facts.links.some(({ status }) => status === 'ACTIVE');
  const actual = observed;
  const settlement: Settlement = {
    ...NOTHING_SETTLED,
    outcome: isLinked ? 'PARKED' : 'UNCHANGED',
    reason: isLinked ? IS_BOT : null,
    closes: facts.openRecord && landedChanges(facts.openRecord, { mirror: facts.mirror, actual }),
    settledDecisions: [...facts.decisions.keys()],
    observed: { isPresent: true, ...observed },
    isReading: hasAsked,
    isParked: isLinked,
    parking: isLinked ? [{ cause: IS_BOT, endedBy: 'end the link with unlinkDiscordUser' }] : [],
    clearsTrouble: hasAsked,
    endedLinkIds: endingLinks(facts),
  };
  return { kind: 'settled', settlement };
}

/**
 * The code below decides when an ending link may be deleted. While the link exists, its roles can
 * still be removed. Once it is deleted, no run reads the account again. So a single answer that the
 * account has left is not enough, and neither is a role's absence from the guild's role list.
 */

const WAITS_FOR_ABSENCE =
  'the account is not in the guild; its link ends when Discord confirms this, at least a minute later';

/**
 * Returns the ending links if the account is proven absent, by two answers a minute apart or by a
 * complete member list. An absent account has no roles left to remove.
 */
function endedByAbsence(facts: MemberFacts): readonly LinkId[] {
  return facts.isAbsenceProven ? endingLinks(facts) : [];
}

/**
 * Whether an ending link or a retired mapping waits for proof that the account is not in the guild.
 */
function needsAbsenceProof(facts: MemberFacts): boolean {
  const isAnythingEnding =
    endingLinks(facts).length > 0 || facts.mappings.some((one) => one.isRetired);
  return isAnythingEnding && !facts.isAbsenceProven;
}

/**
 * Returns the links to end after a reading with `roleIds`: none while a role still has to be
 * removed. Roles that the account's current user should have do not count, nor do roles that
 * Discord reports as nonexistent.
 */
function endedByReading(
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
    plan.undone?.removals.some((roleId) => roleIds.includes(roleId)) !== true &&
    !plan.remove.some((roleId) => refused.includes(roleId) || isLeft(roleId));
  return isDone ? endingLinks(facts) : [];
}

function endingLinks({ links }: MemberFacts): readonly LinkId[] {
  const ending = links.filter((link) => link.status === 'ENDING');
  return ending.map((link) => link.linkId);
}
