import {
  PassingRefusalError,
  RetryLaterError,
  TerminalError,
  UnavailableError,
} from '../../lib/errors.js';
import type { DiscordRefusal } from '../../reconcile/ports.js';
import { type Answer, bytesInWords, type Pause } from './answer.js';
import { codeMeaning } from './refusals.js';

/** A failed call. */
export interface Failure {
  /** The call in words with its ids: `add role 12 to member 7 in guild 3`. */
  readonly doing: string;
  readonly answer: Answer | null;
  /** The error that the REST client threw; null if it did not throw. */
  readonly error: unknown;
  /** The pause that the response calls for, from `pauseAfter`. */
  readonly pause: Pause | null;
  /**
   * Why our own signal aborted the call; null if it did not. The REST client throws the same
   * AbortError for both causes.
   */
  readonly aborted: 'stopped' | 'timedOut' | null;
  readonly now: number;
  /** Removed from every message and cause. */
  readonly secrets: readonly string[];
}

/**
 * Translates errors of the REST client, undici and Discord into our own: by status and code, never
 * by text.
 */
export function translateFailure(
  failure: Failure,
): TerminalError | RetryLaterError | UnavailableError {
  const { answer, pause, aborted, now } = failure;
  const options = causeOf(failure);
  const say = (why: string) =>
    withoutSecrets(`cannot ${failure.doing}: ${why}${evidence(failure)}`, failure.secrets);

  if (pause) {
    return new RetryLaterError(new Date(pause.until), say(pause.why), options);
  }
  if (answer) {
    const refusal = lastingRefusal(answer);
    if (refusal) return new TerminalError(refusal.code, say(refusal.why), options);
    const passing = passingRefusal(answer);
    return passing === null
      ? new UnavailableError(say(unusable(answer)), options)
      : new PassingRefusalError(say(passing), options);
  }
  if (aborted === 'stopped') {
    return new RetryLaterError(new Date(now), say('the connector is stopping'), options);
  }
  const why = isTimeout(failure) ? 'no response in time' : 'the connection failed';
  return new UnavailableError(say(why), options);
}

/** A 401 concerns the bot's token, unless the call used a person's access token. */
export function refusesBot({ status, code }: Pick<Answer, 'status' | 'code'>): boolean {
  return status === 401 && code !== 50025 && code !== 50026;
}

interface Refusal {
  readonly code: DiscordRefusal;
  readonly why: string;
}

/**
 * Returns the refusal if Discord documents it as permanent. Null: the response proves nothing about
 * the member or the role.
 */
function lastingRefusal({ status, form, code, body }: Answer): Refusal | null {
  // A 401 counts even if a proxy sent it: more calls would use up the invalid-request budget.
  if (refusesBot({ status, code })) {
    return { code: 'UNAUTHORIZED', why: 'Discord rejected the bot token' };
  }
  if (status < 400 || status >= 500 || form !== 'json') return null;
  const meaning = codeMeaning(code, body);
  if (meaning === null || meaning.lasting === null) return null;
  return { code: meaning.lasting, why: meaning.why };
}

/**
 * Returns the reason of a refusal that may be temporary; null if the response is not a refusal by
 * Discord's API.
 */
function passingRefusal({ status, form, code, body }: Answer): string | null {
  if (status < 400 || status >= 500 || form !== 'json') return null;
  if (code === null || isOverload(status, code)) return null;
  const why = codeMeaning(code, body)?.why ?? 'Discord refused';
  return `${why}, possibly temporarily`;
}

function isOverload(status: number, code: Answer['code']): boolean {
  return status >= 500 || status === 408 || code === 130_000;
}

function unusable({ status, code, cutAtBytes }: Answer): string {
  if (cutAtBytes !== null) return `the response is longer than ${bytesInWords(cutAtBytes)}`;
  if (status >= 300 && status < 400) return 'redirects are not followed';
  return isOverload(status, code)
    ? 'Discord is unavailable'
    : "the response does not come from Discord's API";
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
  const code = aborted === null ? systemCode(error) : null;
  return code === null ? '' : ` (${code})`;
}

/**
 * Returns the error code of the system or undici, such as ECONNREFUSED or UND_ERR_SOCKET; never
 * text from the response.
 */
export function systemCode(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  const { code } = error;
  return typeof code === 'string' && /^[A-Z_]{3,40}$/.test(code) ? code : null;
}

/**
 * Copies the thrown error without its fields and without secrets. undici's errors carry sockets,
 * the REST client's errors carry the request, and a proxy may echo our headers into the message.
 */
function causeOf({ error, secrets }: Failure): ErrorOptions {
  if (!(error instanceof Error)) return {};
  const cause = new Error(withoutSecrets(error.message, secrets));
  cause.name = withoutSecrets(error.name, secrets);
  cause.stack = withoutSecrets(error.stack ?? '', secrets);
  const code = systemCode(error);
  return { cause: code === null ? cause : Object.assign(cause, { code }) };
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret !== '')
    .reduce((left, secret) => left.replaceAll(secret, '[redacted]'), text);
}
