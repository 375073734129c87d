import { LONGEST_WAIT_MS, type Answer } from '../rest/answer.js';
import { codeMeaning } from '../rest/refusals.js';

/** Nothing may be sent before `until`: in this bucket, or by this bot at all. */
export interface Pause {
  readonly until: number;
  readonly reach: 'bucket' | 'bot';
  /** Not in the words of Discord's API: it may be a proxy's, or of this call alone. */
  readonly isDoubtful: boolean;
  readonly why: string;
}

/**
 * A 429 of Cloudflare may come without a time:
 * https://github.com/discord/discord-api-docs/issues/5810
 */
const UNTIMED_PAUSE_MS = 30_000;
/** Blocks by Cloudflare and against abuse last from minutes to hours; asking on prolongs them. */
const BLOCK_PAUSE_MS = 600_000;

/**
 * How long the response asks to wait; null if it names no time. Pure: `random` is a number from 0
 * to 1.
 */
export function pauseAfter(failure: {
  readonly answer: Answer;
  readonly now: number;
  readonly random: number;
  /** The margin on a window, which is put on twice. */
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
 * Until when the bucket is spent, by the headers of an answer of whatever status; null when calls
 * are left.
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
  const told = limits.retryAfterMs ?? limits.resetAfterMs;
  const isOfDiscord = form === 'json' && told !== null;
  return {
    waitMs: told ?? untimed(random),
    reach: limits.isGlobal || !isOfDiscord ? 'bot' : 'bucket',
    isDoubtful: !isOfDiscord && !limits.isGlobal,
    why: isOfDiscord
      ? `Discord asked to wait (scope ${limits.scope ?? 'user'})`
      : 'Cloudflare asked to wait',
  };
}

/** No member is at fault when the refusal is not of Discord's API: it always has a code. */
function isBlock({ code }: Answer): boolean {
  return code === null || pausedBy(code) === 'bot';
}

/**
 * Blocks, and limits on writing and on the resource, which can come with other statuses than 429.
 */
function pausedBy(code: Answer['code']): 'bucket' | 'bot' | null {
  return codeMeaning(code, null)?.pauses ?? null;
}

function untimed(random: number): number {
  return Math.round(UNTIMED_PAUSE_MS * (1 + random));
}
