import { describe, expect, test } from 'vitest';

import { createSteadyClock } from '../../../services/lib/steady-clock.js';

const HOUR_MS = 3_600_000;

describe('a steady clock', () => {
  test.each([HOUR_MS, -HOUR_MS])(
    'starts at the system time, and is unaffected if the system time jumps by %d ms',
    (stepMs) => {
      let wall = 1_795_000_000_000;
      let passed = 500;
      const clock = createSteadyClock(
        () => wall,
        () => passed,
      );
      expect(clock()).toBe(1_795_000_000_000);

      wall += stepMs;
      passed += 20;

      expect(clock()).toBe(1_795_000_000_020);
    },
  );
});
