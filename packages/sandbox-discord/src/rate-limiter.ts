import { createHash } from 'node:crypto';

import {
  createBuckets,
  peekAtBucket,
  takeFromBucket,
  type Bucket,
  type BucketVerdict,
} from './rate-bucket.js';
import type { SandboxLimit, SandboxLimits } from './sandbox-interface.js';

/** Counts calls against the limits and computes the headers. */
export type RateLimiter = {
  /** Takes one call of this bot; decides whether it may proceed. */
  take(what: LimitedCall): LimitVerdict;
  /** Call it when a 401, 403 or 429 was answered. */
  countInvalid(): void;
  /** How long every call is refused because of too many invalid requests. */
  bannedForMs(): number;
  /** Returns the buckets used so far, for display. */
  buckets(): readonly BucketView[];
};

export type LimitedCall = {
  readonly applicationId: string;
  readonly guildId: string | undefined;
  readonly limit: keyof SandboxLimits;
  /** Method and template. They name the bucket of a route that has a bucket of its own. */
  readonly route: string;
};

export type LimitVerdict = {
  readonly headers: Readonly<Record<string, string>>;
  readonly refused?: {
    readonly scope: 'user' | 'global';
    readonly retryAfterMs: number;
  };
};

export type BucketView = {
  readonly name: string;
  readonly applicationId: string;
  readonly guildId: string | undefined;
  readonly limit: number;
  readonly remaining: number;
  readonly resetAfterMs: number;
};

type Kept = {
  readonly limit: SandboxLimit;
  readonly what: Omit<BucketView, 'limit' | 'remaining' | 'resetAfterMs'>;
  bucket: Bucket;
};

export function createRateLimiter(limits: SandboxLimits, clock: () => number): RateLimiter {
  const kept = new Map<string, Kept>();
  const invalid = createBuckets(limits.invalidRequests, clock);

  const takeOne = (limit: SandboxLimit, what: Kept['what']): BucketVerdict => {
    const key = `${what.applicationId} ${what.guildId ?? '-'} ${what.name}`;
    const before = kept.get(key)?.bucket;
    const { bucket, verdict } = takeFromBucket(limit, before, clock());
    kept.set(key, { limit, what, bucket });
    return verdict;
  };

  return {
    countInvalid: () => void invalid.take(),
    bannedForMs: () => invalid.peek().retryAfterMs,
    take({ applicationId, guildId, limit: name, route }) {
      if (limits.global) {
        const what = { name: 'global', applicationId, guildId: undefined };
        const { isAllowed, retryAfterMs } = takeOne(limits.global, what);
        if (!isAllowed) return { headers: {}, refused: { scope: 'global', retryAfterMs } };
      }
      const own = bucketOf(limits, name, route);
      if (!own.limit) return { headers: {} };
      const what = { name: own.name, applicationId, guildId };
      const verdict = takeOne(own.limit, what);
      const headers = headersOf(own.name, own.limit, verdict, clock());
      if (verdict.isAllowed) return { headers };
      const { retryAfterMs } = verdict;
      return { headers, refused: { scope: 'user', retryAfterMs } };
    },
    buckets: () =>
      [...kept.values()].map(({ limit, what, bucket }) => {
        const now = peekAtBucket(limit, bucket, clock());
        const { remaining, resetAfterMs } = now;
        return { ...what, limit: limit.limit, remaining, resetAfterMs };
      }),
  };
}

/**
 * DELETE of a member's role shares the bucket of PUT, unless `memberRolesDelete` gives it its own.
 */
function bucketOf(limits: SandboxLimits, name: keyof SandboxLimits, route: string) {
  if (name === 'memberRolesDelete' && !limits.memberRolesDelete)
    return { name: 'memberRoles', limit: limits.memberRoles };
  return { name: name === 'others' ? route : name, limit: limits[name] };
}

function headersOf(
  name: string,
  limit: SandboxLimit,
  verdict: BucketVerdict,
  now: number,
): Record<string, string> {
  return {
    'X-RateLimit-Limit': String(limit.limit),
    'X-RateLimit-Remaining': String(verdict.remaining),
    'X-RateLimit-Reset': ((now + verdict.resetAfterMs) / 1000).toFixed(3),
    'X-RateLimit-Reset-After': (verdict.resetAfterMs / 1000).toFixed(3),
    // The bucket's name is the same for every guild, because clients add the guild themselves.
    'X-RateLimit-Bucket': createHash('md5').update(name).digest('hex'),
  };
}
