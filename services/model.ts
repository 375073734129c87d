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

type Brand<Name extends string> = string & { readonly brand?: Name };

/** UUIDv7s of ours. */
export type ClientId = Brand<'ClientId'>;
export type LinkId = Brand<'LinkId'>;
export type MappingId = Brand<'MappingId'>;
export type AuditRecordId = Brand<'AuditRecordId'>;

/** The platform's ids: opaque strings. */
export type PlatformUserId = Brand<'PlatformUserId'>;
export type GroupId = Brand<'GroupId'>;

/** Discord's ids: decimal strings of 64 bits, never numbers. */
export type GuildId = Brand<'GuildId'>;
export type RoleId = Brand<'RoleId'>;
export type DiscordUserId = Brand<'DiscordUserId'>;

/** Who has the say: the platform writes to Discord; DISCORD and OBSERVE write nothing to Discord. */
export type Authority = 'PLATFORM' | 'DISCORD' | 'OBSERVE';

/** What becomes of a held managed role while a mapped group is unknown for the member. */
export type UnknownMembership = 'KEEP' | 'REMOVE';

/** What becomes of those who hold a role when its mapping, or its client, goes. */
export type Holders = 'TAKE_BACK' | 'LEAVE';

export type NicknameStrategy = 'NONE' | 'TEMPLATE' | 'EVE_ONLINE';
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
  };
  /** Removals within an hour may reach `minimum`, or `percent` of the holders, whichever is more. */
  readonly removalGuard: { readonly minimum: number; readonly percent: number };
  readonly linking: {
    readonly email: EmailRule;
    readonly keepsTokens: boolean;
  };
  /** False: roles are only ever written one at a time. */
  readonly wholeListWrites: boolean;
}

export const DEFAULT_CLIENT_SETTINGS: Omit<
  ClientSettings,
  'name' | 'applicationId'
> = {
  callbackUrl: null,
  inviteUrl: null,
  isEnabled: true,
  authority: 'PLATFORM',
  unknownMembership: 'KEEP',
  nicknamePolicy: { strategy: 'NONE', template: null },
  removalGuard: { minimum: 10, percent: 20 },
  linking: { email: 'NONE', keepsTokens: false },
  wholeListWrites: true,
};

export type LinkStatus = 'ACTIVE' | 'ENDING';

/** More urgent is higher. Fresh facts overtake imports and mapping changes, and these overtake sweeps. */
export const LANES = { sweep: 0, bulk: 10, fresh: 20 } as const;
export type Lane = (typeof LANES)[keyof typeof LANES];

/** Why a member is looked at: shown in the audit record. `groupId` is set when a fact about that group is the cause. */
export interface Cause {
  readonly kind: 'EVENT' | 'MUTATION' | 'SWEEP' | 'REPAIR';
  /** The CloudEvent's id, or the request's. */
  readonly id: string;
  /** The CloudEvent's source, or the caller's name. */
  readonly actor: string;
  readonly groupId?: GroupId;
}

/**
 * A place in the one total order of facts: any with `sequence` outranks any without; then by `sequence`, or by `timeUs`
 * (microseconds since 1970, as events carry more than milliseconds).
 */
export interface FactOrder {
  readonly sequence: number | null;
  readonly timeUs: number;
}

export interface Attributes {
  readonly character?: string | null;
  readonly corporation?: string | null;
  readonly alliance?: string | null;
}

interface FactBase {
  readonly order: FactOrder;
  readonly cause: Cause;
}

export interface MembershipChanged extends FactBase {
  readonly kind: 'membershipChanged';
  readonly platformUserId: PlatformUserId;
  readonly groupId: GroupId;
  readonly change: 'added' | 'removed';
}

/** The user's whole set of groups. */
export interface MembershipSnapshot extends FactBase {
  readonly kind: 'membershipSnapshot';
  readonly platformUserId: PlatformUserId;
  readonly groupIds: readonly GroupId[];
}

export interface UserChanged extends FactBase {
  readonly kind: 'userChanged';
  readonly platformUserId: PlatformUserId;
  readonly username: string;
  readonly attributes?: Attributes;
}

/** Final: a deleted user's id is never used again. */
export interface UserDeleted extends FactBase {
  readonly kind: 'userDeleted';
  readonly platformUserId: PlatformUserId;
}

export interface GroupChanged extends FactBase {
  readonly kind: 'groupChanged';
  readonly groupId: GroupId;
  readonly name?: string;
}

/** Its memberships count as known and not held, until a newer `groupChanged` revives it. */
export interface GroupDeleted extends FactBase {
  readonly kind: 'groupDeleted';
  readonly groupId: GroupId;
}

export type PlatformFact =
  | MembershipChanged
  | MembershipSnapshot
  | UserChanged
  | UserDeleted
  | GroupChanged
  | GroupDeleted;

/** `unchanged`: the very same fact stood already. `stale`: a fact that outranks it stood already. */
export type FactVerdict = 'applied' | 'unchanged' | 'stale';

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
}

export type RoleRefusal =
  'EVERYONE' | 'MANAGED' | 'ABOVE_BOT' | 'MISSING_PERMISSION' | 'UNKNOWN_ROLE';

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

/** `HELD`: it found so much to take away that a person is to look first. */
export type SweepState =
  'WAITING' | 'RUNNING' | 'HELD' | 'DONE' | 'FAILED' | 'CANCELLED';

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
