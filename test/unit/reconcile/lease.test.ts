import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { silentLogger } from '../../../services/lib/logger.js';
import { createLease, type Lease } from '../../../services/reconcile/lease.js';
import type { LeasedBot } from '../../../services/reconcile/job.js';

let nowMs = 0;
let isDatabaseAway = false;
let renewals = 0;
let isSlow: Promise<void> | null = null;
let gained = 0;
let surplus: readonly LeasedBot[] = [];
let lease: Lease;
let wakes = 0;

beforeEach(async () => {
  vi.useFakeTimers();
  nowMs = 0;
  isDatabaseAway = false;
  renewals = 0;
  isSlow = null;
  gained = 0;
  surplus = [];
  wakes = 0;
  lease = createLease({
    jobs: {
      renewLeases: async () => {
        if (isDatabaseAway) throw new Error('away');
        renewals += 1;
        await isSlow;
        return { gained, surplus };
      },
      letGo: async (bots) => {
        surplus = surplus.filter((bot) => !bots.includes(bot));
      },
      releaseLeases: async () => {},
    },
    leaseMs: 8_000,
    callMs: 4_000,
    monotonicMs: () => nowMs,
    logger: silentLogger,
  });
  await lease.start(() => {
    wakes += 1;
  });
});

afterEach(async () => {
  await lease.stop();
  vi.useRealTimers();
});

async function pass(ms: number): Promise<void> {
  nowMs += ms;
  await vi.advanceTimersByTimeAsync(ms);
}

test('a lease is renewed every third of its margin over a call, and stays held', async () => {
  const isHeld = lease.hold();

  for (let passed = 0; passed < 12_000; passed += 4_000 / 3) await pass(4_000 / 3);

  expect(renewals).toBe(10);
  expect(isHeld()).toBe(true);
});

test('a slow renewal is not overlapped by a second one', async () => {
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

test('a call that could outlast the lease is not allowed', async () => {
  const isHeld = lease.hold();
  isDatabaseAway = true;

  await pass(3_900);
  expect(isHeld()).toBe(true);
  await pass(200);

  expect(isHeld()).toBe(false);
});

test('a run that slept past the end of its lease may not continue after the renewal', async () => {
  const before = lease.hold();
  nowMs += 20_000;

  await vi.advanceTimersByTimeAsync(2_000);

  expect(before()).toBe(false);
  expect(lease.hold()()).toBe(true);
});

test('the worker wakes as soon as a renewal gains bots', async () => {
  await pass(2_000);
  expect(wakes).toBe(0);

  gained = 1;
  await pass(1_400);

  expect(wakes).toBe(1);
});

test('a released bot is no longer surplus, even before the next renewal', async () => {
  surplus = [
    { applicationId: 'one', clientIds: [], leasedUntil: '' },
    { applicationId: 'two', clientIds: [], leasedUntil: '' },
  ];
  await pass(1_400);

  await lease.letGo(lease.surplus().slice(0, 1));

  expect(lease.surplus()).toEqual([{ applicationId: 'two', clientIds: [], leasedUntil: '' }]);
});

test('a closed lease allows no call, not even after a renewal', async () => {
  const may = lease.hold();

  lease.close();
  await pass(3_000);

  expect(may()).toBe(false);
  expect(lease.hold()()).toBe(false);
});
