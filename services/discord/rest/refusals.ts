import type { DiscordRefusal } from '../../reconcile/ports.js';

/** What a refusal applies to. */
export type RefusalOwner =
  | 'ROLE'
  | 'NICKNAME'
  | 'MEMBER'
  | 'GUILD'
  | 'BOT'
  | 'SENDER'
  /** Nothing specific is at fault: the same call may succeed later. */
  | 'NOBODY';

export interface KnownCode {
  readonly owner: RefusalOwner;
  /**
   * Set if Discord documents the refusal as permanent: nothing is retried until the cause could
   * have changed. Null: the refusal is temporary.
   */
  readonly lasting: DiscordRefusal | null;
  /** What to pause for a while: the bucket or the whole bot. Null: nothing. */
  readonly pauses: 'bucket' | 'bot' | null;
  readonly why: string;
}

const lasting = (owner: RefusalOwner, refusal: DiscordRefusal, why: string): KnownCode => ({
  owner,
  lasting: refusal,
  pauses: null,
  why,
});

const passing = (why: string): KnownCode => ({ owner: 'NOBODY', lasting: null, pauses: null, why });

const pausing = (owner: RefusalOwner, pauses: 'bucket' | 'bot', why: string): KnownCode => ({
  owner,
  lasting: null,
  pauses,
  why,
});

/**
 * The meaning of each of Discord's error codes; unlisted codes are temporary.
 * `ops/discord-answers.md` documents them for operators.
 * https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
 */
export const KNOWN_CODES: ReadonlyMap<number, KnownCode> = new Map([
  [0, passing('Discord refused without a reason')],
  [10004, lasting('GUILD', 'UNKNOWN_GUILD', 'the bot is not in this guild')],
  [10007, lasting('MEMBER', 'UNKNOWN_MEMBER', 'the member is not in the guild')],
  [10008, pausing('SENDER', 'bot', 'Discord blocks this sender')],
  [10011, lasting('ROLE', 'UNKNOWN_ROLE', 'the guild does not have this role')],
  [10013, lasting('MEMBER', 'UNKNOWN_MEMBER', 'the member is not in the guild')],
  [20026, pausing('BOT', 'bot', 'Discord has flagged the bot as spam')],
  [20028, pausing('NOBODY', 'bucket', 'Discord limits this resource')],
  [20029, pausing('NOBODY', 'bucket', 'Discord limits this resource')],
  [30001, lasting('MEMBER', 'USER_GUILD_LIMIT', 'the person is in too many guilds')],
  [30019, lasting('GUILD', 'GUILD_FULL', 'the guild is full')],
  [40001, passing('Discord did not authorize this call')],
  [40006, passing('Discord has turned this feature off for now')],
  [40007, lasting('MEMBER', 'BANNED', 'the person is banned from the guild')],
  [40062, pausing('NOBODY', 'bucket', 'Discord limits this resource')],
  [40333, pausing('SENDER', 'bot', 'Discord blocks this sender')],
  [50001, lasting('BOT', 'MISSING_ACCESS', 'the bot has no access')],
  [
    50013,
    lasting(
      'BOT',
      'MISSING_PERMISSION',
      'the bot lacks the permission, or the role or the member is above the bot',
    ),
  ],
  [50025, lasting('MEMBER', 'INVALID_TOKEN', "the person's access token was rejected")],
  [50026, lasting('MEMBER', 'INVALID_TOKEN', "the person's access token was rejected")],
  [50028, lasting('ROLE', 'MISSING_PERMISSION', 'the bot cannot add or remove this role')],
  [50035, passing('Discord rejected the format of this call')],
  [50178, lasting('MEMBER', 'REFUSED', 'the account must be verified first')],
  [
    60003,
    lasting(
      'BOT',
      'MISSING_PERMISSION',
      "the guild requires two-factor authentication of the bot's owner",
    ),
  ],
  [130_000, passing('Discord is overloaded')],
]);

/** Form error fields that concern the nickname; AutoMod uses `guild_tag`. */
const NICKNAME_FIELDS = ['nick', 'guild_tag'];

export const NICKNAME_REFUSED = lasting(
  'NICKNAME',
  'BAD_NICKNAME',
  'the nickname violates the rules of Discord or of the server (AutoMod)',
);

/**
 * Returns the meaning of a code; null if it is not listed. A form error (50035) that names only
 * nickname fields means that the nickname was refused.
 */
export function codeMeaning(code: number | string | null, body: unknown): KnownCode | null {
  if (code === 50035 && isAboutNickname(body)) return NICKNAME_REFUSED;
  return typeof code === 'number' ? (KNOWN_CODES.get(code) ?? null) : null;
}

function isAboutNickname(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  const errors: unknown = 'errors' in body ? body.errors : null;
  if (typeof errors !== 'object' || errors === null) return false;
  const fields = Object.keys(errors);
  return fields.length > 0 && fields.every((name) => NICKNAME_FIELDS.includes(name));
}
