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
} from '../model.js';
import type { MappingFacts } from './ports.js';

/** Why a person has, or has not, a role; and what would change it. */
export interface RoleExplanation {
  readonly roleId: RoleId;
  /** Null: the guild's roles were never read with it. */
  readonly roleName: string | null;
  /** False: no mapping names it, the role is foreign. */
  readonly isMapped: boolean;
  readonly desired: DesiredWord;
  /** As last seen at Discord; null: never seen. */
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

/** `UNKNOWN`: nobody says, so the role is left as it is. */
export type DesiredWord = 'YES' | 'NO' | 'UNKNOWN';

export interface RoleChange {
  readonly auditRecordId: AuditRecordId;
  readonly change: 'ADDED' | 'REMOVED';
  readonly at: Date;
  /** Of several the one that speaks of a mapped group, else the newest. */
  readonly cause: Cause | null;
}

/** What is kept of a link, a role and what was done about them, besides the member's facts. */
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
  /** Records of changes from before this are not kept; null: all since the link was made are. */
  readonly forgottenBefore: Date | null;
  /** Null: the guild's roles were never read with it. */
  readonly roleName: string | null;
  readonly reason: string | null;
  readonly joinRefusal: JoinRefusal | null;
  /** What is said of the role's removal: it waits for a person, or one has spoken. */
  readonly decision: {
    readonly verdict: RemovalVerdict;
    /** Null: the sweep was so long ago that it is forgotten. */
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
  /**
   * What the person of the active link was said to be in, and not to be in; groups mapped to the
   * role only.
   */
  readonly groups: readonly {
    readonly groupId: GroupId;
    readonly name: string | null;
    readonly isDeleted: boolean;
    /** The time of the fact that stands; null: none does. */
    readonly saidAt: Date | null;
    /** It was said with the whole list of the person's groups. */
    readonly isSnapshot: boolean;
  }[];
}

/** What there is to know, put together: what blocks and sentences are made from. */
export interface RoleStanding extends Pick<
  RoleExplanation,
  'roleId' | 'roleName' | 'isMapped' | 'desired' | 'isHeld' | 'lastChange'
> {
  readonly refusal: RoleRefusal | null;
  readonly mappings: readonly MappingFacts[];
  readonly isEnding: boolean;
  /** The link is ending, and the account is somebody else's already. */
  readonly isTakenOver: boolean;
  readonly isAbsent: boolean;
  /** Nothing is granted until the member has passed Discord's membership screening. */
  readonly isScreened: boolean;
  readonly history: RoleHistory;
}
