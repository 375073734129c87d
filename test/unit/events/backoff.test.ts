import { describe, expect, test } from 'vitest';

import { backoffMs } from '../../../services/lib/backoff.js';

describe('backoffMs', () => {
  const longest = { baseMs: 100, maxMs: 1_000, random: () => 1 };

  test('doubles up to its cap', () => {
    const waits = [0, 1, 2, 3, 4, 1_000_000].map((attempt) => backoffMs(attempt, longest));

    expect(waits).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });

  test('waits at least half of the delay', () => {
    expect(backoffMs(1, { ...longest, random: () => 0 })).toBe(100);
    expect(backoffMs(1, { ...longest, random: () => 0.5 })).toBe(150);
  });
});
