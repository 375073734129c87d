/**
 * The records a run writes before its first and after its last change; the guard's tally and
 * verdict.
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
  /**
   * Changes that the last reading before the write already showed: written again, or found in
   * place.
   */
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
  /** Members with removals in the last hour, each counted once, without the removals judged now. */
  readonly removedLastHour: number;
  /**
   * Removals that were allowed when their members were marked and have not started. Always 0 when
   * the run of a single member is judged, because its removal was already judged together with
   * these.
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
   * Members known to have held the role within the hour; counting stops at twice the removals being
   * judged.
   */
  readonly heldLastHour: number;
  /**
   * Causes of the removals held by the limits. `isStream`: they came one by one, and only their sum
   * exceeded the limit.
   */
  readonly waiting: readonly { readonly cause: RemovalCause; readonly isStream: boolean }[];
  /** True: for the member being judged, removal of the role waits for approval. */
  readonly isHeld: boolean;
  /** True: for the member being judged, removal of the role was allowed at marking. */
  readonly isForeseen: boolean;
}

/**
 * Counted removals of the last hour, and holders, per role and for all roles of the guild together.
 */
export interface GuardTally {
  readonly roles: ReadonlyMap<RoleId, RoleTally & RoleState>;
  readonly guild: RoleTally;
  /** True: no membership at all is stored, so a missing membership does not mean "no". */
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
   * The part of `uncounted` that follows from `holders: TAKE_BACK`. The guard never holds these
   * removals, but later tallies of the role count them.
   */
  readonly takenBack: readonly RoleId[];
  readonly judge: (tally: GuardTally) => GuardVerdict;
  /**
   * The reading the plan starts from, if it differs from the mirror. The mirror is updated with it
   * before the first change.
   */
  readonly observed: MemberReading | null;
  /**
   * The open record of an interrupted run, if its plan no longer fits; null: there is none. It is
   * closed in the same transaction, with the changes that Discord shows.
   */
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

/** Names for people to read; null: the role or group has none. */
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

/** What a run's end means for the stored changes by others. */
export interface HandsEnd {
  /** Changes to forget. */
  readonly over: readonly RoleId[];
  /** Disputed changes that the run made, and how long to wait before the next try. */
  readonly tried: readonly { readonly roleId: RoleId; readonly waitMs: number }[];
}

/**
 * How a run ended. It is written in one transaction with the mirror, the record, the event and the
 * job.
 */
export interface Settlement {
  readonly outcome: Outcome;
  readonly reason: string | null;
  /** The record to close; null: nothing was written. */
  readonly closes: RecordClosing | null;
  readonly heldRemovals: readonly RoleId[];
  /**
   * The kind of cause of the held removals; later removals of the same kind join them. Absent:
   * OTHER.
   */
  readonly removalCause?: RemovalCause;
  /** Decisions to delete: carried out, or no longer needed. */
  readonly settledDecisions: readonly RoleId[];
  readonly requests: RequestsToSettle | null;
  /** The nickname that was written and whether Discord shows it now; null: none was written. */
  readonly nickname: { readonly asked: string; readonly isTaken: boolean } | null;
  /** New value of `member.renamed_by_hand_at`; absent: it does not change. */
  readonly renamedByHandAt?: readonly Date[];
  /** The member's latest state, see `isReading`; null: the member was not read. */
  readonly observed: MemberReading | null;
  /**
   * The result of adding the person with this grant; null: not tried. `refusal` is null if they are
   * in the guild.
   */
  readonly joining: { readonly grantId: string; readonly refusal: JoinRefusal | null } | null;
  /**
   * True: changes are left that the connector cannot make until something outside it changes. The
   * member is retried on a mark, or after a day.
   */
  readonly isParked: boolean;
  /**
   * True: grants wait for membership screening. The link is shown as PENDING, and the member is
   * read again within a day, or earlier by a sweep.
   */
  readonly isWaiting: boolean;
  /**
   * When changes that wait for a certain time can be made; the job is due then. Null: none
   * wait. With `TIME_OUT` alone, the link is shown as PENDING.
   */
  readonly retry: { readonly at: Date; readonly why: 'TIME_OUT' | 'DISPUTE' } | null;
  /** What the run means for stored changes by others; absent: there are none. */
  readonly hands?: HandsEnd & { readonly knownAtMs: number };
  /** True: the cause of the parking is not known yet, so the member is retried in a minute. */
  readonly isUnexplained?: boolean;
  /** Why the run parked the member; absent or empty if it did not. */
  readonly parking?: readonly ParkedCause[];
  /** True: a second reading, a minute later, must confirm the absence before a link ends. */
  readonly asksAgain: boolean;
  /** True: `observed` is what Discord returned. False: it is the mirror plus the run's writes. */
  readonly isReading: boolean;
  /**
   * True: Discord answers for this client again. Its stop or pause is then cleared, and the next
   * pause starts again at the shortest length.
   */
  readonly clearsTrouble: boolean;
  /** Other members to retry, because they were refused while the guild was unhealthy. */
  readonly tryAgain?: readonly DiscordUserId[];
  /** Links to end now, because their roles are removed or their member has left. */
  readonly endedLinkIds: readonly LinkId[];
}

/** The result of a run that ended before its last change. */
export interface Unfinished extends Pick<
  Settlement,
  'outcome' | 'observed' | 'isReading' | 'nickname'
> {
  /**
   * The record to close, because the result of every write under it is known. Null: there is no
   * record, or it stays open for the next run.
   */
  readonly closes: RecordClosing | null;
  /**
   * A record to delete, because nothing was changed under it. Otherwise a later run would have to
   * find that out.
   */
  readonly idleRecordId: AuditRecordId | null;
  /** Groups whose roles are all written; see `Cause.isWritten`. */
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
  /**
   * Time from now until the next run, by the database's clock, which may differ from the process's.
   */
  readonly waitMs: number;
  /** True: adds one to `attempts`. False for a rate limit. */
  readonly isFailure: boolean;
  readonly reason: string;
}
