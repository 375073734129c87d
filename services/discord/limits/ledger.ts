import { RequestMethod } from '@discordjs/rest';

import type { Answer, Limits } from '../rest/answer.js';
import { type Call, MEMBER, MEMBER_ROLE } from '../rest/calls.js';
import { EVERYDAY_MS } from './gate.js';

/** Tracks how many calls each bucket of a bot has left, from response headers. */
export interface Ledger {
  /**
   * Records the response's limits and returns the response. If an exhausted bucket refills
   * gradually, the returned `resetAfterMs` is the time until the bucket's next free call.
   */
  learn(use: BucketUse, answer: Answer): Answer;
  /**
   * Counts a call as in flight until the returned function is called. The headers of earlier
   * responses do not include such a call.
   */
  begin(use: BucketUse): () => void;
  /**
   * Returns the time from which this many calls can be made; a time up to now means at once.
   * Ignores calls in flight.
   */
  freeFrom(use: BucketUse, calls: number): number;
  /** Returns the time from which one more call can be made, in addition to the calls in flight. */
  nextFrom(use: BucketUse): number;
  /** Returns the number of calls left; Infinity if unknown. */
  left(use: BucketUse): number;
  /** Returns true if both calls use the same bucket. */
  areOne(a: BucketUse, b: BucketUse): boolean;
  /**
   * Forgets buckets that would stay closed for more than EVERYDAY_MS; the next call reveals their
   * state.
   */
  forgetLong(): void;
}

interface LedgerDeps {
  readonly clock: () => number;
  /** Added to every reset time from Discord. */
  readonly marginMs: number;
  readonly reserveMs: number;
}

interface Entry {
  allowance: Allowance | null;
  inFlight: number;
}

export function createLedger(deps: LedgerDeps): Ledger {
  const { clock, marginMs, reserveMs } = deps;
  const entries = new Map<string, Entry>();
  /** Discord's bucket names, by method and route. A name is the same in every guild. */
  const names = new Map<string, string>();

  const entryOf = (use: BucketUse): Entry => {
    const key = keyIn(names, use);
    const known = entries.get(key);
    if (known) return known;
    const entry: Entry = { allowance: null, inFlight: 0 };
    entries.set(key, entry);
    return entry;
  };

  const timeFor = (use: BucketUse, calls: number): number => {
    const now = clock();
    const allowance = entries.get(keyIn(names, use))?.allowance;
    if (!allowance) return now;
    const { isUrgent } = use;
    return freeFrom(allowance, { calls, isUrgent, reserveMs }, now);
  };

  return {
    learn(use, answer) {
      const { limits, status } = answer;
      const { method, route } = use;
      if (limits.bucket !== null) names.set(`${method} ${route}`, limits.bucket);
      const entry = entryOf(use);
      const seen = { status, limits, now: clock(), marginMs };
      entry.allowance = allowanceAfter(entry.allowance, seen);
      const { resetAfterMs } = limits;
      if (limits.remaining !== 0 || !resetAfterMs || !entry.allowance) return answer;
      const untilNextMs = msUntilNext(entry.allowance, resetAfterMs);
      return { ...answer, limits: { ...limits, resetAfterMs: untilNextMs } };
    },
    begin(use) {
      const entry = entryOf(use);
      entry.inFlight += 1;
      return () => void (entry.inFlight -= 1);
    },
    freeFrom: timeFor,
    nextFrom: (use) => timeFor(use, entryOf(use).inFlight + 1),
    left(use) {
      const allowance = entries.get(keyIn(names, use))?.allowance;
      if (!allowance) return Infinity;
      return callsLeft(allowance, { isUrgent: use.isUrgent, reserveMs }, clock());
    },
    areOne: (a, b) => keyIn(names, a) === keyIn(names, b),
    forgetLong: () => forgetLong(entries.values(), clock()),
  };
}

function forgetLong(entries: Iterable<Entry>, now: number): void {
  for (const entry of entries)
    if ((entry.allowance?.wholeAt ?? 0) > now + EVERYDAY_MS) entry.allowance = null;
}

function keyIn(names: ReadonlyMap<string, string>, { method, route, guildId }: BucketUse): string {
  const own = names.get(`${method} ${route}`);
  // For most bots, adding and removing a role share a bucket. Assume so until the headers show
  // otherwise.
  const twin = TWINS.get(method);
  const name = own ?? names.get(`${twin ?? method} ${route}`);
  const family = twin === undefined ? method : 'PUT';
  return `${name ?? `${family} ${route}`} ${guildId}`;
}

const TWINS: ReadonlyMap<string, string> = new Map([
  ['PUT', 'DELETE'],
  ['DELETE', 'PUT'],
]);

/** The state of one bucket, from the headers of its last responses. */
export interface Allowance {
  readonly limit: number;
  readonly remaining: number;
  /** When all calls are available again. */
  readonly wholeAt: number;
  readonly refill: Refill;
}

/**
 * Bounds on a bucket's refill time per call. Some buckets refill all at once at the end of a
 * window, others gradually, one call at a time. The headers only give the time until the bucket is
 * full; a gradual bucket has a free call long before that. A gradual bucket takes a constant time
 * per call, so the bounds from all its responses agree. The bounds of a bucket with a window
 * contradict each other after two or three responses and never agree again.
 */
interface Refill {
  readonly leastMsPerCall: number;
  readonly mostMsPerCall: number;
  readonly fewestUsed: number;
  readonly mostUsed: number;
}

/** How many calls a caller wants to make together. */
interface Use {
  readonly calls: number;
  readonly isUrgent: boolean;
  /**
   * Non-urgent calls may not take a bucket's last call if the bucket is gradual, or if it resets
   * later than this.
   */
  readonly reserveMs: number;
}

/**
 * Returns the allowance after a response; null if no response has stated the limits yet. `marginMs`
 * is added to every reset time.
 */
export function allowanceAfter(
  before: Allowance | null,
  answer: {
    readonly status: number;
    readonly limits: Limits;
    readonly now: number;
    readonly marginMs: number;
  },
): Allowance | null {
  const { limits, now, marginMs } = answer;
  const { remaining, resetAfterMs } = limits;
  if (remaining === null || resetAfterMs === null) return before;
  const limit = limits.limit ?? Math.max(before?.limit ?? 1, remaining);
  const isSame = before?.limit === limit;
  // A 429 shows that the bucket had fewer calls left than calculated, so it no longer counts as
  // gradual.
  const wasWrong = answer.status === 429 && before !== null;
  const known = isSame ? before.refill : NOTHING_KNOWN;
  return {
    limit,
    remaining,
    wholeAt: now + resetAfterMs + marginMs,
    refill: wasWrong ? NOT_GRADUAL : refillAfter(known, limit, limits),
  };
}

const NOTHING_KNOWN: Refill = {
  leastMsPerCall: 0,
  mostMsPerCall: Infinity,
  fewestUsed: Infinity,
  mostUsed: 0,
};
const NOT_GRADUAL: Refill = { ...NOTHING_KNOWN, leastMsPerCall: Infinity };

/** Widens the bounds, because the headers and our own times are rounded to milliseconds. */
const ROUNDING_MS = 2;

function refillAfter(known: Refill, limit: number, { remaining, resetAfterMs }: Limits): Refill {
  // A partly refilled call counts as used, so the true number of used calls is between `used - 1`
  // and `used`.
  const used = limit - (remaining ?? 0);
  const ms = resetAfterMs ?? 0;
  if (used < 1 || ms === 0) return known;
  const least = (ms - ROUNDING_MS) / used;
  const most = used > 1 ? (ms + ROUNDING_MS) / (used - 1) : Infinity;
  return {
    leastMsPerCall: Math.max(known.leastMsPerCall, least),
    mostMsPerCall: Math.min(known.mostMsPerCall, most),
    fewestUsed: Math.min(known.fewestUsed, used),
    mostUsed: Math.max(known.mostUsed, used),
  };
}

/** In larger buckets, the bounds from a few responses are too wide to contradict each other. */
const MOST_JUDGED = 50;
const ENOUGH_USED = 3;

/**
 * Returns the lower bound of the refill time per call; null if the bucket is not known to be
 * gradual. Waits are counted back from the time the bucket is full, so the lower bound makes them
 * too long rather than too short.
 */
function msPerCall({ limit, refill }: Allowance): number | null {
  const { leastMsPerCall, mostMsPerCall, fewestUsed, mostUsed } = refill;
  const isProven =
    limit <= MOST_JUDGED &&
    mostUsed - fewestUsed >= ENOUGH_USED &&
    leastMsPerCall > 0 &&
    leastMsPerCall <= mostMsPerCall;
  return isProven ? leastMsPerCall : null;
}

/** Returns the time until a bucket that was just exhausted has one free call. */
export function msUntilNext(allowance: Allowance, resetAfterMs: number): number {
  const each = msPerCall(allowance);
  if (each === null) return resetAfterMs;
  return Math.max(1, Math.ceil(resetAfterMs - (allowance.limit - 1) * each));
}

export function callsLeft(allowance: Allowance, use: Omit<Use, 'calls'>, now: number): number {
  const left = leftAt(allowance, now);
  return keepsLast(allowance, use, now) ? Math.max(0, left - 1) : left;
}

/**
 * Returns when the calls may be made; `now` or earlier means at once. A number above the bucket's
 * limit counts as the limit.
 */
export function freeFrom(allowance: Allowance, use: Use, now: number): number {
  const { limit, wholeAt } = allowance;
  const calls = Math.min(use.calls, limit);
  if (!keepsLast(allowance, use, now)) return timeOf(allowance, calls, now);
  const left = leftAt(allowance, now);
  if (left > calls) return now;
  if (msPerCall(allowance) !== null) return timeOf(allowance, Math.min(calls + 1, limit), now);
  return left === calls ? wholeAt - use.reserveMs : wholeAt;
}

function keepsLast(
  allowance: Allowance,
  { isUrgent, reserveMs }: Omit<Use, 'calls'>,
  now: number,
): boolean {
  // With a limit of one, nothing would be left for non-urgent calls.
  if (isUrgent || allowance.limit < 2 || allowance.wholeAt <= now) return false;
  // In a gradual bucket, reserving a call costs no throughput and keeps one available at any time.
  return msPerCall(allowance) !== null || allowance.wholeAt - now > reserveMs;
}

function leftAt(allowance: Allowance, now: number): number {
  const { limit, remaining, wholeAt } = allowance;
  if (wholeAt <= now) return limit;
  const each = msPerCall(allowance);
  if (each === null) return remaining;
  const left = Math.floor(limit - (wholeAt - now) / each);
  return Math.min(limit, Math.max(remaining, left));
}

function timeOf(allowance: Allowance, calls: number, now: number): number {
  if (leftAt(allowance, now) >= calls) return now;
  const { limit, wholeAt } = allowance;
  const each = msPerCall(allowance);
  return each === null ? wholeAt : Math.ceil(wholeAt - (limit - calls) * each);
}

/**
 * The bucket of a call, as far as it is known before the call. The headers may reveal that several
 * methods or routes share one bucket.
 */
export interface BucketUse {
  readonly method: string;
  readonly route: string;
  readonly guildId: string;
  readonly isUrgent: boolean;
}

/** Discord limits each guild separately, and sometimes each method of a route. */
export function bucketName({ method, route, guildId }: BucketUse): string {
  return `${method} ${route} ${guildId}`;
}

export function bucketUse({ method, route, ids, isUrgent = true }: Call): BucketUse {
  return { method, route, guildId: ids['guildId'] ?? '', isUrgent };
}

/** Returns the buckets of member writes: role addition, role removal and member edit (PATCH). */
export function writeUses(
  guildId: string,
  isUrgent: boolean,
): Readonly<Record<'addition' | 'removal' | 'edit', BucketUse>> {
  const use = (method: string, route: string) => ({ method, route, guildId, isUrgent });
  return {
    addition: use(RequestMethod.Put, MEMBER_ROLE),
    removal: use(RequestMethod.Delete, MEMBER_ROLE),
    edit: use(RequestMethod.Patch, MEMBER),
  };
}
