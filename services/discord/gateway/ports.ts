import type {
  ClientId,
  DiscordUserId,
  GuildId,
  LiveState,
  PresentMember,
  RoleId,
} from '../../model.js';

/** What an event of the gateway says about a guild, read from its payload. */
export type LiveChange =
  /** The member as Discord shows them now. `hasJoined`: the event is GUILD_MEMBER_ADD. */
  | {
      readonly kind: 'memberShown';
      readonly discordUserId: DiscordUserId;
      readonly member: PresentMember;
      readonly hasJoined: boolean;
    }
  | { readonly kind: 'memberLeft'; readonly discordUserId: DiscordUserId }
  | { readonly kind: 'ban'; readonly discordUserId: DiscordUserId; readonly isBanned: boolean }
  | HandEntry
  /** A role was created, changed, moved or deleted, or the bot's own roles or the owner changed. */
  | { readonly kind: 'rolesChanged' }
  /** GUILD_CREATE: the guild is available; after an identify, or after an outage. */
  | { readonly kind: 'guildAvailable' }
  | { readonly kind: 'guildUnavailable' }
  /** The bot was removed from the guild, or the guild was deleted. */
  | { readonly kind: 'guildLeft' };

/** An audit log entry about a member's roles or nickname, made by anybody but the bot itself. */
export interface HandEntry {
  readonly kind: 'handEntry';
  /** A snowflake: its time orders entries. */
  readonly entryId: string;
  readonly discordUserId: DiscordUserId;
  /** Null: Discord does not say. */
  readonly byDiscordUserId: DiscordUserId | null;
  readonly added: readonly RoleId[];
  readonly removed: readonly RoleId[];
}

export interface LiveEvent {
  readonly guildId: GuildId;
  readonly change: LiveChange;
}

/** A point in a session's sequence of events. */
export interface SessionPosition {
  readonly shardId: number;
  readonly shardCount: number;
  readonly sessionId: string;
  readonly resumeUrl: string;
  readonly sequence: number;
}

/** A bot whose lease this process holds, with the clients that want events. */
export interface LiveBot {
  readonly applicationId: string;
  readonly clients: readonly {
    readonly clientId: ClientId;
    readonly guildId: GuildId;
    /** Changes whenever the credentials may have changed. */
    readonly revision: string;
  }[];
}

/** Who made a change on Discord. `name` is null if Discord does not say. */
export interface HandName {
  readonly discordUserId: DiscordUserId;
  readonly name: string | null;
  /** Null: not known. */
  readonly isBot: boolean | null;
}

export interface MemberChanges {
  readonly clientId: ClientId;
  /** The last event of each member; a member is in only one of the two lists. */
  readonly shown: readonly {
    readonly discordUserId: DiscordUserId;
    readonly member: PresentMember;
  }[];
  readonly left: readonly DiscordUserId[];
  /** The last event of each account. */
  readonly bans: readonly { readonly discordUserId: DiscordUserId; readonly isBanned: boolean }[];
}

/** The store's operations for the gateway session. */
export interface LiveMemory {
  /**
   * Bots leased to this process with at least one live client that is enabled, not stopped and not
   * being deleted.
   */
  readBots(): Promise<readonly LiveBot[]>;
  /**
   * Writes a batch of events to the mirror, marks the members that have to be reconciled, and saves
   * the position, in one transaction. Unlinked accounts cost no job. An event that repeats what the
   * mirror shows changes nothing. Resolves to the number of marked members. Throws LeaseLostError
   * if another process now leases the bot.
   */
  applyEvents(batch: {
    readonly applicationId: string;
    readonly position: SessionPosition | null;
    readonly clients: readonly MemberChanges[];
  }): Promise<number>;
  /** Records who gave or took mapped roles, in the order of the entries' ids. */
  noteHands(
    clientId: ClientId,
    hands: readonly (HandEntry & { readonly by: HandName | null })[],
  ): Promise<void>;
  readPosition(applicationId: string, shardId: number): Promise<SessionPosition | null>;
  /** Null deletes the shard's position. */
  savePosition(
    applicationId: string,
    shardId: number,
    position: SessionPosition | null,
  ): Promise<void>;
  /**
   * Asks for one identify. `limit` is what Discord has just said, for all processes. Resolves to
   * the time to wait before asking again, in ms; 0: identify now.
   */
  takeStart(
    applicationId: string,
    limit: { readonly remaining: number; readonly resetAfterMs: number },
  ): Promise<number>;
  /**
   * Saves how events reach the clients. `LIVE` is saved as `CATCHING_UP` while a gap is open.
   * `liveForMs`: how long the mirror counts as live without another call; 0 for all other states.
   */
  saveLiveState(
    clientIds: readonly ClientId[],
    state: {
      readonly state: Exclude<LiveState, 'OFF' | 'CATCHING_UP'>;
      readonly reason: string | null;
      readonly liveForMs: number;
    },
  ): Promise<void>;
  /**
   * Notes that events may have been missed, and starts one comparison by a member list, which ends
   * the gap.
   */
  openGap(clientIds: readonly ClientId[]): Promise<void>;
  /** Saves the begin or end of an outage of the guild at Discord. */
  saveUnavailable(clientId: ClientId, isUnavailable: boolean): Promise<void>;
}
