/**
 * What the path asks of the world.
 * In: claimed jobs and what is known of a member. Out: calls to Discord, audit records, settlements.
 * Never: a write to a member without a link, or before its audit record is open.
 */
import type {
  Attributes,
  Authority,
  Cause,
  ClientId,
  DiscordUserId,
  GroupId,
  GuildId,
  JoinRefusal,
  Lane,
  LinkId,
  LinkStatus,
  MappingId,
  MemberKey,
  MemberReading,
  NicknameStrategy,
  PlatformUserId,
  PresentMember,
  RoleId,
  RoleRefusal,
  GuildRole,
  UnknownMembership,
} from '../model.js';

import type {
  GuardLimits,
  OpenedRecord,
  OpenRecord,
  OpenRecordRequest,
  Postponement,
  Settlement,
} from './records.js';

/** A claimed job. `causes` are all marks since the last settled run. */
export interface Job extends MemberKey {
  readonly version: number;
  readonly lane: Lane;
  /** How often it failed without being settled: feeds the backoff. */
  readonly attempts: number;
  readonly causes: readonly Cause[];
}

/** Names a guild and the revision of its credentials, so that the gateway knows when to read them anew. */
export interface GuildRef {
  readonly clientId: ClientId;
  readonly guildId: GuildId;
  readonly revision: string;
}

export interface ClientFacts extends GuildRef {
  readonly unknownMembership: UnknownMembership;
  /** False: roles are only ever written one at a time. */
  readonly wholeListWrites: boolean;
  readonly guard: GuardLimits;
  /** An earlier pause is not yet forgotten. */
  readonly hasTrouble: boolean;
}

export interface LinkFacts {
  readonly linkId: LinkId;
  readonly platformUserId: PlatformUserId;
  readonly status: LinkStatus;
}

export type MembershipKnowledge = 'held' | 'notHeld' | 'unknown';

/** A mapping as it stands for one member: its own state, and what is known of its group for the active link. */
export interface MappingFacts {
  readonly mappingId: MappingId;
  readonly groupId: GroupId;
  readonly roleId: RoleId;
  readonly authority: Authority;
  readonly isRetired: boolean;
  readonly membership: MembershipKnowledge;
}

/** The last observed state; `null` in MemberFacts when Discord was never asked. */
export type Mirror = MemberReading;

export interface MemberFacts {
  readonly client: ClientFacts;
  readonly links: readonly LinkFacts[];
  readonly mappings: readonly MappingFacts[];
  /** Every role the guild is known to have had, with what stands against giving it. */
  readonly roles: ReadonlyMap<RoleId, RoleRefusal | null>;
  readonly mirror: Mirror | null;
  readonly mirrorReadAt: Date | null;
  /** Left by a run that died, or was told to wait, between its first change and its last. */
  readonly openRecord: OpenRecord | null;
  /** What the person granted when they signed in: they may be brought in, and shall be at once where `isJoinWanted`. */
  readonly grant: {
    readonly grantId: string;
    readonly isJoinWanted: boolean;
  } | null;
  /** Why Discord last did not let the person in; null: they were seen in the guild since, or nobody tried. */
  readonly joinRefusal: JoinRefusal | null;
  readonly nicknamePolicy: {
    readonly strategy: NicknameStrategy;
    readonly template: string | null;
  };
  /** As the platform knows the person of the active link; null: nobody is linked any more. */
  readonly person: {
    readonly username: string | null;
    readonly attributes: Attributes;
  } | null;
}

/** What the store does for the path. All of them throw `LeaseLostError` when the job is no longer ours. */
export interface Memory {
  readMember(member: MemberKey): Promise<MemberFacts | null>;
  openRecord(request: OpenRecordRequest): Promise<OpenedRecord>;
  settle(job: Job, settlement: Settlement): Promise<void>;
  /** Gives the job back unsettled, e.g. after a 429. Its causes, and its open record if it has one, wait for the next run. */
  postpone(job: Job, request: Postponement): Promise<void>;
  /** Keeps what the guild's roles are now and marks the parked members whom a change sets free. */
  saveRoles(clientId: ClientId, roles: readonly GuildRole[]): Promise<void>;
  /** Stops or pauses a client in everyone's sight. */
  saveTrouble(clientId: ClientId, trouble: ClientTrouble): Promise<void>;
}

/** The trouble of a whole client. STOPPED waits for a new token; PAUSED comes back by itself, later each time. */
export interface ClientTrouble {
  readonly kind: 'STOPPED' | 'PAUSED';
  readonly reason: string;
}

export interface MemberTarget extends GuildRef {
  readonly discordUserId: DiscordUserId;
}

/** `reason` goes into Discord's own audit log; it names our record. */
export interface RoleWrite {
  readonly member: MemberTarget;
  readonly roleId: RoleId;
  readonly reason: string;
}

export interface MemberWrite {
  readonly member: MemberTarget;
  /** The whole list. */
  readonly roleIds: readonly RoleId[];
  readonly reason: string;
}

/** Brings a person in who has agreed to it: `accessToken` is theirs, with the scope guilds.join. */
export interface JoinRequest {
  readonly member: MemberTarget;
  readonly accessToken: string;
  readonly roleIds: readonly RoleId[];
  readonly nickname: string | null;
}

/** Of one who is in already Discord changes nothing: neither roles nor nickname. */
export type Joining =
  | { readonly kind: 'joined'; readonly member: PresentMember }
  | { readonly kind: 'alreadyMember' };

/**
 * The far side. Every call throws `RetryLaterError` (429, invalid-request budget spent, 5xx with its time unknown is a plain
 * `UnavailableError`) or `TerminalError` with one of `DiscordRefusal` as its code. A call is made at most once.
 */
export interface DiscordMembers {
  readMember(member: MemberTarget): Promise<MemberReading>;
  addRole(write: RoleWrite): Promise<void>;
  removeRole(write: RoleWrite): Promise<void>;
  /** Answers the member as Discord shows it after the write; null when Discord answers without a body. */
  setRoles(write: MemberWrite): Promise<PresentMember | null>;
  /** Every role of the guild, with what stands against the bot's giving it. */
  readRoles(guild: GuildRef): Promise<readonly GuildRole[]>;
  joinMember(request: JoinRequest): Promise<Joining>;
}

/** Codes of the TerminalErrors that come from Discord. */
export type DiscordRefusal =
  | 'UNAUTHORIZED'
  /** The guild itself says so, whatever was asked first: the bot is not in it. */
  | 'UNKNOWN_GUILD'
  | 'UNKNOWN_MEMBER'
  | 'UNKNOWN_ROLE'
  /** Of this call alone: the guild answers the bot. */
  | 'MISSING_ACCESS'
  | 'MISSING_PERMISSION'
  /** The guild has banned the person who was to join. */
  | 'BANNED'
  /** The guild takes no more members. */
  | 'GUILD_FULL'
  /** The person is in as many guilds as Discord allows. */
  | 'USER_GUILD_LIMIT'
  /** The person's access token is dead, another's, or does not allow joining. */
  | 'INVALID_TOKEN'
  | 'REFUSED';
