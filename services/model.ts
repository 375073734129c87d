/**
 * The glossary. Each word has this one meaning everywhere in the project:
 * - **client**: one Discord application with its bot and the **guild** (Discord server) it serves.
 *   **role**: a role of a guild.
 * - **member**: a Discord user in a guild. **group**: a group of the platform. **membership**: a
 *   platform user belongs to a group.
 * - **known**: a membership fact (added, removed) makes one group known for a user; a snapshot
 *   makes all groups known. Unknown does not mean "not a member".
 * - **link**: states that a platform user and a Discord account are the same person, for one client
 *   (`DiscordUser` in the API). Active or **ending**: an ending link stays until its roles are
 *   removed; linking again reactivates it.
 * - **mapping**: members of this group get this role. Active or retired; a retired mapping stays
 *   until its role is removed.
 * - **mapped role**: a role named by any mapping, active or retired. **foreign role**: every other
 *   role; never changed. "managed" is Discord's word for a role owned by an integration.
 * - **desired** / **actual**: role ids a member should have / has. **drift**: they differ.
 * - **mirror**: the last observed state of a member, as Discord returned it.
 * - **session**: a bot's connection to Discord's **gateway**, the websocket that sends events. A
 *   client is **live** while events arrive and none is missing. **gap**: a time whose events were
 *   missed; a member list ends it.
 * - **change by hand**: a mapped role that a person or another bot gave or took. **reversal**: a
 *   change by hand that undoes one of the connector's. **dispute**: three reversals in a row.
 * - **plan**: the changes for one member, and why. **guard**: decides whether a plan may be
 *   applied. **apply**: make the changes at Discord. **outcome**: the result. **audit record**:
 *   plan, cause and outcome; opened before the first change, closed after the last.
 * - **mark**: records that a member must be reconciled, with the **cause**. A member's marks form
 *   its **job**. **burst**: the marks of one message, mutation, batch or sweep. **run**: one
 *   attempt to reconcile a member; it **settles** the job or postpones it. In sweep/, a run is one
 *   execution of a sweep. **parked**: settled, but with changes left that the connector cannot make
 *   until something outside it changes. **path**: the code from a job's claim to its settlement.
 */
import type { ClientId, DiscordUserId, NicknameStrategy, RoleId } from './model/base.js';

/**
 * The tokens an application received for a person who signed in at Discord. A refresh token can be
 * used only once.
 */
export interface TokenGrant {
  readonly accessToken: string;
  readonly refreshToken: string | null;
  readonly expiresAt: Date;
  readonly scopes: readonly string[];
}

export interface OAuthApplication {
  readonly clientId: ClientId;
  readonly applicationId: string;
  readonly clientSecret: string;
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  readonly revokeUrl: string;
  readonly apiBase: string;
}

/** Why calls for a client are paused, since when, and when the next call is tried. */
export interface SendingPause {
  readonly cause: string;
  readonly since: Date;
  readonly until: Date;
}

/** Why a person does not have a role, or still has one. */
export type RoleBlock =
  | 'NOT_LINKED'
  | 'AUTHORITY_DISCORD'
  | 'ROLE_REQUESTED'
  | 'REQUEST_DISPUTED'
  | 'AUTHORITY_OBSERVE'
  | 'MAPPING_RETIRED'
  | 'UNKNOWN_MEMBERSHIP'
  | ChangeBlock;

/** Why a due change has not reached Discord yet. */
export type ChangeBlock =
  | 'CLIENT_DISABLED'
  | 'CLIENT_STOPPED'
  | 'CLIENT_PAUSED'
  | 'BANNED'
  | 'NOT_IN_GUILD'
  | 'SCREENING'
  | 'TIMED_OUT'
  | 'ROLE_ABOVE_BOT'
  | 'ROLE_MANAGED'
  | 'ROLE_GONE'
  | 'MISSING_PERMISSION'
  | 'REMOVED_BY_HAND'
  | 'CHANGE_DISPUTED'
  | 'HELD_BY_GUARD'
  | 'REMOVAL_REJECTED'
  | 'PARKED'
  | 'PENDING';

/**
 * Which side decides about roles. PLATFORM: roles follow groups. DISCORD: the connector asks the
 * platform to change its groups to match the roles. OBSERVE: the connector changes nothing.
 */
export type Authority = 'PLATFORM' | 'DISCORD' | 'OBSERVE';

/** What happens to a member's mapped role while a group mapped to it is unknown for the member. */
export type UnknownMembership = 'KEEP' | 'REMOVE';

/** What happens to the holders of a role when its mapping is retired or its client deleted. */
export type Holders = 'TAKE_BACK' | 'LEAVE';

/**
 * What happens to members who have not passed Discord's membership screening. WAIT: they get roles
 * and nickname after passing. IGNORE: they get them at once.
 */
export type Screening = 'WAIT' | 'IGNORE';
/** What happens to a nickname set by the connector when the account's last link ends. */
export type NicknameOnUnlink = 'RESET' | 'KEEP';
/** Stands for no nickname: the value written, or recorded as written, when a nickname is reset. */
export const NO_NICKNAME = '';
/**
 * What happens when a person removes a mapped role by hand. RESTORE: the connector gives it back.
 * HOLD: it stays removed until an admin decides or a newer fact arrives.
 */
export type HandRemovals = 'RESTORE' | 'HOLD';

/**
 * How changes on Discord reach the connector. OFF: the client's `live` is false, or nothing is sent
 * to Discord for it. CONNECTING: the session is being opened. CATCHING_UP: events arrive, but some
 * were missed, and a member list has not closed the gap yet. LIVE: events arrive and none is
 * missing. POLLING: events cannot arrive; sweeps find the changes.
 */
export type LiveState = 'OFF' | 'CONNECTING' | 'CATCHING_UP' | 'LIVE' | 'POLLING';

export type EmailRule = 'NONE' | 'WARN' | 'REQUIRE';

/** A client's Discord endpoints. `apiBase` ends in the API version. */
export interface Endpoints {
  readonly apiBase: string;
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  readonly revokeUrl: string;
}

/** A client's settings, without its secrets and endpoints. */
export interface ClientSettings {
  readonly name: string;
  readonly applicationId: string;
  readonly callbackUrl: string | null;
  readonly inviteUrl: string | null;
  readonly isEnabled: boolean;
  readonly authority: Authority;
  readonly unknownMembership: UnknownMembership;
  readonly nicknamePolicy: {
    readonly strategy: NicknameStrategy;
    readonly template: string | null;
    readonly onUnlink: NicknameOnUnlink;
  };
  /**
   * Most removals within an hour without approval: `minimum`, or `percent` of the holders,
   * whichever is more.
   */
  readonly removalGuard: { readonly minimum: number; readonly percent: number };
  readonly linking: {
    readonly email: EmailRule;
    readonly keepsTokens: boolean;
  };
  readonly screening: Screening;
  /** False: no gateway session is opened; sweeps find the changes made on Discord. */
  readonly isLive: boolean;
  readonly handRemovals: HandRemovals;
  /** False: roles are always written one at a time. */
  readonly wholeListWrites: boolean;
  /**
   * How long closed audit records and finished sweeps are kept; null: DEFAULT_AUDIT_RETENTION_DAYS.
   */
  readonly auditRetentionDays: number | null;
}

/** Roles named in an audit record. */
export type RoleChanges = Readonly<Record<'added' | 'removed', readonly RoleId[]>>;

export const DEFAULT_AUDIT_RETENTION_DAYS = 400;

export const DEFAULT_CLIENT_SETTINGS: Omit<ClientSettings, 'name' | 'applicationId'> = {
  callbackUrl: null,
  inviteUrl: null,
  isEnabled: true,
  authority: 'PLATFORM',
  unknownMembership: 'KEEP',
  nicknamePolicy: { strategy: 'NONE', template: null, onUnlink: 'RESET' },
  removalGuard: { minimum: 10, percent: 20 },
  linking: { email: 'NONE', keepsTokens: false },
  screening: 'WAIT',
  isLive: true,
  handRemovals: 'RESTORE',
  wholeListWrites: true,
  auditRetentionDays: null,
};

/**
 * A role with at least this many holders may lose more than half of them only with an admin's
 * approval.
 */
export const FEW_HOLDERS = 5;

export type LinkStatus = 'ACTIVE' | 'ENDING';

/**
 * Priorities of jobs; higher is more urgent. Fresh facts overtake imports and mapping changes,
 * which overtake sweeps. Among fresh facts, those that remove a role go first. Nicknames never
 * delay roles.
 */
export const LANES = { name: -10, sweep: 0, bulk: 10, fresh: 20, removal: 30 } as const;
export type Lane = (typeof LANES)[keyof typeof LANES];

/**
 * Returns true for fresh facts and removals. Their jobs may use the last call of a rate-limit
 * bucket.
 */
export function isUrgentJob({ lane }: { readonly lane: Lane }): boolean {
  return lane >= LANES.fresh;
}

/** Facts reported by the platform. */
export * from './model/facts.js';
export type * from './model/base.js';
export * from './model/writing.js';

/** Identifies a member: the key of every reconcile. */
export interface MemberKey {
  readonly clientId: ClientId;
  readonly discordUserId: DiscordUserId;
}

export interface GuildRole {
  readonly roleId: RoleId;
  readonly name: string;
  readonly position: number;
  readonly color: number;
  /** Only Discord or an integration can add and remove it. */
  readonly isManaged: boolean;
  /** Why the bot cannot add or remove the role; null when it can. */
  readonly refusal: RoleRefusal | null;
  /**
   * Why the bot cannot rename holders of this role; for @everyone, why it can rename no one.
   * Absent: it can.
   */
  readonly renameRefusal?: RenameRefusal;
}

export type RoleRefusal =
  'EVERYONE' | 'MANAGED' | 'ABOVE_BOT' | 'MISSING_PERMISSION' | 'UNKNOWN_ROLE';

/** Why the bot cannot rename a member. Discord never allows renaming the guild's owner. */
export type RenameRefusal = 'OWNER' | 'ABOVE_BOT' | 'MISSING_PERMISSION';

/** A guild's roles as just read, and the guild's owner. */
export interface GuildRoleReading {
  readonly ownerId: DiscordUserId | null;
  readonly roles: readonly GuildRole[];
}

/** A member as Discord returns it. `isPresent: false`: not in the guild. */
export type MemberReading =
  { readonly isPresent: false } | ({ readonly isPresent: true } & PresentMember);

export interface PresentMember {
  readonly roleIds: readonly RoleId[];
  readonly username: string;
  readonly displayName: string | null;
  readonly nickname: string | null;
  /** The member has not passed membership screening. */
  readonly isPending: boolean;
  readonly timedOutUntil: Date | null;
  readonly isBot?: boolean;
  /**
   * When the member joined. If it differs from the last reading, the member left in between.
   * Absent: not in the response.
   */
  readonly joinedAt?: Date | null;
}

/** The state of a link as users see it. */
export type LinkState =
  'IN_STEP' | 'PENDING' | 'ABSENT' | 'HELD' | 'PARKED' | 'DISPUTED' | 'ENDING';

export type SweepKind =
  'VERIFY_GROUPS' | 'SYNC_ACCOUNTS' | 'REMOTE_SYNC' | 'ENFORCE_NICKNAMES' | 'CHANGES';

/**
 * `HELD`: too many removals; they need an admin's approval. `APPROVED`: an admin approved them, and
 * runs make them until the sweep is `DONE`. `REJECTED`: an admin rejected them.
 */
export type SweepState =
  'WAITING' | 'RUNNING' | 'HELD' | 'APPROVED' | 'REJECTED' | 'DONE' | 'FAILED' | 'CANCELLED';

/** The decision about one held removal. A newer fact, mapping or link cancels it. */
export type RemovalVerdict = 'HELD' | 'APPROVED' | 'REJECTED';

/** Why Discord refused to add a consenting person to the guild. */
export type JoinRefusal =
  'BANNED' | 'GUILD_FULL' | 'USER_GUILD_LIMIT' | 'INVALID_TOKEN' | 'MISSING_PERMISSION' | 'REFUSED';

/** The outcome of one reconcile. Expected outcomes are values, not errors. */
export type Outcome = 'APPLIED' | 'UNCHANGED' | 'ABSENT' | 'HELD' | 'PARKED' | 'DISPUTED';

/** An event in the outbox. `data` is the CloudEvent's `data`. */
export interface OutboxEvent {
  readonly position: number;
  readonly id: string;
  readonly key: string;
  readonly type: string;
  readonly subject: string | null;
  readonly time: Date;
  readonly data: unknown;
}
