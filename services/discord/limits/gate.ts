/**
 * Allows one call at a time per bucket (Discord's unit of rate limiting). Urgent waiting calls go
 * first, then the oldest. Calls wait here, because in the REST client's own queue they could not be
 * rejected. A closed bucket rejects calls immediately, because the caller decides when to retry.
 */
export interface BucketGate {
  /** Resolves when the call's turn comes, the bucket closes, or `signal` aborts. */
  enter(turn: Turn, signal: AbortSignal): Promise<Entry>;
  /** Closes the bucket until `until` and rejects its waiting calls. */
  close(bucket: string, until: number): void;
  closeAll(until: number): void;
  /**
   * Undoes `closeAll`, and reopens each bucket that would stay closed for more than EVERYDAY_MS.
   */
  openAll(): void;
  /** Returns when the bucket opens; a past time means it is open. */
  openFrom(bucket: string): number;
}

export interface Turn {
  readonly bucket: string;
  readonly isUrgent: boolean;
  /**
   * Returns the time from which the bucket has a call left for this turn. Calls reserved for urgent
   * turns do not count for other turns. Checked when the call arrives and again when its turn
   * comes.
   */
  readonly freeFrom?: () => number;
}

export type Entry =
  | { readonly kind: 'entered'; readonly leave: () => void }
  | { readonly kind: 'closed'; readonly until: number }
  | { readonly kind: 'aborted' };

interface Bucket {
  isTaken: boolean;
  closedUntil: number;
  /** Oldest first. */
  readonly waiting: Set<Waiting>;
}

interface Waiting {
  readonly turn: Turn;
  readonly settle: (entry: Entry) => void;
}

export function createBucketGate({ clock }: { readonly clock: () => number }): BucketGate {
  const buckets = new Map<string, Bucket>();
  let allClosedUntil = 0;

  const bucketOf = (name: string): Bucket => {
    const bucket = buckets.get(name) ?? newBucket();
    buckets.set(name, bucket);
    return bucket;
  };

  const openFrom = (name: string) => Math.max(buckets.get(name)?.closedUntil ?? 0, allClosedUntil);

  const take = (name: string, bucket: Bucket): Entry => {
    bucket.isTaken = true;
    let hasLeft = false;
    const leave = () => {
      if (hasLeft) return;
      hasLeft = true;
      bucket.isTaken = false;
      admitNext(name, bucket);
    };
    return { kind: 'entered', leave };
  };

  const admitNext = (name: string, bucket: Bucket) => {
    for (;;) {
      const next = mostUrgent(bucket.waiting);
      if (!next) break;
      const until = next.turn.freeFrom?.() ?? 0;
      if (until <= clock()) return next.settle(take(name, bucket));
      next.settle({ kind: 'closed', until });
    }
    if (bucket.closedUntil <= clock()) buckets.delete(name);
  };

  return {
    enter(turn, signal) {
      const { bucket: name, freeFrom } = turn;
      const bucket = bucketOf(name);
      const until = Math.max(openFrom(name), freeFrom?.() ?? 0);
      if (signal.aborted) return Promise.resolve({ kind: 'aborted' });
      if (until > clock()) return Promise.resolve({ kind: 'closed', until });
      if (!bucket.isTaken) return Promise.resolve(take(name, bucket));
      return waitForTurn(bucket.waiting, turn, signal);
    },
    close(name, until) {
      const bucket = bucketOf(name);
      bucket.closedUntil = Math.max(bucket.closedUntil, until);
      refuseWaiting(bucket, bucket.closedUntil);
    },
    closeAll(until) {
      allClosedUntil = Math.max(allClosedUntil, until);
      for (const bucket of buckets.values()) {
        refuseWaiting(bucket, allClosedUntil);
      }
    },
    openAll() {
      allClosedUntil = 0;
      openLong(buckets.values(), clock());
    },
    openFrom,
  };
}

/** Discord's rate limit windows last at most about this long. */
export const EVERYDAY_MS = 60_000;

function openLong(buckets: Iterable<Bucket>, now: number): void {
  for (const bucket of buckets) if (bucket.closedUntil > now + EVERYDAY_MS) bucket.closedUntil = 0;
}

function newBucket(): Bucket {
  return { isTaken: false, closedUntil: 0, waiting: new Set() };
}

function refuseWaiting({ waiting }: Bucket, until: number): void {
  for (const { settle } of waiting) settle({ kind: 'closed', until });
}

function mostUrgent(waiting: Bucket['waiting']): Waiting | undefined {
  const [first] = waiting;
  return [...waiting].find(({ turn }) => turn.isUrgent) ?? first;
}

function waitForTurn(waiting: Bucket['waiting'], turn: Turn, signal: AbortSignal): Promise<Entry> {
  return new Promise((resolve) => {
    const abort = () => place.settle({ kind: 'aborted' });
    const place: Waiting = {
      turn,
      settle(entry) {
        waiting.delete(place);
        signal.removeEventListener('abort', abort);
        resolve(entry);
      },
    };
    waiting.add(place);
    signal.addEventListener('abort', abort);
  });
}

/**
 * Discord's limit of 50 calls a second per bot, across all routes and guilds:
 * https://docs.discord.com/developers/topics/rate-limits#global-rate-limit
 * A tenth is reserved for joins (adding a person to the guild), because that person is waiting for
 * the page; a sweep can wait.
 */
export interface GlobalBudget {
  /** Takes one call and returns null, or returns when the next call will be available. */
  take(use: 'join' | 'other'): { readonly until: number } | null;
}

export function createGlobalBudget({
  clock,
  perSecond,
}: {
  readonly clock: () => number;
  readonly perSecond: number;
}): GlobalBudget {
  const limit = Math.max(1, Math.floor(perSecond));
  const kept = Math.min(limit - 1, Math.ceil(limit / 10));
  const all = createWindow(limit);
  const others = createWindow(limit - kept);

  return {
    take(use) {
      const now = clock();
      const windows = use === 'join' ? [all] : [all, others];
      const until = Math.max(...windows.map((window) => window.freeAt(now)));
      if (until > now) return { until };
      for (const window of windows) window.note(now);
      return null;
    },
  };
}

const WINDOW_MS = 1000;

/**
 * A sliding window: any period of one second contains at most `limit` calls. A ring buffer holds
 * the times of the last `limit` calls.
 */
function createWindow(limit: number) {
  const times = new Float64Array(limit).fill(-Infinity);
  let oldest = 0;

  return {
    freeAt(now: number): number {
      const time = times[oldest] ?? -Infinity;
      // If the clock was set back, the window must not stay closed until the clock catches up.
      return time > now ? now : time + WINDOW_MS;
    },
    note(now: number): void {
      times[oldest] = now;
      oldest = (oldest + 1) % limit;
    },
  };
}
