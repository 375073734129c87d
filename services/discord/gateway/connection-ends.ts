import { GatewayCloseCodes } from 'discord-api-types/v10';

/** Why a connection ended. */
export type ConnectionEnd =
  /** Discord closed it, or it was lost; `error` says why it could not be opened or read. */
  | { readonly kind: 'closed'; readonly code: number; readonly error: string | null }
  /** Opcode 9 */
  | { readonly kind: 'invalidSession'; readonly isResumable: boolean }
  /** Opcode 7 */
  | { readonly kind: 'reconnect' }
  /** No heartbeat was acknowledged in time, or Discord did not begin the session. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'unreadable'; readonly reason: string }
  | { readonly kind: 'tooLong'; readonly length: number }
  /** Events are missing; see SequenceVerdict. */
  | { readonly kind: 'hole' }
  | { readonly kind: 'broken' }
  | { readonly kind: 'stopped' };

export interface EndVerdict {
  /**
   * `again`: connect again. `refused`: the token is wrong. `polling`: connecting again cannot help
   * unless something else changes. `moreShards`: the bot is in too many guilds for its shards.
   */
  readonly next: 'again' | 'refused' | 'polling' | 'moreShards';
  /** In plain words, for people. */
  readonly reason: string;
  /** False: the session is over, and the next one begins with a gap. */
  readonly keepsSession: boolean;
  /** Discord asked for fewer messages. */
  readonly isSlow: boolean;
}

/** Says what follows from the end of a connection. */
export function judgeEnd(end: ConnectionEnd): EndVerdict {
  switch (end.kind) {
    case 'closed':
      return judgeCode(end);
    case 'invalidSession':
      return end.isResumable
        ? again('Discord asked to resume the session')
        : { ...again('Discord ended the session'), keepsSession: false };
    case 'reconnect':
      return again('Discord asked to reconnect');
    case 'silent':
      return again('Discord stopped responding');
    case 'unreadable':
      return again(`Discord sent an unreadable message: ${end.reason}`);
    case 'tooLong':
      return again(`Discord sent a message of ${end.length} characters`);
    case 'hole':
      return again('events were missing');
    case 'broken':
      return { ...again('the numbers of the events went back'), keepsSession: false };
    case 'stopped':
    default:
      return again('the session was stopped');
  }
}

/** https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes */
function judgeCode({
  code,
  error,
}: Extract<ConnectionEnd, { readonly kind: 'closed' }>): EndVerdict {
  const final = FINAL_CODES.get(code);
  if (final) return final;
  const lost =
    error === null ? `the connection was lost (${code})` : `the connection failed: ${error}`;
  const closed = again(code >= 4000 ? `Discord closed the connection (${code})` : lost);
  return {
    ...closed,
    keepsSession: !SESSION_ENDING_CODES.has(code),
    isSlow: code === GatewayCloseCodes.RateLimited.valueOf(),
  };
}

function again(reason: string): EndVerdict {
  return { next: 'again', reason, keepsSession: true, isSlow: false };
}

/** After all other codes a resume is tried: if the session is over, opcode 9 says so. */
const SESSION_ENDING_CODES: ReadonlySet<number> = new Set([
  GatewayCloseCodes.NotAuthenticated,
  GatewayCloseCodes.InvalidSeq,
]);

const final = (next: EndVerdict['next'], reason: string): EndVerdict => ({
  ...again(reason),
  next,
});

const FINAL_CODES: ReadonlyMap<number, EndVerdict> = new Map<number, EndVerdict>([
  [GatewayCloseCodes.AuthenticationFailed, final('refused', 'Discord rejected the bot token')],
  [
    GatewayCloseCodes.DisallowedIntents,
    final(
      'polling',
      'the bot lacks the Server Members Intent; enable it in the Discord Developer Portal',
    ),
  ],
  [
    GatewayCloseCodes.InvalidIntents,
    final('polling', 'Discord does not accept the intents that this version asks for'),
  ],
  [
    GatewayCloseCodes.InvalidAPIVersion,
    final('polling', 'Discord no longer supports the API version that this version uses'),
  ],
  [GatewayCloseCodes.InvalidShard, final('polling', 'Discord rejected the number of shards')],
  [
    GatewayCloseCodes.ShardingRequired,
    final('moreShards', 'the bot is in too many servers for its number of shards'),
  ],
]);
