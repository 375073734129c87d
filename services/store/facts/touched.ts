import type { Cause, FactOutcome, GroupId, PlatformUserId } from '../../model.js';
import type { UserRegister } from './known.js';

/** The result of folding: outcomes, rows to write, and members to mark. */
export interface Folded {
  readonly outcomes: readonly FactOutcome[];
  readonly touchedUsers: ReadonlySet<PlatformUserId>;
  readonly touchedGroups: ReadonlySet<GroupId>;
  readonly touchedMemberships: ReadonlyMap<PlatformUserId, ReadonlySet<GroupId>>;
  /** `groupId: null`: every membership of the user may have changed. */
  readonly memberMarks: readonly MemberMark[];
  /**
   * Members for whom a newer fact repeats a recorded membership, so that only the position of the
   * membership in the order changed.
   */
  readonly repetitions: readonly MemberMark[];
  /** Users whose username or attributes changed, and the names of the changed values. */
  readonly personMarks: readonly PersonMark[];
  readonly groupMarks: readonly {
    readonly groupId: GroupId;
    readonly cause: Cause;
  }[];
  /** Groups whose deletion fence was raised. Memberships that are not newer than the fence end. */
  readonly groupDeletions: readonly {
    readonly groupId: GroupId;
    readonly cause: Cause;
  }[];
  readonly deletedUsers: readonly {
    readonly platformUserId: PlatformUserId;
    readonly cause: Cause;
  }[];
}

export interface MemberMark {
  readonly platformUserId: PlatformUserId;
  readonly groupId: GroupId | null;
  readonly cause: Cause;
}

export interface PersonMark {
  readonly platformUserId: PlatformUserId;
  readonly changed: readonly UserRegister[];
  readonly cause: Cause;
}

/** Collects the changes while facts are folded. */
export class Touched {
  readonly touchedUsers = new Set<PlatformUserId>();
  readonly touchedGroups = new Set<GroupId>();
  readonly touchedMemberships = new Map<PlatformUserId, Set<GroupId>>();
  readonly memberMarks: MemberMark[] = [];
  readonly repetitions: MemberMark[] = [];
  readonly personMarks: PersonMark[] = [];
  readonly groupMarks: { groupId: GroupId; cause: Cause }[] = [];
  readonly groupDeletions: { groupId: GroupId; cause: Cause }[] = [];
  readonly deletedUsers: { platformUserId: PlatformUserId; cause: Cause }[] = [];

  membership(platformUserId: PlatformUserId, groupId: GroupId): void {
    const groups = this.touchedMemberships.get(platformUserId) ?? new Set();
    this.touchedMemberships.set(platformUserId, groups.add(groupId));
  }
}
