import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { turnUpOnSignal } from '../../../services/lib/signals.js';
import type { TunableLogger } from '../../../services/lib/logger.js';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function createListening() {
  const said: string[] = [];
  const logger: TunableLogger = {
    level: 'warn',
    debug: () => undefined,
    info: (_: unknown, message?: string) => void said.push(message ?? ''),
    warn: () => undefined,
    error: () => undefined,
    child: () => logger,
  };
  let signal = () => undefined as void;
  turnUpOnSignal(logger, (onSignal) => {
    signal = onSignal;
  });
  return { logger, said, signal: () => signal() };
}

test('a signal raises the log level for a quarter of an hour, and logs both changes', () => {
  const { logger, said, signal } = createListening();

  signal();
  const turnedUp = logger.level;
  vi.advanceTimersByTime(15 * 60_000);

  expect(turnedUp).toBe('debug');
  expect(logger.level).toBe('warn');
  expect(said).toHaveLength(2);
});

test('a second signal restores the log level at once, and a third raises it again', () => {
  const { logger, signal } = createListening();

  signal();
  signal();
  const between = logger.level;
  signal();
  vi.advanceTimersByTime(14 * 60_000);

  expect(between).toBe('warn');
  expect(logger.level).toBe('debug');
});
