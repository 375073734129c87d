/**
 * What the path asks of the world.
 * In: claimed jobs and what is known of a member. Out: calls to Discord, audit records,
 * settlements.
 * Never: a write to a member without a link, or before its audit record is open.
 */
import type {
  Attributes,
  Authority,
  ClientId,
  DiscordUserId,
  GroupId,
  GuildId,
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
  GuildRoleReading,
  UnknownMembership,
} from '../model.js';
import type { Job, Marks } from './job.js';
import type {
  GuardLimits,
  MappingNames,
  OpenedRecord,
  OpenRecord,
  OpenRecordRequest,
  Postponement,
  Settlement,
} from './records.js';
import type { RemoteFacts, RemoteReading } from './remote.js';

/**
 * Names a guild and the revision of its credentials, so that the gateway knows when to read them
 * anew.
 */
export interface GuildRef {
  readonly clientId: ClientId;
  readonly guildId: GuildId;
  readonly revision: string;
}

export interface ClientFacts extends GuildRef {
  readonly unknownMembership: UnknownMembership;
  /** Nothing at all is written, nicknames neither. */
  readonly isObserved: boolean;
  readonly waitsForScreening: boolean;
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
  /** Of an ending link: a person has ended this one, so the guard leaves its removals to them. */
  readonly isEndAskedFor: boolean;
}
export type MembershipKnowledge = 'held' | 'notHeld' | 'unknown';

/**
 * A mapping as it stands for one member: its own state, and what is known of its group for the
 * active link.
 */
export interface MappingFacts extends MappingNames {
  readonly mappingId: MappingId;
  readonly groupId: GroupId;
  readonly roleId: RoleId;
  readonly authority: Authority;
  readonly isRetired: boolean;
  readonly membership: MembershipKnowledge;
  /** Null where Discord has no say, or nobody is linked. */
  readonly remote: RemoteFacts | null;
}

/** The last observed state; `null` in MemberFacts when Discord was never asked. */
export type Mirror = MemberReading;

export interface MemberFacts {
  /** Null: no job waits for the member. */
  readonly marks: Marks | null;
  readonly client: ClientFacts;
  readonly links: readonly LinkFacts[];
  readonly mappings: readonly MappingFacts[];
  /** Every role the guild is known to have had, with what stands against giving it. */
  readonly roles: ReadonlyMap<RoleId, RoleRefusal | null>;
  /** Whom the bot cannot rename: the guild's owner, and who holds one of these roles. */
  readonly renaming: {
    readonly ownerId: DiscordUserId | null;
    readonly refusals: ReadonlyMap<RoleId, RenameRefusal>;
  };
  /** Removals that wait for a person, or about which one has spoken. */
  readonly decisions: ReadonlyMap<RoleId, RemovalVerdict>;
  readonly mirror: Mirror | null;
  readonly mirrorReadAt: Date | null;
  /**
   * How long ago, by the database's clock, Discord last answered with all the roles in the mirror,
   * in ms; null: unknown.
   */
  readonly mirrorAgeMs: number | null;
  /**
   * A reading in the last minute lacked foreign roles that the mirror showed, so it may have been
   * wrong.
   */
  readonly hasLostRoles: boolean;
  /**
   * Discord said a minute ago or earlier, and never otherwise since, that the account is not in the
   * guild; or a complete list did.
   */
  readonly isAbsenceProven: boolean;
  /** Left by a run that died, or was told to wait, between its first change and its last. */
  readonly openRecord: OpenRecord | null;
  /**
   * What the person granted when they signed in: they may be brought in, and shall be at once where
   * `isJoinWanted`.
   */
  readonly grant: {
    readonly grantId: string;
    readonly isJoinWanted: boolean;
  } | null;
  /**
   * Why Discord last did not let the person in; null: they were seen in the guild since, or nobody
   * tried.
   */
  readonly joinRefusal: JoinRefusal | null;
  readonly nicknamePolicy: {
    readonly strategy: NicknameStrategy;
    readonly template: string | null;
    readonly onUnlink: NicknameOnUnlink;
  };
  /**
   * SHA-256, in hex, of what Discord showed after the connector last set a nickname; null: never
   * set, or reset.
   */
  readonly nicknameSetHash: string | null;
  /** Asked for within the day, and not taken by Discord. */
  readonly nicknameRefused: string | null;
  /** As the platform knows the person of the active link; null: nobody is linked any more. */
  readonly person: {
    readonly username: string | null;
    readonly attributes: Attributes;
  } | null;
}

/**
 * What the store does for the path. All of them throw `LeaseLostError` when the job is no longer
 * ours.
 */
export interface Memory {
  readMember(member: MemberKey): Promise<MemberFacts | null>;
  openRecord(request: OpenRecordRequest): Promise<OpenedRecord>;
  /** Resolves with what the platform was asked for. */
  settle(job: Job, settlement: Settlement): Promise<readonly RemoteReading[]>;
  /**
   * Gives the job back unsettled, e.g. after a 429. Its causes, and its open record if it has one,
   * wait for the next run.
   */
  postpone(job: Job, request: Postponement): Promise<void>;
  /** Keeps what the guild's roles are now and marks the parked members whom a change sets free. */
  saveRoles(clientId: ClientId, reading: GuildRoleReading): Promise<void>;
  /** Stops or pauses a client in everyone's sight. */
  saveTrouble(clientId: ClientId, trouble: ClientTrouble): Promise<void>;
}

/**
 * The trouble of a whole client. STOPPED waits for a new token; PAUSED comes back by itself, later
 * each time.
 */
export interface ClientTrouble {
  readonly kind: 'STOPPED' | 'PAUSED';
  readonly reason: string;
  /**
   * Members whose refusals may have been the guild's, and not theirs: they are tried again after
   * the pause.
   */
  readonly tryAgain?: readonly DiscordUserId[];
  /** Of the client whose token was refused: one that was changed since is not stopped for it. */
  readonly revision?: string;
}

export interface MemberTarget extends GuildRef {
  readonly discordUserId: DiscordUserId;
  /** Somebody waits for it: goes before all that is not, and may take the last call of a bucket. */
  readonly isUrgent: boolean;
}

/** `reason` goes into Discord's own audit log; it names our record. */
export interface RoleWrite {
  readonly member: MemberTarget;
  readonly roleId: RoleId;
  readonly reason: string;
}

export interface MemberWrite {
  readonly member: MemberTarget;
  /** The whole list; null: the roles stay as they are. */
  readonly roleIds: readonly RoleId[] | null;
  /** Null: the nickname stays as it is. NO_NICKNAME: it is reset. */
  readonly nickname: string | null;
  readonly reason: string;
}

/**
 * What Discord still allows to be written in one guild, as its last answers said. Roles are given
 * and taken one by one in other buckets than a member is edited in.
 */
export interface WriteOutlook {
  /** Writes of either kind that may be made now; Infinity: nothing is known yet. */
  readonly left: number;
  /**
   * When so many single roles may be given and taken, beside those that `others` are about to; in
   * ms, in the past: at once.
   */
  singlesFrom(calls: Singles, others: Singles): number;
  /** When so many members may be edited. */
  listsFrom(calls: number): number;
}

/** How many roles are given and taken, each by a call of its own. */
export interface Singles {
  readonly add: number;
  readonly remove: number;
}

export type WriteOutlookOf = (who: Pick<MemberTarget, 'clientId' | 'isUrgent'>) => WriteOutlook;

/** Brings a person in who has agreed to it: `accessToken` is theirs, with the scope guilds.join. */
export interface JoinRequest {
  readonly member: MemberTarget;
  readonly accessToken: string;
  readonly roleIds: readonly RoleId[];
  readonly nickname: string | null;
}

/** Of one who is in already Discord changes nothing: neither roles nor nickname. */
export type Joining =
  { readonly kind: 'joined'; readonly member: PresentMember } | { readonly kind: 'alreadyMember' };

/**
 * The far side. Every call throws `RetryLaterError` (429, invalid-request budget spent, 5xx with
 * its time unknown is a plain `UnavailableError`) or `TerminalError` with one of `DiscordRefusal`
 * as its code. A call is made at most once.
 */
export interface DiscordMembers {
  readMember(member: MemberTarget): Promise<MemberReading>;
  addRole(write: RoleWrite): Promise<void>;
  removeRole(write: RoleWrite): Promise<void>;
  /**
   * Answers the member as Discord shows it after the write; null when Discord answers without a
   * body.
   */
  editMember(write: MemberWrite): Promise<PresentMember | null>;
  /**
   * Every role of the guild, with what stands against the bot's giving it, and renaming who holds
   * it.
   */
  readRoles(guild: GuildRef): Promise<GuildRoleReading>;
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
  /**
   * Of the nickname alone, by the rules of Discord or of the server: it says nothing of the roles
   * in the same write.
   */
  | 'BAD_NICKNAME'
  /** The guild has banned the person who was to join. */
  | 'BANNED'
  /** The guild takes no more members. */
  | 'GUILD_FULL'
  /** The person is in as many guilds as Discord allows. */
  | 'USER_GUILD_LIMIT'
  /** The person's access token is dead, another's, or does not allow joining. */
  | 'INVALID_TOKEN'
  | 'REFUSED';
