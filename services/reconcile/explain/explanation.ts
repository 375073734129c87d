import type {
  AuditRecordId,
  Authority,
  Cause,
  GroupId,
  JoinRefusal,
  LinkId,
  MappingId,
  PlatformUserId,
  RemovalVerdict,
  RoleBlock,
  RoleId,
  RoleRefusal,
} from '../../model.js';
import type { HandChange, MappingFacts } from '../ports.js';

/** Why a person has a role or not, and what would change that. */
export interface RoleExplanation {
  readonly roleId: RoleId;
  /** Null: the role was never read from Discord. */
  readonly roleName: string | null;
  /** False: no mapping names the role, so it is foreign. */
  readonly isMapped: boolean;
  readonly desired: DesiredWord;
  /** Whether Discord last showed the role on the member; null: the member was never read. */
  readonly isHeld: boolean | null;
  readonly seenAt: Date | null;
  readonly mappings: readonly {
    readonly mappingId: MappingId;
    readonly groupId: GroupId;
    readonly authority: Authority;
    readonly isRetired: boolean;
    readonly membership: 'HELD' | 'NOT_HELD' | 'UNKNOWN';
  }[];
  readonly lastChange: RoleChange | null;
  readonly blockedBy: readonly RoleBlock[];
  /** One sentence for each of `blockedBy`, in its order. */
  readonly unblockedBy: readonly string[];
  readonly sentence: string;
}

/** `UNKNOWN`: the connector leaves the role as it is, because no group decides it. */
export type DesiredWord = 'YES' | 'NO' | 'UNKNOWN';

export interface RoleChange {
  readonly auditRecordId: AuditRecordId;
  readonly change: 'ADDED' | 'REMOVED';
  readonly at: Date;
  /** The newest cause that names a group mapped to the role, or else the newest cause. */
  readonly cause: Cause | null;
}

/** The history of a link and a role, in addition to the member's facts. */
export interface RoleHistory {
  readonly link: {
    readonly linkId: LinkId;
    readonly platformUserId: PlatformUserId;
    readonly username: string | null;
  };
  readonly client: {
    readonly isEnabled: boolean;
    readonly isStopped: boolean;
    readonly isPaused: boolean;
  };
  /**
   * Records of changes before this time have been deleted; null: all since the link was created are
   * kept.
   */
  readonly forgottenBefore: Date | null;
  /** Null: the role was never read from Discord. */
  readonly roleName: string | null;
  readonly reason: string | null;
  readonly joinRefusal: JoinRefusal | null;
  /**
   * Set if the role's removal waits for approval, or if a person has decided about it; else null.
   */
  readonly decision: {
    readonly verdict: RemovalVerdict;
    /** Null: the sweep has been deleted. */
    readonly sweepId: string | null;
    readonly why: string;
    readonly at: Date;
  } | null;
  readonly job: {
    readonly isParked: boolean;
    readonly attempts: number;
    readonly dueAt: Date;
  } | null;
  readonly lastChange: (Omit<RoleChange, 'cause'> & { readonly causes: readonly Cause[] }) | null;
  /** The groups mapped to the role, with what is known about the linked user's membership. */
  readonly groups: readonly {
    readonly groupId: GroupId;
    readonly name: string | null;
    readonly isDeleted: boolean;
    /** The time of the current membership fact; null: there is none. */
    readonly saidAt: Date | null;
    /** True: the fact came with the complete list of the person's groups. */
    readonly isSnapshot: boolean;
  }[];
}

/** The facts from which the blocks and sentences of an explanation are made. */
export interface RoleStanding extends Pick<
  RoleExplanation,
  'roleId' | 'roleName' | 'isMapped' | 'desired' | 'isHeld' | 'lastChange'
> {
  readonly refusal: RoleRefusal | null;
  readonly mappings: readonly MappingFacts[];
  readonly isEnding: boolean;
  /** True: the link is ending, and the account is already linked to another user. */
  readonly isTakenOver: boolean;
  readonly isAbsent: boolean;
  /** True: nothing is granted until the member passes Discord's membership screening. */
  readonly isScreened: boolean;
  /** True: nothing is granted until the member's time-out ends. */
  readonly isTimedOut: boolean;
  /** The change by others that is not reverted now, and why; null: there is none. */
  readonly undone: { readonly why: 'HELD' | 'DISPUTED'; readonly change: HandChange } | null;
  readonly history: RoleHistory;
}
