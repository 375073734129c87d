import { describe, expect, test } from 'vitest';

import { readAnswer } from '../../../services/discord/rest/answer.js';
import { type BucketUse, createLedger } from '../../../services/discord/limits/ledger.js';

const use = (method: string, more: Partial<BucketUse> = {}): BucketUse => ({
  method,
  route: '/roles',
  guildId: '3',
  isUrgent: true,
  ...more,
});

function setUp() {
  let now = 0;
  const ledger = createLedger({
    clock: () => now,
    marginMs: 0,
    reserveMs: 4_000,
  });
  const learn = (who: BucketUse, bucket: string, remaining: number, resetAfter = 9) => {
    const headers: Record<string, string> = {
      'x-ratelimit-bucket': bucket,
      'x-ratelimit-limit': '10',
      'x-ratelimit-remaining': String(remaining),
      'x-ratelimit-reset-after': String(resetAfter),
    };
    const header = (name: string) => headers[name] ?? null;
    const raw = { status: 204, header, text: '', mostBytes: 65_536, now };
    return ledger.learn(who, readAnswer(raw));
  };
  return { ledger, learn, setNow: (ms: number) => void (now = ms) };
}

describe('the bucket ledger', () => {
  test('knows nothing before the first response', () => {
    const { ledger } = setUp();

    expect(ledger.left(use('PUT'))).toBe(Infinity);
    expect(ledger.nextFrom(use('PUT'))).toBe(0);
  });

  test('assumes one bucket for adding and removing roles until the headers say otherwise', () => {
    const { ledger, learn } = setUp();
    learn(use('DELETE'), 'a', 3);
    expect(ledger.left(use('PUT'))).toBe(3);

    learn(use('PUT'), 'b', 7);

    expect(ledger.left(use('PUT'))).toBe(7);
    expect(ledger.left(use('DELETE'))).toBe(3);
    expect(ledger.areOne(use('PUT'), use('DELETE'))).toBe(false);
  });

  test('counts methods that share a bucket name together, and each guild separately', () => {
    const { ledger, learn } = setUp();
    learn(use('PUT'), 'a', 7);
    learn(use('DELETE'), 'a', 6);

    expect(ledger.left(use('PUT'))).toBe(6);
    expect(ledger.left(use('PUT', { guildId: '4' }))).toBe(Infinity);
    expect(ledger.left(use('PATCH'))).toBe(Infinity);
  });

  test('counts calls in flight', () => {
    const { ledger, learn } = setUp();
    learn(use('PUT'), 'a', 1);

    const land = ledger.begin(use('PUT'));

    expect(ledger.nextFrom(use('DELETE'))).toBe(9_000);
    land();
    expect(ledger.nextFrom(use('DELETE'))).toBe(0);
  });

  test('reads the reset time of a sliding bucket as the time when its next call is free', () => {
    const { learn } = setUp();
    for (let used = 1; used < 10; used += 1) learn(use('PATCH'), 'p', 10 - used, used);

    const { limits } = learn(use('PATCH'), 'p', 0, 10);

    expect(limits.resetAfterMs).toBeGreaterThanOrEqual(1_000);
    expect(limits.resetAfterMs).toBeLessThan(1_050);
  });
});
