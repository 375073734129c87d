/**
 * What the path asks of the world.
 * In: claimed jobs and what is known of a member. Out: calls to Discord, audit records, settlements.
 * Never: a write to a member without a link, or before its audit record is open.
 */
import type {
  AuditRecordId,
  Authority,
  Cause,
  ClientId,
  DiscordUserId,
  GroupId,
  GuildId,
  Lane,
  LinkId,
  LinkStatus,
  MappingId,
  MemberKey,
  MemberReading,
  Outcome,
  PlatformUserId,
  PresentMember,
  RoleId,
  RoleRefusal,
  GuildRole,
  UnknownMembership,
} from '../model.js';

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

/** Removals within an hour may reach `minimum`, or `percent` of the role's holders, whichever is more. */
export interface GuardLimits {
  readonly minimum: number;
  readonly percent: number;
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
}

export interface OpenRecord {
  readonly recordId: AuditRecordId;
  readonly plannedAdded: readonly RoleId[];
  readonly plannedRemoved: readonly RoleId[];
}

/** What came of a record: the changes that are known to have been made. */
export interface RecordClosing {
  readonly recordId: AuditRecordId;
  readonly added: readonly RoleId[];
  readonly removed: readonly RoleId[];
}

export interface RoleTally {
  readonly removedLastHour: number;
  readonly holders: number;
}

/** Removals of the last hour that count, and holders, per role and over all managed roles of the guild. */
export interface GuardTally {
  readonly roles: ReadonlyMap<RoleId, RoleTally>;
  readonly guild: RoleTally;
}

export interface GuardVerdict {
  readonly allowedRemovals: readonly RoleId[];
  readonly heldRemovals: readonly RoleId[];
  readonly reason: string | null;
}

export interface OpenRecordRequest {
  readonly job: Job;
  readonly platformUserId: PlatformUserId | null;
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  /** Removals that the guard leaves alone: asked for by name, or of roles the member is not seen to hold. */
  readonly uncounted: readonly RoleId[];
  readonly judge: (tally: GuardTally) => GuardVerdict;
  /** An open record whose plan no longer fits: closed in the same transaction, as evidence. */
  readonly supersedes: RecordClosing | null;
}

export interface OpenedRecord {
  /** Null when nothing may be written: every change was a held removal. */
  readonly recordId: AuditRecordId | null;
  readonly verdict: GuardVerdict;
}

/** How a run ended, written in one transaction with the mirror, the record, the event and the job. */
export interface Settlement {
  readonly outcome: Outcome;
  readonly reason: string | null;
  /** The record to close; null when nothing was written. */
  readonly closes: RecordClosing | null;
  readonly heldRemovals: readonly RoleId[];
  /** What Discord answered last; null when it was not asked. */
  readonly observed: MemberReading | null;
  /** Something is left that only a change of state can mend: looked at again on a mark, or after a day. */
  readonly isParked: boolean;
  /** Discord answers for this client again: its trouble is over, and pauses start from the shortest again. */
  readonly clearsTrouble: boolean;
  /** Links whose roles are taken back, or whose member has gone: they end now. */
  readonly endedLinkIds: readonly LinkId[];
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

export interface Postponement {
  readonly dueAt: Date;
  /** Adds one to `attempts`; a rate limit does not. */
  readonly isFailure: boolean;
  readonly reason: string;
  readonly observed: MemberReading | null;
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
}

/** Codes of the TerminalErrors that come from Discord. */
export type DiscordRefusal =
  | 'UNAUTHORIZED'
  | 'UNKNOWN_GUILD'
  | 'UNKNOWN_MEMBER'
  | 'UNKNOWN_ROLE'
  | 'MISSING_ACCESS'
  | 'MISSING_PERMISSION'
  | 'REFUSED';
