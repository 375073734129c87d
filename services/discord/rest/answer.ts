import { z } from 'zod';

import { codeMeaning } from './refusals.js';

export function bytesInWords(bytes: number): string {
  const kib = bytes / 1024;
  return kib < 1024 ? `${kib} KiB` : `${kib / 1024} MiB`;
}

/** One response. It is judged by status, codes and limits, never by text. */
export interface Answer {
  readonly status: number;
  /**
   * `json`: an object or a list. `foreign`: any other body, such as a page from a proxy or
   * Cloudflare.
   */
  readonly form: 'json' | 'empty' | 'foreign';
  /** The parsed body; null unless `form` is `json`. */
  readonly body: unknown;
  /** Discord's error code, or the `error` of an OAuth2 refusal. */
  readonly code: number | string | null;
  readonly limits: Limits;
  /**
   * The size limit that the body exceeded (`form` is then `foreign`); null if the body is complete.
   */
  readonly cutAtBytes: number | null;
}

/**
 * Maximum pause, after which one call is tried. If Discord states a longer wait, that could be a
 * mistake, and obeying it would stop the bot permanently.
 */
const LONGEST_WAIT_MS = 3_600_000;

/**
 * The rate-limit headers of the response. https://docs.discord.com/developers/topics/rate-limits
 */
export interface Limits {
  readonly scope: string | null;
  readonly isGlobal: boolean;
  /** At most LONGEST_WAIT_MS; null if the response has no usable time. */
  readonly retryAfterMs: number | null;
  /**
   * The stated time before it was limited to LONGEST_WAIT_MS. For messages only, never for waiting.
   */
  readonly askedMs: number | null;
  /** Discord's name of the bucket; all routes that share the bucket have the same name. */
  readonly bucket: string | null;
  readonly limit: number | null;
  readonly remaining: number | null;
  /** At most LONGEST_WAIT_MS. */
  readonly resetAfterMs: number | null;
}

/** Parses a response. An unreadable body is not an error; it makes the response `foreign`. */
export function readAnswer(raw: {
  readonly status: number;
  readonly header: (name: string) => string | null;
  /** Null if the body is longer than `mostBytes`. */
  readonly text: string | null;
  readonly mostBytes: number;
  readonly now: number;
}): Answer {
  const body = raw.text === null ? null : parseBody(raw.text);
  const bodiless = raw.text?.trim() === '' ? 'empty' : 'foreign';
  const refusal = refusalBody.safeParse(body).data ?? {};
  return {
    status: raw.status,
    form: body === null ? bodiless : 'json',
    body,
    code: refusal.code ?? refusal.error ?? null,
    limits: readLimits(raw.header, raw.now, refusal),
    cutAtBytes: raw.text === null ? raw.mostBytes : null,
  };
}

/** Each field is parsed separately, so that an invalid one does not hide the others. */
const refusalBody = z.object({
  code: z.number().optional().catch(undefined),
  error: z.string().optional().catch(undefined),
  retry_after: z.number().positive().optional().catch(undefined),
  global: z.boolean().optional().catch(undefined),
});

function parseBody(text: string): unknown {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' ? body : null;
  } catch {
    return null;
  }
}

function readLimits(
  header: (name: string) => string | null,
  now: number,
  refusal: z.infer<typeof refusalBody>,
): Limits {
  const scope = header('x-ratelimit-scope');
  const statedMs = [
    retryAfterMs(header('retry-after'), now),
    // The body still has the fraction of a second that the header rounds away.
    secondsToMs(refusal.retry_after ?? null),
  ].filter((ms) => ms !== null);
  const askedMs = statedMs.length > 0 ? Math.max(...statedMs) : null;
  return {
    scope,
    isGlobal:
      header('x-ratelimit-global') !== null || scope === 'global' || refusal.global === true,
    retryAfterMs: bounded(askedMs),
    askedMs,
    bucket: header('x-ratelimit-bucket'),
    limit: toNumber(header('x-ratelimit-limit')),
    remaining: toNumber(header('x-ratelimit-remaining')),
    resetAfterMs: bounded(secondsToMs(toNumber(header('x-ratelimit-reset-after')))),
  };
}

/**
 * Parses Retry-After: seconds from Discord, or a date from a proxy (RFC 9110, 10.2.3). Returns null
 * for zero and past times, because a call repeated at once would be refused again.
 */
function retryAfterMs(value: string | null, now: number): number | null {
  const seconds = toNumber(value);
  if (seconds !== null) return seconds > 0 ? secondsToMs(seconds) : null;
  // Date.parse takes almost anything: it reads "-5" as a day of May 2001.
  const isDate = value !== null && /^\s*(mon|tue|wed|thu|fri|sat|sun)/i.test(value);
  const waitMs = isDate ? Date.parse(value) - now : NaN;
  return waitMs > 0 ? waitMs : null;
}

function bounded(ms: number | null): number | null {
  return ms === null ? null : Math.min(ms, LONGEST_WAIT_MS);
}

function secondsToMs(seconds: number | null): number | null {
  return seconds === null ? null : Math.ceil(seconds * 1000);
}

function toNumber(value: string | null): number | null {
  if (value === null || value.trim() === '') return null;
  const number = Number(value);
  return Number.isFinite(number) && number >= 0 ? number : null;
}

/** No call may be sent before `until`: in one bucket or, with reach `bot`, by the whole bot. */
export interface Pause {
  readonly until: number;
  readonly reach: 'bucket' | 'bot';
  /**
   * The response does not look like Discord's API: a proxy may have sent it, or it may concern only
   * this call.
   */
  readonly isDoubtful: boolean;
  readonly why: string;
}

/**
 * Pause after a 429 without a time, as Cloudflare may send it:
 * https://github.com/discord/discord-api-docs/issues/5810
 */
const UNTIMED_PAUSE_MS = 30_000;
/** Cloudflare and anti-abuse blocks last from minutes to hours, and further calls prolong them. */
const BLOCK_PAUSE_MS = 600_000;

/**
 * Returns the pause that a response calls for, or null. `random`, from 0 to 1, spreads pauses for
 * which the response names no time.
 */
export function pauseAfter(failure: {
  readonly answer: Answer;
  readonly now: number;
  readonly random: number;
  /** Half the safety margin: the pause is extended by twice this. */
  readonly offsetMs: number;
}): Pause | null {
  const { answer, now, random, offsetMs } = failure;
  const pause = pauseOfAnswer(answer, random);
  if (pause === null) return null;
  const { reach, isDoubtful = false, waitMs, why } = pause;
  const { askedMs } = answer.limits;
  return {
    reach,
    isDoubtful,
    until: now + waitMs + 2 * offsetMs,
    why:
      askedMs !== null && askedMs > LONGEST_WAIT_MS
        ? `${why} ${spanInWords(askedMs)}; retrying one call after an hour`
        : why,
  };
}

function spanInWords(ms: number): string {
  const hours = ms / 3_600_000;
  if (hours > 24 * 365) return 'for more than a year';
  return hours < 48 ? `for ${hours.toFixed(1)} hours` : `for ${Math.round(hours / 24)} days`;
}

/**
 * Returns when an exhausted bucket resets, from the headers of a response with any status; null if
 * calls are left.
 */
export function spentUntil({ limits }: Answer, now: number, offsetMs: number): number | null {
  if (limits.remaining !== 0 || !limits.resetAfterMs) return null;
  return now + limits.resetAfterMs + 2 * offsetMs;
}

interface Wait {
  readonly waitMs: number;
  readonly reach: Pause['reach'];
  readonly isDoubtful?: boolean;
  readonly why: string;
}

function pauseOfAnswer(answer: Answer, random: number): Wait | null {
  const { status, limits, code } = answer;
  if (status === 429) return limitPause(answer, random);
  if (status === 403 && isBlock(answer)) {
    const untimedMs = Math.round(BLOCK_PAUSE_MS * (1 + random));
    return {
      waitMs: Math.max(limits.retryAfterMs ?? 0, untimedMs),
      reach: 'bot',
      isDoubtful: code === null,
      why: codeMeaning(code, null)?.why ?? 'Discord blocks this sender',
    };
  }
  if (status >= 400 && status < 500 && pausedBy(code) === 'bucket') {
    return {
      waitMs: limits.retryAfterMs ?? untimed(random),
      reach: 'bucket',
      why: 'Discord limits this resource',
    };
  }
  if (status >= 500 && limits.retryAfterMs !== null) {
    return {
      waitMs: limits.retryAfterMs,
      reach: 'bucket',
      why: 'Discord is unavailable and names a time',
    };
  }
  return null;
}

function limitPause({ form, limits }: Answer, random: number): Wait {
  const statedMs = limits.retryAfterMs ?? limits.resetAfterMs;
  const isOfDiscord = form === 'json' && statedMs !== null;
  return {
    waitMs: statedMs ?? untimed(random),
    reach: limits.isGlobal || !isOfDiscord ? 'bot' : 'bucket',
    isDoubtful: !isOfDiscord && !limits.isGlobal,
    why: isOfDiscord
      ? `Discord asked to wait (scope ${limits.scope ?? 'user'})`
      : 'Cloudflare asked to wait',
  };
}

/**
 * Returns true if a 403 blocks the whole bot. Discord's API always sends an error code. A 403
 * without one comes from a proxy, so the member is not to blame.
 */
function isBlock({ code }: Answer): boolean {
  return code === null || pausedBy(code) === 'bot';
}

/**
 * Returns what a refusal with this code pauses, or null. Such a refusal can have a status other
 * than 429.
 */
function pausedBy(code: Answer['code']): 'bucket' | 'bot' | null {
  return codeMeaning(code, null)?.pauses ?? null;
}

function untimed(random: number): number {
  return Math.round(UNTIMED_PAUSE_MS * (1 + random));
}
