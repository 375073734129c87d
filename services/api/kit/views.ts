/** Plain rows for the API, mapped to GraphQL types elsewhere. No view contains a secret. */
import type {
  Attributes,
  AuditRecordId,
  Authority,
  Cause,
  ClientId,
  ClientSettings,
  DiscordUserId,
  Endpoints,
  GroupId,
  GuildId,
  GuildRole,
  LinkId,
  LinkState,
  MappingId,
  Outcome,
  PlatformUserId,
  RoleBlock,
  RoleId,
} from '../../model.js';
import type { PlannedRequestView } from '../http/request-view.js';
import type { LostSecretView, SendingPauseView } from '../clients/client-state.js';

export interface RoleKey {
  readonly clientId: ClientId;
  readonly roleId: RoleId;
}

export type { ClientSettings, Endpoints };

export interface ClientView extends ClientSettings {
  readonly id: ClientId;
  readonly guildId: GuildId;
  readonly botUserId: DiscordUserId | null;
  readonly endpoints: Endpoints;
  readonly rolesReadAt: Date | null;
  /** Why nothing is sent for this client now; null when all is well. */
  readonly trouble: string | null;
  /** Why the last list of the guild's members could not be believed; null: it could. */
  readonly doubt: string | null;
  /** Why Discord did not count who holds the roles, when a sweep last asked; null: it did. */
  readonly countsFault: string | null;
  /**
   * Secrets that cannot be read, as the key they were encrypted with is not known; empty when all
   * can.
   */
  readonly lostSecrets: readonly LostSecretView[];
  readonly stoppedAt: Date | null;
  readonly pausedUntil: Date | null;
  /** Why the process that works this client sends nothing now; over when `until` has passed. */
  readonly sending: SendingPauseView | null;
  /** Set while the roles of a deleted client are being removed. */
  readonly endingAt: Date | null;
  /** The results of the last check at Discord; empty before the first. */
  readonly checks: readonly CheckResult[];
  readonly checkedAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface NewClient extends ClientSettings {
  readonly guildId: GuildId;
  readonly endpoints: Endpoints;
  readonly clientSecret: string;
  readonly botToken: string;
}

export type ClientPatch = Partial<Omit<NewClient, 'guildId'>>;

export type RoleView = GuildRole & { readonly clientId: ClientId };

export interface MappingView {
  readonly id: MappingId;
  readonly clientId: ClientId;
  readonly groupId: GroupId;
  readonly roleId: RoleId;
  /** The client's, unless the mapping names its own. */
  readonly authority: Authority;
  readonly createdAt: Date;
  readonly retiredAt: Date | null;
}

export interface LinkView {
  readonly id: LinkId;
  readonly clientId: ClientId;
  readonly platformUserId: PlatformUserId;
  readonly discordUserId: DiscordUserId;
  readonly username: string | null;
  readonly displayName: string | null;
  readonly nickname: string | null;
  /** Every role the mirror shows, foreign ones too; empty when Discord was never asked. */
  readonly roleIds: readonly RoleId[];
  readonly state: LinkState;
  readonly reason: string | null;
  /** Membership screening at Discord is not done. */
  readonly isScreening: boolean;
  /** The guild has banned the account. */
  readonly isBanned: boolean;
  readonly timedOutUntil: Date | null;
  readonly lastReconciledAt: Date | null;
  readonly linkedAt: Date;
}

/**
 * The result for one user of an import. `message`: why not. `linkId`: the existing link; null after
 * a dry run.
 */
export interface ImportVerdict {
  readonly kind: 'LINKED' | 'UNCHANGED' | 'CONFLICT' | 'INVALID';
  readonly message: string | null;
  readonly linkId: LinkId | null;
  /** The field of the item that is at fault; absent: none alone is. */
  readonly field?: 'discordUserId';
}

export interface PlatformUserView {
  readonly id: PlatformUserId;
  readonly username: string | null;
  readonly attributes: Attributes;
  /** A snapshot was received: groups not listed are known not to hold the user. */
  readonly hasSnapshot: boolean;
  readonly deletedAt: Date | null;
}

export interface PlatformGroupView {
  readonly id: GroupId;
  readonly name: string | null;
  readonly deletedAt: Date | null;
}

/** What the next reconcile would do, according to the mirror. Does not call Discord. */
export interface MemberPlanView {
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  /** Roles to grant once the member has passed Discord's membership screening. */
  readonly waiting: readonly RoleId[];
  /** Removals that the guard would hold. */
  readonly held: readonly RoleId[];
  /** Managed roles that stay because a mapped group is not known for this person. */
  readonly unknown: readonly RoleId[];
  readonly blocked: readonly { readonly roleId: RoleId; readonly refusal: string }[];
  readonly requests: readonly PlannedRequestView[];
  /** Null: none is to be set. */
  readonly nickname: string | null;
  /** Why none can be set, though it should be. */
  readonly nicknameBlocked: string | null;
  /** When the mirror was last true; null: Discord was never asked. */
  readonly observedAt: Date | null;
  readonly summary: string;
}

/** Why a person has, or has not, a role. */
export interface RoleExplanationView {
  readonly roleId: RoleId;
  readonly roleName: string | null;
  /** False: the role is foreign. */
  readonly isMapped: boolean;
  readonly desired: 'YES' | 'NO' | 'UNKNOWN';
  /** As last observed; null: never. */
  readonly isHeld: boolean | null;
  readonly seenAt: Date | null;
  readonly mappings: readonly {
    readonly mappingId: MappingId;
    readonly groupId: GroupId;
    readonly authority: Authority;
    readonly isRetired: boolean;
    readonly membership: 'HELD' | 'NOT_HELD' | 'UNKNOWN';
  }[];
  readonly lastChange: {
    readonly auditRecordId: AuditRecordId;
    readonly change: 'ADDED' | 'REMOVED';
    readonly at: Date;
    readonly cause: Cause | null;
  } | null;
  readonly blockedBy: readonly RoleBlock[];
  /** One sentence for each of `blockedBy`. */
  readonly unblockedBy: readonly string[];
  readonly sentence: string;
}

export interface CheckResult {
  readonly name: string;
  readonly result: 'OK' | 'WARNING' | 'FAILED';
  readonly message: string;
  /** The remedy; null if no action is needed. */
  readonly remedy: string | null;
}

/**
 * Keyset paging over `id`; `limit` is at least 1. `rows` never has more than `limit` rows;
 * `hasMore` says if there are more.
 */
export interface Page {
  readonly limit: number;
  readonly after: string | null;
}

export interface Rows<Row> {
  readonly rows: readonly Row[];
  readonly hasMore: boolean;
}

export interface LinkFilter {
  readonly states?: readonly LinkState[];
  readonly platformUserIds?: readonly PlatformUserId[];
  readonly discordUserIds?: readonly DiscordUserId[];
  readonly roleId?: RoleId;
  readonly groupId?: GroupId;
}

export interface AuditFilter {
  readonly clientId?: ClientId;
  /** At most these clients: the limit of a key. */
  readonly clientIds?: readonly ClientId[];
  readonly discordUserId?: DiscordUserId;
  readonly platformUserId?: PlatformUserId;
  readonly outcomes?: readonly Outcome[];
  readonly roleId?: RoleId;
  readonly openedAfter?: Date;
  readonly openedBefore?: Date;
}
