import type { SandboxLimit } from 'sandbox-discord';
import { describe, expect, test } from 'vitest';

import {
  type Allowance,
  allowanceAfter,
  callsLeft,
  freeFrom,
  msUntilNext,
} from '../../../services/discord/limits/ledger.js';
import {
  peekAtBucket,
  takeFromBucket,
  type Bucket,
} from '../../../packages/sandbox-discord/src/rate-bucket.js';

const FIXED: SandboxLimit = { limit: 10, windowMs: 10_000, window: 'fixed' };
const SLIDING: SandboxLimit = { ...FIXED, window: 'sliding' };
const calm = { calls: 1, isUrgent: false, reserveMs: 4_000 };
const urgent = { ...calm, isUrgent: true };

const limitsOf = (limit: number, remaining: number, resetAfterMs: number) => ({
  scope: null,
  isGlobal: false,
  retryAfterMs: null,
  askedMs: null,
  bucket: 'b',
  limit,
  remaining,
  resetAfterMs,
});

/** The allowance learned from calls at these times. The limit must allow each of them. */
function learnt(limit: SandboxLimit, times: readonly number[], marginMs = 0) {
  let bucket: Bucket | undefined;
  let allowance: Allowance | null = null;
  for (const now of times) {
    const taken = takeFromBucket(limit, bucket, now);
    const { remaining, resetAfterMs, isAllowed } = taken.verdict;
    expect(isAllowed).toBe(true);
    bucket = taken.bucket;
    // Like the header: seconds with three decimals.
    const header = Math.ceil(Number((resetAfterMs / 1000).toFixed(3)) * 1000);
    const limits = limitsOf(limit.limit, remaining, header);
    const answer = { status: 204, limits, now, marginMs };
    allowance = allowanceAfter(allowance, answer);
  }
  if (allowance === null) throw new Error('nothing was learnt');
  const isFreeAt = (now: number) => peekAtBucket(limit, bucket, now).remaining > 0;
  return { allowance, isFreeAt };
}

const burst = (count: number, everyMs = 1) =>
  Array.from({ length: count }, (_, index) => index * everyMs);

describe('an allowance', () => {
  test('of a fixed window is spent until the window ends', () => {
    const { allowance } = learnt(FIXED, burst(10, 100));

    expect(callsLeft(allowance, urgent, 1_000)).toBe(0);
    expect(freeFrom(allowance, urgent, 1_000)).toBe(10_000);
    expect(msUntilNext(allowance, 9_100)).toBe(9_100);
    expect(callsLeft(allowance, urgent, 10_000)).toBe(10);
  });

  test('of a sliding window is free again when its first call expires', () => {
    const { allowance, isFreeAt } = learnt(SLIDING, burst(10, 100));

    const from = freeFrom(allowance, urgent, 900);

    expect(isFreeAt(from)).toBe(true);
    expect(isFreeAt(from - 20)).toBe(false);
    expect(callsLeft(allowance, urgent, from)).toBe(1);
    expect(freeFrom(allowance, { ...urgent, calls: 3 }, 900)).toBeLessThan(3_100);
  });

  test.each([10, 37, 250, 333, 999, 1_000, 1_500])(
    'of a sliding window is never considered free too early, with a call every %s ms',
    (everyMs) => {
      let bucket: Bucket | undefined;
      let allowance: Allowance | null = null;
      let now = 0;
      for (let call = 0; call < 60; call += 1) {
        const taken = takeFromBucket(SLIDING, bucket, now);
        expect(taken.verdict.isAllowed).toBe(true);
        bucket = taken.bucket;
        const { remaining, resetAfterMs } = taken.verdict;
        const header = Math.ceil(Number((resetAfterMs / 1000).toFixed(3)) * 1000);
        const limits = limitsOf(10, remaining, header);
        const answer = { status: 200, limits, now, marginMs: 0 };
        allowance = allowanceAfter(allowance, answer);
        if (allowance === null) throw new Error('nothing was learnt');
        now = Math.max(now + everyMs, freeFrom(allowance, urgent, now));
      }
    },
  );

  test.each([
    ['in a burst', burst(10)],
    ['one a second', burst(10, 1_000)],
    ['observed from the middle on', burst(10, 300).slice(4)],
  ])('of a fixed window is never mistaken for a sliding one: %s', (_, times) => {
    let bucket: Bucket | undefined;
    let allowance: Allowance | null = null;
    const last = times.at(-1) ?? 0;
    for (const now of times) {
      const taken = takeFromBucket(FIXED, bucket, now);
      bucket = taken.bucket;
      const { remaining, resetAfterMs } = taken.verdict;
      const limits = limitsOf(10, remaining, resetAfterMs);
      const answer = { status: 204, limits, now, marginMs: 0 };
      allowance = allowanceAfter(allowance, answer);
    }

    const spent = allowanceAfter(allowance, {
      status: 204,
      now: last,
      marginMs: 0,
      limits: limitsOf(10, 0, 5e3),
    });

    expect(spent && freeFrom(spent, urgent, last)).toBe(last + 5_000);
  });

  test('follows a 429 that contradicts it', () => {
    const { allowance } = learnt(SLIDING, burst(10, 100));

    const refused = allowanceAfter(allowance, {
      status: 429,
      now: 1e3,
      marginMs: 0,
      limits: limitsOf(10, 0, 9e3),
    });

    expect(refused && freeFrom(refused, urgent, 1_000)).toBe(10_000);
  });

  test('adds the margin to every time', () => {
    const { allowance } = learnt(FIXED, burst(10), 100);

    expect(freeFrom(allowance, urgent, 10)).toBe(10_100);
  });
});

describe('the last call of a bucket', () => {
  test('is reserved for urgent work until little of the window remains', () => {
    const { allowance } = learnt(FIXED, burst(9));

    expect(callsLeft(allowance, urgent, 100)).toBe(1);
    expect(callsLeft(allowance, calm, 100)).toBe(0);
    expect(freeFrom(allowance, calm, 100)).toBe(6_000);
    expect(callsLeft(allowance, calm, 6_000)).toBe(1);
    expect(freeFrom(allowance, calm, 6_000)).toBe(6_000);
  });

  test('is free again only at the end of the window once it is spent', () => {
    const { allowance } = learnt(FIXED, burst(10));

    expect(freeFrom(allowance, calm, 100)).toBe(10_000);
  });

  test('is also reserved when several calls are requested at once', () => {
    const { allowance } = learnt(FIXED, burst(8));

    expect(freeFrom(allowance, { ...calm, calls: 1 }, 100)).toBe(100);
    expect(freeFrom(allowance, { ...calm, calls: 2 }, 100)).toBe(6_000);
    expect(freeFrom(allowance, { ...calm, calls: 3 }, 100)).toBe(10_000);
  });

  test('is always reserved in a bucket that refills gradually', () => {
    const { allowance } = learnt(SLIDING, burst(9));

    expect(callsLeft(allowance, calm, 100)).toBe(0);
    expect(callsLeft(allowance, { ...calm, isUrgent: true }, 100)).toBe(1);
    expect(freeFrom(allowance, calm, 100)).toBeLessThanOrEqual(1_100);
  });

  test('is not reserved in a bucket of one call', () => {
    const one = { ...FIXED, limit: 1 };
    const { allowance } = learnt(one, [0]);

    expect(callsLeft(allowance, calm, 10_000)).toBe(1);
  });
});
