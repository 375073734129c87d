/**
 * The vocabulary. These words mean this and nothing else, everywhere in the project:
 *
 * - **client**: one Discord application with its bot and the **guild** (Discord server) it serves. **role**: a role of a guild.
 * - **member**: a Discord user in a guild. **group**: a group of the platform. **membership**: a platform user is in a group.
 * - **known**: a fact (added, removed) makes one group known for a user, a snapshot makes all groups known. Unknown is not "no".
 * - **link**: a platform user and a Discord account are the same person, for one client (`DiscordUser` in the API). Active or
 *   **ending**: ending until its roles are taken back; relinking revives it.
 * - **mapping**: members of this group shall have this role. Active or retired; a retired one stays until its role is taken back.
 * - **managed role**: named by any mapping, active or retired. **foreign role**: every other. Foreign roles are never touched.
 * - **desired** / **actual**: role ids a member should have / has. **drift**: they differ.
 * - **mirror**: the last observed state of a member, as Discord answered it.
 * - **plan**: what to change for one member, and why. **guard**: may it be carried out. **apply**: carry it out. **outcome**: what
 *   came of it. **audit record**: plan, cause and verdict, opened before the first change, closed after the last.
 */
import type {
  ClientId,
  DiscordUserId,
  NicknameStrategy,
  RoleId,
} from './model/base.js';

/** Who has the say. PLATFORM: roles follow groups. DISCORD: the platform is asked to follow roles. OBSERVE: nothing is done. */
export type Authority = 'PLATFORM' | 'DISCORD' | 'OBSERVE';

/** What becomes of a held managed role while a mapped group is unknown for the member. */
export type UnknownMembership = 'KEEP' | 'REMOVE';

/** What becomes of those who hold a role when its mapping, or its client, goes. */
export type Holders = 'TAKE_BACK' | 'LEAVE';

/** What a member waits for who has not passed Discord's membership screening. WAIT: grants and nickname come afterwards. */
export type Screening = 'WAIT' | 'IGNORE';

/** What happens to a nickname that the connector set when the account's last link ends. */
export type NicknameOnUnlink = 'RESET' | 'KEEP';
/** As a nickname to write, or one that was written: the member's nickname is removed. */
export const NO_NICKNAME = '';
export type EmailRule = 'NONE' | 'WARN' | 'REQUIRE';

/** Where a client's Discord is; `apiBase` ends in its version. */
export interface Endpoints {
  readonly apiBase: string;
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  readonly revokeUrl: string;
}

/** What an admin chooses for a client, its secrets and endpoints apart. */
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
  /** Removals within an hour may reach `minimum`, or `percent` of the holders, whichever is more. */
  readonly removalGuard: { readonly minimum: number; readonly percent: number };
  readonly linking: {
    readonly email: EmailRule;
    readonly keepsTokens: boolean;
  };
  readonly screening: Screening;
  /** False: roles are only ever written one at a time. */
  readonly wholeListWrites: boolean;
  /** How long closed audit records and ended sweeps are kept; null: DEFAULT_AUDIT_RETENTION_DAYS. */
  readonly auditRetentionDays: number | null;
}

/** Roles that a record names. */
export type RoleChanges = Readonly<
  Record<'added' | 'removed', readonly RoleId[]>
>;

export const DEFAULT_AUDIT_RETENTION_DAYS = 400;

export const DEFAULT_CLIENT_SETTINGS: Omit<
  ClientSettings,
  'name' | 'applicationId'
> = {
  callbackUrl: null,
  inviteUrl: null,
  isEnabled: true,
  authority: 'PLATFORM',
  unknownMembership: 'KEEP',
  nicknamePolicy: { strategy: 'NONE', template: null, onUnlink: 'RESET' },
  removalGuard: { minimum: 10, percent: 20 },
  linking: { email: 'NONE', keepsTokens: false },
  screening: 'WAIT',
  wholeListWrites: true,
  auditRetentionDays: null,
};

/** A role that so many held, or more, is not taken from the last of them without a person's word. */
export const FEW_HOLDERS = 5;

/** Up to this many changes of a member's roles are written one by one: each is atomic and needs no read. */
export const MOST_SINGLE_WRITES = 2;

export type LinkStatus = 'ACTIVE' | 'ENDING';

/** More urgent is higher. Fresh facts overtake imports and mapping changes, and these overtake sweeps. */
export const LANES = { sweep: 0, bulk: 10, fresh: 20 } as const;
export type Lane = (typeof LANES)[keyof typeof LANES];

/**
 * Single roles and edits of a member are counted apart by Discord, ten in ten seconds each have been seen: what only an edit can
 * do, as a nickname or a list of roles, has but one of the two.
 */
export const WRITES_PER_SECOND = { edits: 1, all: 2 } as const;

/** What the platform says. */
export type * from './model/facts.js';
export type * from './model/base.js';

/** A Discord user in a guild, the key of every reconcile. */
export interface MemberKey {
  readonly clientId: ClientId;
  readonly discordUserId: DiscordUserId;
}

export interface GuildRole {
  readonly roleId: RoleId;
  readonly name: string;
  readonly position: number;
  readonly color: number;
  /** Given and taken by Discord or an integration alone. */
  readonly isManaged: boolean;
  /** Why the bot can neither give nor take it; null when it can. */
  readonly refusal: RoleRefusal | null;
  /** Why the bot cannot rename who holds it; of @everyone, everybody. Absent: the bot can. */
  readonly renameRefusal?: RenameRefusal;
}

export type RoleRefusal =
  'EVERYONE' | 'MANAGED' | 'ABOVE_BOT' | 'MISSING_PERMISSION' | 'UNKNOWN_ROLE';

/** Why the bot cannot rename a member: Discord lets nobody rename the guild's owner. */
export type RenameRefusal = 'OWNER' | 'ABOVE_BOT' | 'MISSING_PERMISSION';

/** A guild's roles as they were just read, and whose the guild is. */
export interface GuildRoleReading {
  readonly ownerId: DiscordUserId | null;
  readonly roles: readonly GuildRole[];
}

/** What Discord says of a member. `isPresent: false`: not in the guild. */
export type MemberReading =
  | { readonly isPresent: false }
  | ({ readonly isPresent: true } & PresentMember);

export interface PresentMember {
  readonly roleIds: readonly RoleId[];
  readonly username: string;
  readonly displayName: string | null;
  readonly nickname: string | null;
  /** Membership screening is not done. */
  readonly isPending: boolean;
  readonly timedOutUntil: Date | null;
  /** When they came in; another time than before: they were away meanwhile. Absent: the answer did not tell. */
  readonly joinedAt?: Date | null;
}

/** `IN_STEP PENDING ABSENT HELD PARKED ENDING`: what a link shows to its reader. */
export type LinkState =
  'IN_STEP' | 'PENDING' | 'ABSENT' | 'HELD' | 'PARKED' | 'ENDING';

export type SweepKind =
  | 'VERIFY_GROUPS'
  | 'SYNC_ACCOUNTS'
  | 'REMOTE_SYNC'
  | 'ENFORCE_NICKNAMES'
  | 'CHANGES';

/**
 * `HELD`: it found so much to take away that a person is to look first. `APPROVED`: one has, and the path carries it out, until it is
 * `DONE`. `REJECTED`: one has said no.
 */
export type SweepState =
  | 'WAITING'
  | 'RUNNING'
  | 'HELD'
  | 'APPROVED'
  | 'REJECTED'
  | 'DONE'
  | 'FAILED'
  | 'CANCELLED';

/** What is said of one removal: it waits for a person, or what that person said. A newer fact, mapping or link unsays it. */
export type RemovalVerdict = 'HELD' | 'APPROVED' | 'REJECTED';

/** Why Discord did not let a person in who had agreed to be brought into the guild. */
export type JoinRefusal =
  | 'BANNED'
  | 'GUILD_FULL'
  | 'USER_GUILD_LIMIT'
  | 'INVALID_TOKEN'
  | 'MISSING_PERMISSION'
  | 'REFUSED';

/** What came of one reconcile. Expected endings are values, not errors. */
export type Outcome = 'APPLIED' | 'UNCHANGED' | 'ABSENT' | 'HELD' | 'PARKED';

/** A written event, as it waits in the outbox. `data` is the CloudEvent's. */
export interface OutboxEvent {
  readonly position: number;
  readonly id: string;
  readonly key: string;
  readonly type: string;
  readonly subject: string | null;
  readonly time: Date;
  readonly data: unknown;
}
