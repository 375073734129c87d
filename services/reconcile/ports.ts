/**
 * What reconciling a member needs from the store and from Discord.
 * In: claimed jobs and the facts about a member. Out: calls to Discord, audit records, settlements.
 * Never: a write to a member without a link, or before its audit record is open.
 */
import type {
  Attributes,
  Authority,
  ClientId,
  DiscordUserId,
  GroupId,
  GuildId,
  GuildRoleReading,
  JoinRefusal,
  LinkId,
  LinkStatus,
  MappingId,
  MemberKey,
  MemberReading,
  NicknameOnUnlink,
  NicknameStrategy,
  PlatformUserId,
  PresentMember,
  RemovalVerdict,
  RenameRefusal,
  RoleId,
  RoleRefusal,
  UnknownMembership,
} from '../model.js';
import type { Job, Marks } from './job.js';
import type { RemoteFacts, RemoteReading } from './plan/remote.js';
import type {
  GuardLimits,
  MappingNames,
  OpenRecord,
  OpenRecordRequest,
  OpenedRecord,
  Postponement,
  Settlement,
} from './write/records.js';

/**
 * Names a guild and the revision of its credentials, so that the gateway knows when to reload them.
 */
export interface GuildRef {
  readonly clientId: ClientId;
  readonly guildId: GuildId;
  readonly revision: string;
}

interface ClientFacts extends GuildRef {
  readonly unknownMembership: UnknownMembership;
  /** True: nothing is written, not even nicknames. */
  readonly isObserved: boolean;
  readonly waitsForScreening: boolean;
  /** False: roles are always written one at a time. */
  readonly wholeListWrites: boolean;
  readonly guard: GuardLimits;
  /** True: a stop or pause of the client is still recorded. */
  readonly hasTrouble: boolean;
}

export interface LinkFacts {
  readonly linkId: LinkId;
  readonly platformUserId: PlatformUserId;
  readonly status: LinkStatus;
  /**
   * True for an ending link that an admin ended individually. Its removals join no held plan; only
   * the limits of the guard can hold them.
   */
  readonly isEndAskedFor: boolean;
}

export type MembershipKnowledge = 'held' | 'notHeld' | 'unknown';

/**
 * A mapping as it applies to one member: its state, and the membership of the active link's user in
 * its group.
 */
export interface MappingFacts extends MappingNames {
  readonly mappingId: MappingId;
  readonly groupId: GroupId;
  readonly roleId: RoleId;
  readonly authority: Authority;
  readonly isRetired: boolean;
  readonly membership: MembershipKnowledge;
  /** Null unless the mapping is under authority DISCORD and the account has an active link. */
  readonly remote: RemoteFacts | null;
}

/** The last change of a member's mapped role that somebody else made. */
export interface HandChange {
  /** True: the role was added. False: it was removed. */
  readonly isGiven: boolean;
  /** Null: not known. */
  readonly byDiscordUserId: DiscordUserId | null;
  readonly byName: string | null;
  readonly changedAt: Date;
  /** The removal was made by hand and stays until an admin or a newer fact ends that. */
  readonly isHeld: boolean;
  /** Since when others keep reversing the connector's change; null: they do not. */
  readonly disputedSince: Date | null;
  /** When a disputed change is tried next. */
  readonly nextTryAt: Date | null;
  readonly tries: number;
}

/** The last observed state of a member; null in MemberFacts if never read. */
export type Mirror = MemberReading;

export interface MemberFacts {
  /** When the facts were read, in ms by the database's clock, which also decides when jobs are due. */
  readonly nowMs: number;
  /** Null: the member has no job. */
  readonly marks: Marks | null;
  readonly client: ClientFacts;
  readonly links: readonly LinkFacts[];
  readonly mappings: readonly MappingFacts[];
  /**
   * Every known role of the guild, even a deleted one, with the reason the bot cannot assign it;
   * null: it can.
   */
  readonly roles: ReadonlyMap<RoleId, RoleRefusal | null>;
  /** Members the bot cannot rename: the guild's owner and the holders of these roles. */
  readonly renaming: {
    readonly ownerId: DiscordUserId | null;
    readonly refusals: ReadonlyMap<RoleId, RenameRefusal>;
  };
  /** Removals that wait for approval, and removals that a person approved or rejected. */
  readonly decisions: ReadonlyMap<RoleId, RemovalVerdict>;
  /** Changes by others that newer facts have not superseded. */
  readonly handChanges: ReadonlyMap<RoleId, HandChange>;
  readonly mirror: Mirror | null;
  readonly mirrorReadAt: Date | null;
  /**
   * Time since Discord last returned all roles in the mirror, in ms by the database's clock; null:
   * unknown.
   */
  readonly mirrorAgeMs: number | null;
  /**
   * True: a gateway session keeps the mirror current, so it shows what Discord would answer. Only
   * events on their way are missing.
   */
  readonly isLive: boolean;
  /** Whether the reading that `mirrorAgeMs` refers to is newer than the oldest unsettled mark. */
  readonly isReadSinceMark: boolean;
  /**
   * True: a reading in the last minute lacked foreign roles that the mirror had, so the reading may
   * be wrong.
   */
  readonly hasLostRoles: boolean;
  /**
   * Either Discord first reported at least a minute ago that the account is not in the guild, and
   * has not contradicted that since; or a complete member list lacked the account.
   */
  readonly isAbsenceProven: boolean;
  /** The record of a run that was interrupted between its first and last change; null: none. */
  readonly openRecord: OpenRecord | null;
  /**
   * The OAuth grant from the sign-in, which allows adding the person to the guild. `isJoinWanted`:
   * add them at once.
   */
  readonly grant: { readonly grantId: string; readonly isJoinWanted: boolean } | null;
  /**
   * Why Discord last refused to add the person; null: they have been observed in the guild since,
   * or adding was never tried.
   */
  readonly joinRefusal: JoinRefusal | null;
  readonly nicknamePolicy: {
    readonly strategy: NicknameStrategy;
    readonly template: string | null;
    readonly onUnlink: NicknameOnUnlink;
  };
  /**
   * Hex SHA-256 of the nickname Discord showed after the connector last set one; null: never set,
   * or reset.
   */
  readonly nicknameSetHash: string | null;
  /**
   * When others changed the nickname against the policy: the changes of an hour, oldest first. With
   * three of them, the nickname is left alone.
   */
  readonly renamedByHandAt: readonly Date[];
  /** The nickname that Discord refused within the last day; null: none. */
  readonly nicknameRefused: string | null;
  /**
   * The platform's data about the user of the active link; null: the account has no active link.
   */
  readonly person: { readonly username: string | null; readonly attributes: Attributes } | null;
}

/**
 * The store's operations for a run. `openRecord`, `settle` and `postpone` throw `LeaseLostError` if
 * this process no longer holds the job.
 */
export interface Memory {
  readMember(member: MemberKey): Promise<MemberFacts | null>;
  openRecord(request: OpenRecordRequest): Promise<OpenedRecord>;
  /** Stores the run's result and ends the job. Resolves to the requests made to the platform. */
  settle(job: Job, settlement: Settlement): Promise<readonly RemoteReading[]>;
  /**
   * Puts the job back unsettled, for example after a 429. The next run gets its causes and its open
   * record, if any.
   */
  postpone(job: Job, request: Postponement): Promise<void>;
  /** Saves the guild's roles and marks the parked members that a role change unblocks. */
  saveRoles(clientId: ClientId, reading: GuildRoleReading): Promise<void>;
  /** Stops or pauses a client and records the reason. */
  saveTrouble(clientId: ClientId, trouble: ClientTrouble): Promise<void>;
}

/**
 * A problem that stops or pauses a whole client. STOPPED lasts until a new token is set. PAUSED
 * expires; consecutive pauses get longer.
 */
export interface ClientTrouble {
  readonly kind: 'STOPPED' | 'PAUSED';
  readonly reason: string;
  /**
   * Set if the guild refused too many calls: the number of times its circuit breaker has tripped.
   */
  readonly trip?: number;
  /**
   * Members to retry after the pause, because the problem of the guild may have caused their
   * refusals.
   */
  readonly tryAgain?: readonly DiscordUserId[];
  /**
   * The revision of the client whose token was refused. If its credentials have changed since, the
   * client is not stopped.
   */
  readonly revision?: string;
}

export interface MemberTarget extends GuildRef {
  readonly discordUserId: DiscordUserId;
  /**
   * True for a fresh change: it goes before others and may use the last call of a rate limit
   * bucket.
   */
  readonly isUrgent: boolean;
}

/** `reason` appears in Discord's audit log and names our audit record. */
export interface RoleWrite {
  readonly member: MemberTarget;
  readonly roleId: RoleId;
  readonly reason: string;
}

export interface MemberWrite {
  readonly member: MemberTarget;
  /** The complete role list to write; null: leave the roles alone. */
  readonly roleIds: readonly RoleId[] | null;
  /** Null: leave the nickname alone. NO_NICKNAME: reset it. */
  readonly nickname: string | null;
  readonly reason: string;
}

/** Adds a consenting person to the guild. `accessToken` is theirs and has the scope guilds.join. */
export interface JoinRequest {
  readonly member: MemberTarget;
  readonly accessToken: string;
  readonly roleIds: readonly RoleId[];
  readonly nickname: string | null;
}

/** If the person is already a member, Discord changes neither roles nor nickname. */
type Joining =
  { readonly kind: 'joined'; readonly member: PresentMember } | { readonly kind: 'alreadyMember' };

/**
 * The calls to Discord. Each sends its request at most once. It throws `RetryLaterError` if the
 * retry time is known (a 429, a closed rate limit, too many invalid requests), `UnavailableError`
 * if it is not (no usable response, or a refusal that may be temporary), or `TerminalError` with a
 * `DiscordRefusal` as its code.
 */
export interface DiscordMembers {
  readMember(member: MemberTarget): Promise<MemberReading>;
  addRole(write: RoleWrite): Promise<void>;
  removeRole(write: RoleWrite): Promise<void>;
  /**
   * Resolves to the member as Discord shows them after the write; null if Discord answers without a
   * body.
   */
  editMember(write: MemberWrite): Promise<PresentMember | null>;
  /**
   * Resolves to every role of the guild, with the reasons the bot cannot assign it or rename its
   * holders.
   */
  readRoles(guild: GuildRef): Promise<GuildRoleReading>;
  joinMember(request: JoinRequest): Promise<Joining>;
}

/** Codes of TerminalErrors that come from Discord. */
export type DiscordRefusal =
  | 'UNAUTHORIZED'
  /**
   * The bot is not in the guild. Confirmed by a read of the guild itself, whichever call failed
   * first.
   */
  | 'UNKNOWN_GUILD'
  | 'UNKNOWN_MEMBER'
  | 'UNKNOWN_ROLE'
  /** Discord refuses only this call; the bot can still read the guild. */
  | 'MISSING_ACCESS'
  | 'MISSING_PERMISSION'
  /**
   * Discord's or the server's rules forbid the nickname. The roles of the same write may be valid.
   */
  | 'BAD_NICKNAME'
  /** The guild has banned the person who was to be added. */
  | 'BANNED'
  | 'GUILD_FULL'
  /** The person is in as many guilds as Discord allows. */
  | 'USER_GUILD_LIMIT'
  /** The person's access token has expired, belongs to someone else, or does not allow joining. */
  | 'INVALID_TOKEN'
  | 'REFUSED';
