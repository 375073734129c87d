/**
 * What a run writes down: before its first change, after its last, and what the removal guard makes
 * of it.
 */
import type {
  AuditRecordId,
  JoinRefusal,
  LinkId,
  MemberReading,
  Outcome,
  PlatformUserId,
  RoleChanges,
  RoleId,
} from '../model.js';
import type { Job } from './job.js';
import type { RemoteReadings } from './remote.js';

export interface OpenRecord {
  readonly recordId: AuditRecordId;
  readonly plannedAdded: readonly RoleId[];
  readonly plannedRemoved: readonly RoleId[];
  /** Null: it was to be left alone. */
  readonly plannedNickname: string | null;
  /**
   * Of the plan, what the last reading before it already showed; all of it where nothing had been
   * read. Writing that is no change that the record may claim.
   */
  readonly ensured: RoleChanges;
}

/** What came of a record: the changes that are known to have been made. */
export interface RecordClosing {
  readonly recordId: AuditRecordId;
  readonly added: readonly RoleId[];
  readonly removed: readonly RoleId[];
  /** Written, or found so, without a change that the last reading before the write left open. */
  readonly ensured: RoleChanges;
  /** Null: it stayed as it was. */
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
  /** By distinct members, without those at hand. */
  readonly removedLastHour: number;
  /**
   * Let pass when their members were marked, and not begun. 0 for the run of a single member, which
   * was judged with them.
   */
  readonly due: number;
  /** Now; members who were granted the role within the hour are not counted. */
  readonly holders: number;
}

/**
 * What removals follow from, as far as accidents are concerned: the same cause twice may be the
 * same accident.
 */
export type RemovalCause = 'MEMBERSHIP' | 'USER_DELETED' | 'GROUP_DELETED' | 'SWEEP' | 'OTHER';

export interface RoleState {
  /** Null: not known. */
  readonly name: string | null;
  /**
   * Everyone who is known to have held it within the hour; counted up to twice the removals at
   * hand.
   */
  readonly heldLastHour: number;
  /**
   * Causes of the removals that the limits hold. `isStream`: each came alone, and only their sum
   * exceeded the limit.
   */
  readonly waiting: readonly {
    readonly cause: RemovalCause;
    readonly isStream: boolean;
  }[];
  /** Of one of the members at hand: the removal waits for a person. */
  readonly isHeld: boolean;
  /** Of one of the members at hand: the removal was let pass when the member was marked. */
  readonly isForeseen: boolean;
}

/** Removals of the last hour that count, and holders, per role and over all roles of the guild. */
export interface GuardTally {
  readonly roles: ReadonlyMap<RoleId, RoleTally & RoleState>;
  readonly guild: RoleTally;
  /** The memory knows of no membership at all: it is not the platform that says "no". */
  readonly hasNoMemberships: boolean;
}

/** Removals of one role that a burst asks for, by one kind of cause. */
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
  /** The person is brought into the guild: recorded even where there is nothing to give. */
  readonly isArrival: boolean;
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  /** Null: it is left alone. */
  readonly nickname: string | null;
  /** Of the plan: see OpenRecord. */
  readonly ensured: RoleChanges;
  /** Removals that the guard leaves alone: approved, or of roles the member is not seen to hold. */
  readonly uncounted: readonly RoleId[];
  /** Of `uncounted`: they follow from `holders: TAKE_BACK`, and count for their role. */
  readonly takenBack: readonly RoleId[];
  readonly judge: (tally: GuardTally) => GuardVerdict;
  /**
   * What the plan starts from, where Discord showed other than the mirror does: the mirror shows it
   * before the first change.
   */
  readonly observed: MemberReading | null;
  /** An open record whose plan no longer fits: closed in the same transaction, as evidence. */
  readonly supersedes: RecordClosing | null;
}

export interface OpenedRecord {
  /**
   * Null when nothing may be written: every change was a held removal, and nobody is brought in or
   * renamed.
   */
  readonly recordId: AuditRecordId | null;
  readonly verdict: GuardVerdict;
}

/** What a run has read where Discord has the say, and would ask the platform for. */
export interface RequestsToSettle extends RemoteReadings {
  /** Requests to remove that count for the removal guard. */
  readonly counted: readonly RoleId[];
  readonly judge: (tally: GuardTally) => GuardVerdict;
}

/** As people know them; null: it has no name. */
export interface MappingNames {
  readonly roleName: string | null;
  readonly groupName: string | null;
}

/** Why a member is parked, in words that fit every member with the same cause. */
export interface ParkedCause {
  readonly cause: string;
  /** An instruction. */
  readonly endedBy: string;
}

/**
 * How a run ended, written in one transaction with the mirror, the record, the event and the job.
 */
export interface Settlement {
  readonly outcome: Outcome;
  readonly reason: string | null;
  /** The record to close; null when nothing was written. */
  readonly closes: RecordClosing | null;
  readonly heldRemovals: readonly RoleId[];
  /** Of the held removals: later ones by the same kind of cause join them. Absent: OTHER. */
  readonly removalCause?: RemovalCause;
  /**
   * Decisions that the run has seen and that are settled with it: carried out, or of no use any
   * more.
   */
  readonly settledDecisions: readonly RoleId[];
  readonly requests: RequestsToSettle | null;
  /** A nickname that was asked for, and whether Discord shows it now; null: none was. */
  readonly nickname: {
    readonly asked: string;
    readonly isTaken: boolean;
  } | null;
  /** What Discord answered last; null when it was not asked. */
  readonly observed: MemberReading | null;
  /**
   * What came of bringing the person in with this grant, `refusal` null: they are in; null: nobody
   * tried.
   */
  readonly joining: {
    readonly grantId: string;
    readonly refusal: JoinRefusal | null;
  } | null;
  /**
   * Something is left that only a change of state can mend: looked at again on a mark, or after a
   * day.
   */
  readonly isParked: boolean;
  /**
   * Grants wait until the member has passed screening: the member is PENDING, and checked in a day
   * if no sweep does before.
   */
  readonly isWaiting: boolean;
  /** Absent or empty unless the run parked the member. */
  readonly parking?: readonly ParkedCause[];
  /** The account must be absent by a second answer before anything ends: asked in a minute. */
  readonly asksAgain: boolean;
  /**
   * Discord answers for this client again: its trouble is over, and pauses start from the shortest
   * again.
   */
  /**
   * Discord has answered with all of `observed`; else it is the mirror, with what the run has
   * written.
   */
  readonly isReading: boolean;
  readonly clearsTrouble: boolean;
  /** Links whose roles are taken back, or whose member has gone: they end now. */
  readonly endedLinkIds: readonly LinkId[];
}

export interface Postponement {
  /** From now, by the database's clock: a process may have another. */
  readonly waitMs: number;
  /** Adds one to `attempts`; a rate limit does not. */
  readonly isFailure: boolean;
  readonly reason: string;
  readonly observed: MemberReading | null;
  /**
   * A record under which nothing was done: it is deleted, so that nobody has to look what became of
   * it.
   */
  readonly idleRecordId: AuditRecordId | null;
}
