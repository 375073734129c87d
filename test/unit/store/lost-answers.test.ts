import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import {
  createReleases,
  type HeldKey,
  persist,
} from '../../../services/store/idempotency/idempotent-answers.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const KEY: HeldKey = { caller: 'site', keyHash: 'key', claim: 'claim-1' };
const away = async () => Promise.reject(new Error('database unreachable'));

test('a key is released even if its claim reaches the database after the release', async () => {
  const held = new Set<string>();
  const releases = createReleases(async (keys) => {
    for (const { claim } of keys) held.delete(claim);
  });

  releases.makeSure(KEY);
  await vi.advanceTimersByTimeAsync(9_500);
  held.add(KEY.claim);
  await vi.advanceTimersByTimeAsync(1_000);

  expect(held.size).toBe(0);
});

test('releases of a key are no longer repeated once the lease of its claim has passed', async () => {
  const release = vi.fn(async () => undefined);
  createReleases(release).makeSure(KEY);

  await vi.advanceTimersByTimeAsync(120_000);

  expect(release.mock.calls.length).toBeLessThanOrEqual(62);
  expect(vi.getTimerCount()).toBe(0);
});

test('a release without a response fails for its caller, and is repeated', async () => {
  const release = vi
    .fn<(keys: readonly HeldKey[]) => Promise<void>>()
    .mockImplementationOnce(away)
    .mockImplementationOnce(away)
    .mockResolvedValue(undefined);
  const releases = createReleases(release);

  await expect(releases.release(KEY)).rejects.toThrow('unreachable');
  await vi.advanceTimersByTimeAsync(1_500);

  expect(release.mock.calls.length).toBeGreaterThanOrEqual(3);
});

test('a response that could not be stored is stored as soon as the database is back', async () => {
  const keep = vi
    .fn<() => Promise<void>>()
    .mockImplementationOnce(away)
    .mockImplementationOnce(away)
    .mockResolvedValue(undefined);

  await expect(persist(keep)).rejects.toThrow('unreachable');
  await vi.advanceTimersByTimeAsync(60_000);

  expect(keep).toHaveBeenCalledTimes(3);
});
