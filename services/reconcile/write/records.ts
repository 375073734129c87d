/**
 * What a run records before its first change and after its last, and the guard's tally and verdict.
 */
import type {
  AuditRecordId,
  DiscordUserId,
  GroupId,
  JoinRefusal,
  LinkId,
  MemberReading,
  Outcome,
  PlatformUserId,
  RoleChanges,
  RoleId,
} from '../../model.js';
import type { Job } from '../job.js';
import type { RemoteReadings } from '../plan/remote.js';

export interface OpenRecord {
  readonly recordId: AuditRecordId;
  readonly plannedAdded: readonly RoleId[];
  readonly plannedRemoved: readonly RoleId[];
  /** Null: no nickname was planned. */
  readonly plannedNickname: string | null;
  /**
   * The part of the plan that the last reading already showed; all of it if nothing had been read.
   * The record must not claim these writes as changes.
   */
  readonly ensured: RoleChanges;
}

/** The result of a record: the changes known to have been made. */
export interface RecordClosing {
  readonly recordId: AuditRecordId;
  readonly added: readonly RoleId[];
  readonly removed: readonly RoleId[];
  /** Written or found in place, although the last reading before the write already showed it. */
  readonly ensured: RoleChanges;
  /** Null: the nickname did not change. */
  readonly nickname: string | null;
}

/**
 * Removals within an hour may reach `minimum`, or `percent` of the role's holders, whichever is
 * more.
 */
export interface GuardLimits {
  readonly minimum: number;
  readonly percent: number;
}

export interface RoleTally {
  /** Distinct members, without the ones being judged now. */
  readonly removedLastHour: number;
  /**
   * Allowed when their members were marked, but not started yet. 0 for the run of a single member,
   * who was judged together with these.
   */
  readonly due: number;
  /** Current holders, without members who were granted the role within the hour. */
  readonly holders: number;
}

/**
 * The kind of cause of a removal. Two removals with the same kind may belong to the same accident.
 */
export type RemovalCause = 'MEMBERSHIP' | 'USER_DELETED' | 'GROUP_DELETED' | 'SWEEP' | 'OTHER';

export interface RoleState {
  /** Null: not known. */
  readonly name: string | null;
  /**
   * Members known to have held the role within the hour, counted up to twice the removals being
   * judged.
   */
  readonly heldLastHour: number;
  /**
   * Causes of the removals that the limits hold. `isStream`: each came alone, and only their sum
   * exceeded the limit.
   */
  readonly waiting: readonly { readonly cause: RemovalCause; readonly isStream: boolean }[];
  /** The member's removal waits for approval. */
  readonly isHeld: boolean;
  /** The member's removal was already allowed, when the member was marked. */
  readonly isForeseen: boolean;
}

/**
 * Counted removals of the last hour, and holders, per role and for all roles of the guild together.
 */
export interface GuardTally {
  readonly roles: ReadonlyMap<RoleId, RoleTally & RoleState>;
  readonly guild: RoleTally;
  /** No membership at all is stored, so the platform cannot have said "no". */
  readonly hasNoMemberships: boolean;
}

/** Removals of one role that a burst would make, by one kind of cause. */
export interface PlannedRemovals {
  readonly roleId: RoleId;
  readonly cause: RemovalCause;
  readonly count: number;
}

export interface HeldRemovals extends PlannedRemovals {
  readonly reason: string;
  readonly isStream: boolean;
}

export interface GuardVerdict {
  readonly allowedRemovals: readonly RoleId[];
  readonly heldRemovals: readonly RoleId[];
  readonly reason: string | null;
}

export interface OpenRecordRequest {
  readonly job: Job;
  readonly platformUserId: PlatformUserId | null;
  /** The person is being added to the guild. This is recorded even if there is nothing to grant. */
  readonly isArrival: boolean;
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  /** Null: the nickname is left alone. */
  readonly nickname: string | null;
  /** See OpenRecord. */
  readonly ensured: RoleChanges;
  /**
   * Removals that the guard ignores: approved ones, and those of roles the member does not seem to
   * hold.
   */
  readonly uncounted: readonly RoleId[];
  /**
   * The part of `uncounted` that follows from `holders: TAKE_BACK`; these do count for their role.
   */
  readonly takenBack: readonly RoleId[];
  readonly judge: (tally: GuardTally) => GuardVerdict;
  /**
   * The reading the plan starts from, if it differs from the mirror. The mirror is updated with it
   * before the first change.
   */
  readonly observed: MemberReading | null;
  /** An open record whose plan no longer fits: closed as evidence in the same transaction. */
  readonly supersedes: RecordClosing | null;
}

export interface OpenedRecord {
  /**
   * Null when nothing may be written: every change was a held removal, and the person is neither
   * added nor renamed.
   */
  readonly recordId: AuditRecordId | null;
  readonly verdict: GuardVerdict;
}

/** The readings of a run under authority DISCORD, with the requests it would make. */
export interface RequestsToSettle extends RemoteReadings {
  /** Requests for removal that count towards the removal guard. */
  readonly counted: readonly RoleId[];
  readonly judge: (tally: GuardTally) => GuardVerdict;
}

/** Names for people to read; null: it has no name. */
export interface MappingNames {
  readonly roleName: string | null;
  readonly groupName: string | null;
}

/** Why a member is parked, in words that fit every member with the same cause. */
export interface ParkedCause {
  readonly cause: string;
  /** An instruction to the admin. */
  readonly endedBy: string;
}

/**
 * How a run ended. Written in one transaction with the mirror, the record, the event and the job.
 */
export interface Settlement {
  readonly outcome: Outcome;
  readonly reason: string | null;
  /** The record to close; null: nothing was written. */
  readonly closes: RecordClosing | null;
  readonly heldRemovals: readonly RoleId[];
  /** For the held removals: later ones with the same kind of cause join them. Absent: OTHER. */
  readonly removalCause?: RemovalCause;
  /** Decisions that this run used up: carried out, or no longer needed. */
  readonly settledDecisions: readonly RoleId[];
  readonly requests: RequestsToSettle | null;
  /** The nickname that was written and whether Discord shows it now; null: none was. */
  readonly nickname: { readonly asked: string; readonly isTaken: boolean } | null;
  /** Discord's last answer; null: the member was not read. */
  readonly observed: MemberReading | null;
  /**
   * The result of adding the person with this grant, `refusal` null: they are in; null: it was not
   * tried.
   */
  readonly joining: { readonly grantId: string; readonly refusal: JoinRefusal | null } | null;
  /** Something remains that only an outside change can fix: retried on a mark, or after a day. */
  readonly isParked: boolean;
  /**
   * Grants wait for screening: the member is PENDING, and is checked within a day if no sweep does
   * so before.
   */
  readonly isWaiting: boolean;
  /** The reason of a parked member could not be read yet: they are tried again in a minute. */
  readonly isUnexplained?: boolean;
  /** Absent or empty unless the run parked the member. */
  readonly parking?: readonly ParkedCause[];
  /** The absence needs a second answer before a link ends; the member is read again in a minute. */
  readonly asksAgain: boolean;
  /**
   * Discord answers for this client again: its trouble is cleared, and pauses start from the
   * shortest.
   */
  /** True: `observed` is what Discord returned. False: it is the mirror plus the run's writes. */
  readonly isReading: boolean;
  readonly clearsTrouble: boolean;
  /** Other members to reconcile again, because they were refused only while the guild was unhealthy. */
  readonly tryAgain?: readonly DiscordUserId[];
  /** Links to end now, because their roles are removed or their member has left. */
  readonly endedLinkIds: readonly LinkId[];
}

/** What a run leaves behind that ended before its last change. */
export interface Unfinished extends Pick<
  Settlement,
  'outcome' | 'observed' | 'isReading' | 'nickname'
> {
  /**
   * The record to close, because the result of each of its writes is known. Null: it stays open for
   * the next run, or there is none.
   */
  readonly closes: RecordClosing | null;
  /**
   * A record under which nothing was changed. It is deleted, so that no later run has to find out.
   */
  readonly idleRecordId: AuditRecordId | null;
  /** Groups with no role left to write: see `Cause.isWritten`. */
  readonly writtenGroupIds: readonly GroupId[];
}

export const NOTHING_DONE: Unfinished = {
  outcome: 'UNCHANGED',
  observed: null,
  isReading: false,
  nickname: null,
  closes: null,
  idleRecordId: null,
  writtenGroupIds: [],
};

export interface Postponement extends Unfinished {
  /** From now, by the database's clock, which may differ from the process's. */
  readonly waitMs: number;
  /** Adds one to `attempts`; a rate limit does not. */
  readonly isFailure: boolean;
  readonly reason: string;
}
