import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { healthOf } from '../../services/connector/health.js';
import { createInvalidBudget } from '../../services/discord/limits/invalid-budget.js';
import type { Part } from '../../services/lib/lifecycle.js';
import { silentLogger, type Logger } from '../../services/lib/logger.js';
import { createClockWatch } from '../../services/store/connection/clock-watch.js';
import { openDatabase, type Database } from '../../services/store/connection/database.js';
import { createMigratedDatabase } from '../support/store.js';

let database: Database;
let ends: (() => Promise<void>)[] = [];
beforeAll(async () => {
  const { url, drop } = await createMigratedDatabase();
  database = await openDatabase({ url, poolSize: 2, logger: silentLogger });
  ends = [() => database.close(), drop];
});
afterAll(async () => {
  for (const end of ends) await end();
});

/** A watch on a clock that is `its.aheadMs` ahead, and the lines that it has logged. */
async function watchClock(its: { aheadMs: number }) {
  const lines: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (fields: unknown, text?: string) => {
      lines.push(`WARN ${JSON.stringify(fields)} ${text}`);
    },
    info: (text: unknown) => {
      lines.push(`INFO ${String(text)}`);
    },
  };
  const watch = createClockWatch({
    database,
    clock: () => Date.now() + its.aheadMs,
    logger,
    everyMs: 20,
  });
  await watch.start();
  ends.unshift(() => watch.stop());
  return { watch, lines };
}

const clockPart = (watched: Part, parts: readonly ('api' | 'reconcile')[]) => {
  const health = healthOf(
    { parts: new Set(parts) },
    {
      watched: [watched],
      budget: createInvalidBudget({ clock: Date.now, logger: silentLogger }),
      life: () => ({ stage: () => 'serving', waitsFor: () => null }),
    },
  );
  const { isReady, parts: states } = health.readiness();
  return { isReady, ...states.find(({ name }) => name === 'clock') };
};

describe('a process clock that differs from the database clock', () => {
  it.each([
    [600_000, '600 s ahead of'],
    [-60_000, '60 s behind'],
  ])('is reported in readiness and logged once each time: %s ms', async (by, words) => {
    const its = { aheadMs: by };

    const { watch, lines } = await watchClock(its);

    const reason = expect.stringContaining(words);
    for (const parts of [['api'], ['reconcile']] as const)
      expect(clockPart(watch, parts)).toEqual({
        isReady: true,
        name: 'clock',
        state: 'degraded',
        reason,
      });
    its.aheadMs = 0;
    await vi.waitFor(() => expect(watch.ready()).toEqual({ ok: true }), 10_000);
    its.aheadMs = by;
    await vi.waitFor(() => expect(watch.ready().ok).toBe(false), 10_000);
    expect(lines.map((line) => line.replace(/\d+/, 'N'))).toEqual([
      expect.stringContaining('clock differs from the database'),
      'INFO clock agrees with the database again',
      expect.stringContaining('clock differs from the database'),
    ]);
  });

  it('is not reported when it is only three seconds ahead', async () => {
    const { watch, lines } = await watchClock({ aheadMs: 3_000 });

    expect(watch.ready()).toEqual({ ok: true });
    expect(lines).toEqual([]);
  });
});
