/**
 * What the path needs from outside.
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
  OAuthApplication,
  PlatformUserId,
  PresentMember,
  RemovalVerdict,
  RenameRefusal,
  RoleId,
  RoleRefusal,
  TokenGrant,
  UnknownMembership,
} from '../model.js';
import type { Job, Marks } from './job.js';
import type { RemoteFacts, RemoteReading } from './plan/remote.js';
import type {
  GuardLimits,
  MappingNames,
  OpenedRecord,
  OpenRecord,
  OpenRecordRequest,
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
  /** An earlier pause is still recorded. */
  readonly hasTrouble: boolean;
}

export interface LinkFacts {
  readonly linkId: LinkId;
  readonly platformUserId: PlatformUserId;
  readonly status: LinkStatus;
  /**
   * True for an ending link that an admin ended by name; the guard then does not hold its removals.
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

/** The last observed state; `null` in MemberFacts when the member was never read. */
export type Mirror = MemberReading;

export interface MemberFacts {
  /** Null: no job is waiting for the member. */
  readonly marks: Marks | null;
  readonly client: ClientFacts;
  readonly links: readonly LinkFacts[];
  readonly mappings: readonly MappingFacts[];
  /** Every role the guild is known to have had, with the reason the bot cannot assign it. */
  readonly roles: ReadonlyMap<RoleId, RoleRefusal | null>;
  /** Members the bot cannot rename: the guild's owner and the holders of these roles. */
  readonly renaming: {
    readonly ownerId: DiscordUserId | null;
    readonly refusals: ReadonlyMap<RoleId, RenameRefusal>;
  };
  /** Removals that wait for approval or that a person decided on. */
  readonly decisions: ReadonlyMap<RoleId, RemovalVerdict>;
  readonly mirror: Mirror | null;
  readonly mirrorReadAt: Date | null;
  /**
   * The age of the last answer that carried all roles in the mirror, in ms by the database's clock;
   * null: unknown.
   */
  readonly mirrorAgeMs: number | null;
  /** Whether that answer is newer than the oldest unsettled mark. */
  readonly isReadSinceMark: boolean;
  /**
   * A reading in the last minute lacked foreign roles that the mirror has, so it may have been
   * wrong.
   */
  readonly hasLostRoles: boolean;
  /**
   * Discord reported at least a minute ago that the account is not in the guild, and nothing to the
   * contrary since; or a complete member list did.
   */
  readonly isAbsenceProven: boolean;
  /** Left by a run that died, or was delayed, between its first change and its last. */
  readonly openRecord: OpenRecord | null;
  /**
   * The grant from the person's sign-in. It allows adding them to the guild; `isJoinWanted`: do so
   * at once.
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
  /** A nickname that was tried within the last day and that Discord refused. */
  readonly nicknameRefused: string | null;
  /**
   * The platform's data about the user of the active link; null: the account has no active link.
   */
  readonly person: { readonly username: string | null; readonly attributes: Attributes } | null;
}

/**
 * What the store does for the path. Every method throws `LeaseLostError` if this process no longer
 * holds the job.
 */
export interface Memory {
  readMember(member: MemberKey): Promise<MemberFacts | null>;
  openRecord(request: OpenRecordRequest): Promise<OpenedRecord>;
  /** Resolves with the requests that were made to the platform. */
  settle(job: Job, settlement: Settlement): Promise<readonly RemoteReading[]>;
  /**
   * Returns the job unsettled, e.g. after a 429. Its causes and its open record, if any, are kept
   * for the next run.
   */
  postpone(job: Job, request: Postponement): Promise<void>;
  /** Saves the guild's roles and marks parked members whom a change unblocks. */
  saveRoles(clientId: ClientId, reading: GuildRoleReading): Promise<void>;
  /** Stops or pauses a client, and makes that visible. */
  saveTrouble(clientId: ClientId, trouble: ClientTrouble): Promise<void>;
}

/**
 * Trouble of a whole client. STOPPED lasts until a new token is set; PAUSED expires, later
 * each time.
 */
export interface ClientTrouble {
  readonly kind: 'STOPPED' | 'PAUSED';
  readonly reason: string;
  /** For a guild that refused too many calls: the number of the trip, counted by the breaker. */
  readonly trip?: number;
  /** Members whose refusals may have been caused by the guild: they are retried after the pause. */
  readonly tryAgain?: readonly DiscordUserId[];
  /** The revision of the refused token: a client whose credentials changed since is not stopped. */
  readonly revision?: string;
}

export interface MemberTarget extends GuildRef {
  readonly discordUserId: DiscordUserId;
  /** A fresh change that goes before others and may use the last call of a bucket. */
  readonly isUrgent: boolean;
}

/** `reason` is written to Discord's own audit log; it names our record. */
export interface RoleWrite {
  readonly member: MemberTarget;
  readonly roleId: RoleId;
  readonly reason: string;
}

export interface MemberWrite {
  readonly member: MemberTarget;
  /** The whole list; null: the roles are not changed. */
  readonly roleIds: readonly RoleId[] | null;
  /** Null: the nickname is not changed. NO_NICKNAME: it is reset. */
  readonly nickname: string | null;
  readonly reason: string;
}

/**
 * The writes Discord still allows in one guild, according to its last answers. Single role changes
 * and member edits use different buckets.
 */
export interface WriteOutlook {
  /** Writes of either kind that are possible now; Infinity: nothing is known yet. */
  readonly left: number;
  /** The part of them that are edits. */
  readonly edits: number;
  /**
   * When this many single roles can be granted and removed, in addition to the ones that `others`
   * are about to write; in ms, in the past: at once.
   */
  singlesFrom(calls: Singles, others: Singles): number;
  /** When this many members can be edited. */
  listsFrom(calls: number): number;
}

/** The number of roles to grant and to remove, one call each. */
export interface Singles {
  readonly add: number;
  readonly remove: number;
}

export type WriteOutlookOf = (who: Pick<MemberTarget, 'clientId' | 'isUrgent'>) => WriteOutlook;

/** Which runs may begin, by client. Clients that are not listed are unrestricted. */
export interface Places {
  /** Runs in progress plus the places that must stay empty. */
  readonly taken: ReadonlyMap<ClientId, number>;
  /** Clients that may only start urgent runs. */
  readonly urgentOnly: readonly ClientId[];
  /** Edits left, by client, as far as they are known. */
  readonly edits: ReadonlyMap<ClientId, number>;
  readonly closed: readonly ClientId[];
  /** Time until more runs may begin even if none ends; Infinity: no client waits. */
  readonly moreInMs: number;
}

/**
 * Announces the calls that a run is about to make to the other runs of its client, so that two runs
 * do not count on the same last call.
 */
export interface WriteReservation {
  readonly singlesFrom: (calls: Singles) => number;
  readonly listsFrom: () => number;
  /** Replaces this run's earlier booking. */
  readonly book: (calls: Partial<BookedWrites>) => void;
  /** Discord delayed a call although the outlook allowed it. */
  readonly block: (way: 'singles' | 'lists', untilMs: number) => void;
  /** This run's nickname has to wait for an edit. */
  readonly awaitEdit: () => void;
  /** Nicknames of the client have recently had to wait for edits, which are their only way. */
  readonly areEditsAwaited: () => boolean;
  readonly leave: () => void;
}

export interface BookedWrites extends Singles {
  readonly lists: number;
}

/** How much work Discord's limits leave room for. */
export interface Pacing {
  readonly places: (running: ReadonlyMap<ClientId, number>) => Places;
  readonly begun: (job: Pick<Job, 'clientId'>) => void;
  /** The run of this job has to wait until then, and so does its client. */
  readonly delayed: (job: Pick<Job, 'clientId' | 'lane'>, until: Date) => void;
  /** The client no longer has to wait. */
  readonly freed: (clientId: ClientId) => void;
  readonly reserve: (target: MemberTarget) => WriteReservation;
}

/** Adds a person who has consented: `accessToken` is theirs, with the scope guilds.join. */
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
 * The calls to Discord. Each throws `RetryLaterError` (429, or no invalid requests left to spend),
 * `UnavailableError` (a 5xx that names no time), or `TerminalError` with a `DiscordRefusal` as its
 * code. A call is made at most once.
 */
export interface DiscordMembers {
  readMember(member: MemberTarget): Promise<MemberReading>;
  addRole(write: RoleWrite): Promise<void>;
  removeRole(write: RoleWrite): Promise<void>;
  /**
   * Returns the member as Discord shows it after the write; null when Discord answers without a
   * body.
   */
  editMember(write: MemberWrite): Promise<PresentMember | null>;
  /** Every role of the guild, with the reasons the bot cannot assign it or rename its holders. */
  readRoles(guild: GuildRef): Promise<GuildRoleReading>;
  joinMember(request: JoinRequest): Promise<Joining>;
}

/** Codes of TerminalErrors that come from Discord. */
export type DiscordRefusal =
  | 'UNAUTHORIZED'
  /** The guild itself answered this, whatever was called first: the bot is not in it. */
  | 'UNKNOWN_GUILD'
  | 'UNKNOWN_MEMBER'
  | 'UNKNOWN_ROLE'
  /** Applies to this call only: the guild does answer the bot. */
  | 'MISSING_ACCESS'
  | 'MISSING_PERMISSION'
  /**
   * Applies to the nickname only, by the rules of Discord or of the server; the roles of the same
   * write may be fine.
   */
  | 'BAD_NICKNAME'
  /** The guild has banned the person who was to be added. */
  | 'BANNED'
  /** The guild is full. */
  | 'GUILD_FULL'
  /** The person is in as many guilds as Discord allows. */
  | 'USER_GUILD_LIMIT'
  /** The person's access token has expired, belongs to someone else, or does not allow joining. */
  | 'INVALID_TOKEN'
  | 'REFUSED';

/** What the path needs of the stored grants. */
export interface GrantMemory {
  /** Null: the grant has been given up. */
  readGrant(grantId: string): Promise<TokenGrant | null>;
  /** Stores the new pair before it is used, because Discord has invalidated the old one. */
  renewGrant(grantId: string, grant: TokenGrant): Promise<void>;
}

/** A grant that is no longer needed here and still valid at Discord. */
export interface DueRevocation {
  readonly id: string;
  readonly clientId: ClientId;
  /** Null: the sign-in ended before the person was known. */
  readonly discordUserId: DiscordUserId | null;
  /** Includes this attempt. */
  readonly attempts: number;
  /** Throws if the key that encrypted it is no longer known. */
  readonly unlock: () => RevocableGrant;
}

export interface RevocableGrant {
  readonly application: OAuthApplication;
  readonly accessToken: string;
  /** Outlives the access token, so this is the one to revoke if there is one. */
  readonly refreshToken: string | null;
}

/**
 * Whether the tokens of one account at one application are needed; Discord revokes them together.
 * `SIGNING_IN`: someone has just been granted new ones and may be the same person.
 */
export type GrantUse = 'IN_USE' | 'SIGNING_IN' | 'NONE';

/** Grants to revoke, shared by all processes. */
export interface RevocationTable {
  /**
   * Claims due grants for a minute, and again the grants that this process claimed earlier and
   * neither postponed nor forgot.
   */
  claimDue(): Promise<readonly DueRevocation[]>;
  /** Covers all other grants of this person at the same application: revoking one revokes all. */
  findUse(id: string, discordUserId: DiscordUserId): Promise<GrantUse>;
  /** Ends the claim for `waitMs`. */
  wait(id: string, waitMs: number): Promise<void>;
  /** Ends the claim; the next attempt comes later after each failure. */
  postpone(id: string): Promise<void>;
  forget(id: string): Promise<void>;
  /** When the next one falls due; null: none is waiting. */
  nextDueAt(): Promise<Date | null>;
  onAdded(wake: () => void): Promise<() => Promise<void>>;
}
