import type { Logger } from '../../lib/logger.js';
import type { DiscordUserId } from '../../model.js';
import type { GatewayInformation } from '../rest/bot-readings.js';
import type { LiveEvent, LiveMemory, SessionPosition } from './ports.js';
import type { EventReading } from './read-event.js';

/** A part of the session, with the guilds of which `shardOf` is its `shardId`. */
export interface ShardRef {
  readonly shardId: number;
  readonly shardCount: number;
}

/**
 * How events reach the process.
 * - CONNECTING: the session is being opened for the first time.
 * - READY: events arrive. A session that was not resumed begins with a gap.
 * - LOST: the connection was lost, and is being opened again.
 * - POLLING: connecting again is no use before `retryAt`.
 * - REFUSED: Discord rejected the bot token. The session does not try again.
 */
export type LiveSessionState =
  | { readonly kind: 'CONNECTING' }
  | { readonly kind: 'READY'; readonly isResumed: boolean }
  | { readonly kind: 'LOST'; readonly reason: string }
  | { readonly kind: 'POLLING'; readonly reason: string; readonly retryAt: Date }
  | { readonly kind: 'REFUSED'; readonly reason: string };

export interface LiveSessionDeps {
  readonly credentials: {
    readonly applicationId: string;
    readonly botToken: string;
    /** Ends with the version: `https://discord.com/api/v10`. */
    readonly apiBase: string;
  };
  readonly readGatewayInformation: () => Promise<GatewayInformation>;
  /** Called only before a session of another process is resumed: Discord does not name the bot then. */
  readonly readBotUserId: () => Promise<DiscordUserId>;
  readonly memory: Pick<LiveMemory, 'readPosition' | 'savePosition' | 'takeStart'>;
  /** Called for each event, in order. `position` may be saved once the event's effects are stored. */
  readonly onEvent: (event: LiveEvent, position: SessionPosition) => void;
  /**
   * Called, in order with `onEvent`, for everything else that has a number. `position` may be saved
   * once the effects of all earlier events are stored.
   */
  readonly onPosition: (position: SessionPosition) => void;
  /**
   * Called, in order with `onEvent`, when events may have been missed. The gap must be stored before
   * any position that follows; otherwise a crash would hide it.
   */
  readonly onGap: (gap: ShardRef & { readonly reason: string }) => void;
  /** An event that is read could not be: its change was missed. */
  readonly onUnreadable: (reading: Extract<EventReading, { readonly kind: 'unreadable' }>) => void;
  /** Null: the state of all shards. */
  readonly onState: (state: LiveSessionState, shard: ShardRef | null) => void;
  /** Called for each heartbeat that Discord acknowledged: no earlier event is missing. */
  readonly onHeartbeat: (heartbeat: ShardRef & { readonly latencyMs: number }) => void;
  readonly logger: Logger;
  readonly clock: () => number;
  /** Returns a number from 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly timing?: Partial<LiveTiming>;
}

export interface LiveTiming {
  /** The first wait before connecting again; it doubles with each failure, up to `longestWaitMs`. */
  readonly shortestWaitMs: number;
  readonly longestWaitMs: number;
  /** A connection that lasted this long was no failure. */
  readonly steadyMs: number;
  /** Discord asks for 1 to 5 times this wait before a new session. */
  readonly newSessionMs: number;
  /** How long connecting again is no use after a refusal. */
  readonly refusedMs: number;
}

export const LIVE_TIMING: LiveTiming = {
  shortestWaitMs: 300,
  longestWaitMs: 60_000,
  steadyMs: 10_000,
  newSessionMs: 1000,
  refusedMs: 3_600_000,
};

/** https://docs.discord.com/developers/events/gateway#sharding */
export function shardOf(guildId: string, shardCount: number): number {
  return Number((BigInt(guildId) >> 22n) % BigInt(shardCount));
}
