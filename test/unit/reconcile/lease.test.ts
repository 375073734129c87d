import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { silentLogger } from '../../../services/lib/logger.js';
import { createLease, type Lease } from '../../../services/reconcile/lease.js';

let nowMs = 0;
let isDatabaseAway = false;
let renewals = 0;
let lease: Lease;

beforeEach(async () => {
  vi.useFakeTimers();
  nowMs = 0;
  isDatabaseAway = false;
  renewals = 0;
  lease = createLease({
    jobs: {
      renewLeases: async () => {
        if (isDatabaseAway) throw new Error('away');
        renewals += 1;
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

test('a lease is renewed four times in its length, and holds', async () => {
  const isHeld = lease.hold();

  for (let seconds = 0; seconds < 20; seconds += 2) await pass(2_000);

  expect(renewals).toBe(11);
  expect(isHeld()).toBe(true);
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
