import { allowanceAfter, callsLeft, freeFrom, msUntilNext, type Allowance } from './allowance.js';
import type { Answer } from '../rest/answer.js';
import type { BucketUse } from './bucket-use.js';
import { EVERYDAY_MS } from './gate.js';

/** Remaining calls of each of a bot's buckets, from the headers. */
export interface Ledger {
  /**
   * Resolves with the answer as it should be read: of a bucket that gives call by call back, when
   * the next one is free.
   */
  learn(use: BucketUse, answer: Answer): Answer;
  /** A call in flight, which the headers do not include yet. */
  begin(use: BucketUse): () => void;
  /**
   * When this many calls can be made; at or before now: at once. Calls in flight are not counted.
   */
  freeFrom(use: BucketUse, calls: number): number;
  /** The same for one call more than those on their way. */
  nextFrom(use: BucketUse): number;
  /** Infinity: nothing is known. */
  left(use: BucketUse): number;
  areOne(a: BucketUse, b: BucketUse): boolean;
  /**
   * Forgets buckets that would stay closed for longer than usual pacing: the next call shows their
   * state.
   */
  forgetLong(): void;
}

export interface LedgerDeps {
  readonly clock: () => number;
  /** Added to each time that Discord names. */
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
  /** Discord's own names of the buckets, which are the same in every guild. */
  const names = new Map<string, string>();

  const keyOf = (use: BucketUse) => keyIn(names, use);

  const entryOf = (use: BucketUse): Entry => {
    const key = keyOf(use);
    const known = entries.get(key);
    if (known) return known;
    const entry: Entry = { allowance: null, inFlight: 0 };
    entries.set(key, entry);
    return entry;
  };

  const timeFor = (use: BucketUse, calls: number): number => {
    const now = clock();
    const allowance = entries.get(keyOf(use))?.allowance;
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
      const allowance = entries.get(keyOf(use))?.allowance;
      if (!allowance) return Infinity;
      return callsLeft(allowance, { isUrgent: use.isUrgent, reserveMs }, clock());
    },
    areOne: (a, b) => keyOf(a) === keyOf(b),
    forgetLong: () => forgetLong(entries.values(), clock()),
  };
}

function forgetLong(entries: Iterable<Entry>, now: number): void {
  for (const entry of entries)
    if ((entry.allowance?.wholeAt ?? 0) > now + EVERYDAY_MS) entry.allowance = null;
}

function keyIn(names: ReadonlyMap<string, string>, { method, route, guildId }: BucketUse): string {
  const own = names.get(`${method} ${route}`);
  // Adding and removing a role share a bucket for most bots, so they share one until the headers
  // show otherwise.
  const twin = TWINS.get(method);
  const name = own ?? names.get(`${twin ?? method} ${route}`);
  const family = twin === undefined ? method : 'PUT';
  return `${name ?? `${family} ${route}`} ${guildId}`;
}

const TWINS: ReadonlyMap<string, string> = new Map([
  ['PUT', 'DELETE'],
  ['DELETE', 'PUT'],
]);
