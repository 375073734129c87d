import type { SandboxLimit } from './sandbox-interface.js';

/**
 * How much of a limit is used. `since`: when a fixed window began, or a sliding one was last
 * updated.
 */
export type Bucket = { readonly used: number; readonly since: number };

export type BucketVerdict = {
  readonly isAllowed: boolean;
  readonly remaining: number;
  /** Time until all calls of the limit are available again. */
  readonly resetAfterMs: number;
  /** Time until one call is available; 0 if one is available now. */
  readonly retryAfterMs: number;
};

export type Buckets = ReturnType<typeof createBuckets>;

/** The buckets of one limit, by key. Null: nothing is limited. */
export function createBuckets(limit: SandboxLimit | null, clock: () => number) {
  const buckets = new Map<string, Bucket>();
  return {
    take(key = ''): BucketVerdict {
      if (!limit) return UNLIMITED;
      const { bucket, verdict } = takeFromBucket(limit, buckets.get(key), clock());
      buckets.set(key, bucket);
      return verdict;
    },
    peek: (key = ''): BucketVerdict =>
      limit ? peekAtBucket(limit, buckets.get(key), clock()) : UNLIMITED,
  };
}

const UNLIMITED: BucketVerdict = {
  isAllowed: true,
  remaining: Infinity,
  resetAfterMs: 0,
  retryAfterMs: 0,
};

/** Takes one call from the bucket. A refused call uses nothing up. */
export function takeFromBucket(
  limit: SandboxLimit,
  before: Bucket | undefined,
  now: number,
): { readonly bucket: Bucket; readonly verdict: BucketVerdict } {
  const current = refill(limit, before, now);
  const isAllowed = current.used + 1 <= limit.limit + ROUNDING;
  const bucket = isAllowed
    ? {
        used: current.used + 1,
        since: current.used === 0 ? now : current.since,
      }
    : current;
  return { bucket, verdict: { ...lookAt(limit, bucket, now), isAllowed } };
}

/** Returns the same verdict as `takeFromBucket`, without taking a call. */
export function peekAtBucket(
  limit: SandboxLimit,
  before: Bucket | undefined,
  now: number,
): BucketVerdict {
  return lookAt(limit, refill(limit, before, now), now);
}

// The refill is computed in fractions; this much may be lost to rounding.
const ROUNDING = 1e-9;

function refill(limit: SandboxLimit, before: Bucket | undefined, now: number): Bucket {
  if (before === undefined) return { used: 0, since: now };
  const elapsedMs = now - before.since;
  if (limit.window === 'fixed')
    return elapsedMs >= limit.windowMs ? { used: 0, since: now } : before;
  const used = before.used - elapsedMs / msPerCall(limit);
  return { used: used < ROUNDING ? 0 : used, since: now };
}

function lookAt(limit: SandboxLimit, bucket: Bucket, now: number): BucketVerdict {
  const remaining = Math.max(0, Math.floor(limit.limit - bucket.used + ROUNDING));
  const resetAfterMs =
    limit.window === 'fixed' ? bucket.since + limit.windowMs - now : bucket.used * msPerCall(limit);
  const untilOneMs =
    limit.window === 'fixed' ? resetAfterMs : (bucket.used + 1 - limit.limit) * msPerCall(limit);
  return {
    isAllowed: remaining > 0,
    remaining,
    resetAfterMs: bucket.used === 0 ? 0 : resetAfterMs,
    retryAfterMs: remaining > 0 ? 0 : untilOneMs,
  };
}

function msPerCall(limit: SandboxLimit): number {
  return limit.windowMs / limit.limit;
}
