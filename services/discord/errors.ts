import {
  RetryLaterError,
  TerminalError,
  UnavailableError,
} from '../lib/errors.js';
import type { DiscordRefusal } from '../reconcile/ports.js';
import type { Answer } from './answer.js';
import { bytesInWords } from './bounded-text.js';
import type { Pause } from './pauses.js';

/** A call that did not come to its end. */
export interface Failure {
  /** The call in words with its ids: `add role 12 to member 7 in guild 3`. */
  readonly doing: string;
  readonly answer: Answer | null;
  /** What the REST client threw, if it did. */
  readonly error: unknown;
  /** From pauseAfter: the failure names a time. */
  readonly pause: Pause | null;
  /** Our own signal: told apart here, as the REST client throws the same AbortError for both. */
  readonly aborted: 'stopped' | 'timedOut' | null;
  readonly now: number;
  /** Kept out of every message and cause. */
  readonly secrets: readonly string[];
}

/** Turns what the REST client, undici and the far side say into our own errors: by status and codes, never by text. */
export function translateFailure(
  failure: Failure,
): TerminalError | RetryLaterError | UnavailableError {
  const { answer, pause, aborted, now } = failure;
  const options = causeOf(failure);
  const say = (why: string) =>
    withoutSecrets(
      `cannot ${failure.doing}: ${why}${evidence(failure)}`,
      failure.secrets,
    );

  if (pause) {
    return new RetryLaterError(new Date(pause.until), say(pause.why), options);
  }
  if (answer) {
    const refusal = refusalOf(answer);
    if (!refusal) return new UnavailableError(say(unusable(answer)), options);
    return new TerminalError(refusal.code, say(refusal.why), options);
  }
  if (aborted === 'stopped') {
    return new RetryLaterError(
      new Date(now),
      say('the connector is stopping'),
      options,
    );
  }
  const why = isTimeout(failure)
    ? 'no answer in time'
    : 'the connection failed';
  return new UnavailableError(say(why), options);
}

interface Refusal {
  readonly code: DiscordRefusal;
  readonly why: string;
}

const UNKNOWN_MEMBER: Refusal = {
  code: 'UNKNOWN_MEMBER',
  why: 'the member is not in the guild',
};

const INVALID_TOKEN: Refusal = {
  code: 'INVALID_TOKEN',
  why: "the person's access token is refused",
};

/** https://docs.discord.com/developers/topics/opcodes-and-status-codes#json */
const REFUSALS: ReadonlyMap<Answer['code'], Refusal> = new Map([
  [10004, { code: 'UNKNOWN_GUILD', why: 'the bot is not in this guild' }],
  [10007, UNKNOWN_MEMBER],
  [10013, UNKNOWN_MEMBER],
  [10011, { code: 'UNKNOWN_ROLE', why: 'the guild has no such role' }],
  [
    30001,
    { code: 'USER_GUILD_LIMIT', why: 'the person is in too many guilds' },
  ],
  [30019, { code: 'GUILD_FULL', why: 'the guild is full' }],
  [40007, { code: 'BANNED', why: 'the person is banned from the guild' }],
  [50025, INVALID_TOKEN],
  [50026, INVALID_TOKEN],
  [50001, { code: 'MISSING_ACCESS', why: 'the bot has no access' }],
  [
    50013,
    {
      code: 'MISSING_PERMISSION',
      why: 'the bot lacks the permission, or the role or the member is above the bot',
    },
  ],
  [
    50028,
    {
      code: 'MISSING_PERMISSION',
      why: 'this role cannot be given or taken by the bot',
    },
  ],
  [
    60003,
    {
      code: 'MISSING_PERMISSION',
      why: "the guild asks for two-factor authentication of the bot's owner",
    },
  ],
]);

/** A 401 is about the bot's token, unless it says to be about the one that a person has given. */
export function refusesBot({
  status,
  code,
}: Pick<Answer, 'status' | 'code'>): boolean {
  return status === 401 && REFUSALS.get(code) !== INVALID_TOKEN;
}

/** Null: not a verdict of Discord's API, so nothing is said of the member or the role. */
function refusalOf({ status, form, code }: Answer): Refusal | null {
  // Whoever sent it: the REST client has dropped the token, and asking on costs the budget of invalid requests.
  if (refusesBot({ status, code })) {
    return { code: 'UNAUTHORIZED', why: "the bot's token is refused" };
  }
  if (status < 400 || status >= 500 || form !== 'json') return null;
  if (code === null || isOverload(status, code)) return null;
  return REFUSALS.get(code) ?? { code: 'REFUSED', why: 'Discord refuses' };
}

function isOverload(status: number, code: Answer['code']): boolean {
  return status >= 500 || status === 408 || code === 130_000;
}

function unusable({ status, code, cutAtBytes }: Answer): string {
  if (cutAtBytes !== null)
    return `the answer is longer than ${bytesInWords(cutAtBytes)}`;
  if (status >= 300 && status < 400) return 'a redirect is not followed';
  return isOverload(status, code)
    ? 'Discord is unavailable'
    : "the answer is not of Discord's API";
}

function isTimeout({ aborted, error }: Failure): boolean {
  if (aborted === 'timedOut') return true;
  return error instanceof Error && error.name === 'AbortError';
}

function evidence({ answer, error, aborted }: Failure): string {
  if (answer) {
    const code = answer.code === null ? '' : `, code ${answer.code}`;
    return ` (status ${answer.status}${code})`;
  }
  const code = aborted === null ? codeOf(error) : null;
  return code === null ? '' : ` (${code})`;
}

/** Codes of the system and of undici, as ECONNREFUSED and UND_ERR_SOCKET; never what the far side has written. */
function codeOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  const { code } = error;
  return typeof code === 'string' && /^[A-Z_]{3,40}$/.test(code) ? code : null;
}

/**
 * A copy of what was thrown, without its fields and without secrets: undici's errors carry sockets, those of the
 * REST client the request, and a proxy may echo our headers in its message.
 */
function causeOf({ error, secrets }: Failure): ErrorOptions {
  if (!(error instanceof Error)) return {};
  const cause = new Error(withoutSecrets(error.message, secrets));
  cause.name = withoutSecrets(error.name, secrets);
  cause.stack = withoutSecrets(error.stack ?? '', secrets);
  const code = codeOf(error);
  return { cause: code === null ? cause : Object.assign(cause, { code }) };
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret !== '')
    .reduce((left, secret) => left.replaceAll(secret, '[redacted]'), text);
}
