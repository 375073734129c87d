import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { silentLogger } from '../../../services/lib/logger.js';
import { createRetentionTask } from '../../../services/sweep/retention.js';

const TEN_MINUTES = 600_000;

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-11-23T02:01:00Z') });
});

afterEach(() => {
  vi.useRealTimers();
});

type RemoveOver = Parameters<typeof createRetentionTask>[0]['removeOver'];

function world(removeOver: RemoveOver) {
  const said: unknown[][] = [];
  const logger = {
    ...silentLogger,
    info: (...words: unknown[]) => void said.push(words),
    warn: (...words: unknown[]) => void said.push(words),
  };
  const part = createRetentionTask({
    removeOver,
    pause: async (ms, signal) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        signal.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve();
        });
      }),
    logger,
  });
  return { part, said: () => said };
}

describe('retention', () => {
  test('runs every ten minutes, and logs what it removed', async () => {
    const { part, said } = world(async () => ({
      counts: { auditRecords: 12 },
      hasMore: true,
    }));

    await part.start();
    await vi.advanceTimersByTimeAsync(2 * TEN_MINUTES);
    await part.stop();

    expect(said()).toEqual([
      [{ auditRecords: 12, hasMore: true }, expect.any(String)],
      [{ auditRecords: 12, hasMore: true }, expect.any(String)],
    ]);
  });

  test('logs nothing if nothing was removed or another process is running it', async () => {
    const answers = [{ counts: {}, hasMore: false }, null];
    const { part, said } = world(async () => answers.shift() ?? null);

    await part.start();
    await vi.advanceTimersByTimeAsync(2 * TEN_MINUTES);
    await part.stop();

    expect(answers).toEqual([]);
    expect(said()).toEqual([]);
  });

  test('logs a warning, and runs again, after a failure', async () => {
    let rounds = 0;
    const { part, said } = world(async () => {
      rounds += 1;
      throw new Error('database unreachable');
    });

    await part.start();
    await vi.advanceTimersByTimeAsync(2 * TEN_MINUTES);
    await part.stop();

    expect(rounds).toBe(2);
    expect(said()).toHaveLength(2);
  });

  test('stops between two statements without a log line', async () => {
    let statements = 0;
    const { part, said } = world(async ({ most, pause }) => {
      for (; statements < most; statements += 1) await pause();
      return { counts: { sweeps: statements }, hasMore: true };
    });

    await part.start();
    await vi.advanceTimersByTimeAsync(TEN_MINUTES - 60_000 + 120);
    await part.stop();

    expect(statements).toBeGreaterThan(0);
    expect(statements).toBeLessThan(10);
    expect(said()).toEqual([]);
  });
});
