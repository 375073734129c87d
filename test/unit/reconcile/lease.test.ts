import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { silentLogger } from '../../../services/lib/logger.js';
import { createLease, type Lease } from '../../../services/reconcile/lease.js';

let nowMs = 0;
let isDatabaseAway = false;
let renewals = 0;
let isSlow: Promise<void> | null = null;
let lease: Lease;

beforeEach(async () => {
  vi.useFakeTimers();
  nowMs = 0;
  isDatabaseAway = false;
  renewals = 0;
  isSlow = null;
  lease = createLease({
    jobs: {
      renewLeases: async () => {
        if (isDatabaseAway) throw new Error('away');
        renewals += 1;
        await isSlow;
      },
      releaseLeases: async () => {},
    },
    leaseMs: 8_000,
    callMs: 4_000,
    monotonicMs: () => nowMs,
    logger: silentLogger,
  });
  await lease.start();
});

afterEach(async () => {
  await lease.stop();
  vi.useRealTimers();
});

async function pass(ms: number): Promise<void> {
  nowMs += ms;
  await vi.advanceTimersByTimeAsync(ms);
}

test('a lease is renewed three times in what a call may leave of it, and holds', async () => {
  const isHeld = lease.hold();

  for (let passed = 0; passed < 12_000; passed += 4_000 / 3)
    await pass(4_000 / 3);

  expect(renewals).toBe(10);
  expect(isHeld()).toBe(true);
});

test('a renewal that takes long is not joined by a second one', async () => {
  let finish = () => {};
  isSlow = new Promise((resolve) => {
    finish = resolve;
  });

  await pass(4_000);
  expect(renewals).toBe(2);
  isSlow = null;
  finish();
  await pass(2_000);

  expect(renewals).toBe(3);
});

test('a call that could outlast the lease is not begun', async () => {
  const isHeld = lease.hold();
  isDatabaseAway = true;

  await pass(3_900);
  expect(isHeld()).toBe(true);
  await pass(200);

  expect(isHeld()).toBe(false);
});

test('a run that slept through the end of its lease does not go on when it is renewed', async () => {
  const before = lease.hold();
  nowMs += 20_000;

  await vi.advanceTimersByTimeAsync(2_000);

  expect(before()).toBe(false);
  expect(lease.hold()()).toBe(true);
});
