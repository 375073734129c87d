import { describe, expect, test } from 'vitest';

import { checkTiming, defaultSchedule, nextRun } from '../../../services/sweep/schedule.js';
import type { ScheduleTiming } from '../../../services/sweep/ports.js';

function timing(facts: Partial<ScheduleTiming> = {}): ScheduleTiming {
  return {
    kind: 'REMOTE_SYNC',
    cron: '30 2 * * *',
    timeZone: 'Europe/Berlin',
    isEnabled: true,
    ...facts,
  };
}

describe('the next run', () => {
  test.each([
    ['in winter', '2026-01-10T00:00:00Z', '2026-01-10T01:30:00.000Z'],
    ['in summer', '2026-07-10T00:00:00Z', '2026-07-10T00:30:00.000Z'],
    ['on the day that has no such hour', '2026-03-29T00:00:00Z', '2026-03-29T01:00:00.000Z'],
  ])('is at the scheduled hour of its time zone %s', (_when, after, next) => {
    expect(nextRun(timing(), new Date(after))?.toISOString()).toBe(next);
  });

  test('is after the given time, not at it', () => {
    const at = new Date('2026-01-10T01:30:00Z');

    expect(nextRun(timing(), at)?.toISOString()).toBe('2026-01-11T01:30:00.000Z');
  });

  test('is null if the schedule is disabled', () => {
    expect(nextRun(timing({ isEnabled: false }), new Date(0))).toBeNull();
  });

  test('may be null: a disabled schedule with a valid pattern passes the check', () => {
    expect(() => checkTiming(timing({ isEnabled: false }), new Date(0))).not.toThrow();
  });
});

describe('the default schedule', () => {
  const clients = Array.from(
    { length: 200 },
    (_, index) => `0193b0a0-0000-7000-8000-${String(index).padStart(12, '0')}`,
  );

  test('is valid, and runs each sweep at its stated interval', () => {
    for (const clientId of clients)
      for (const each of defaultSchedule(clientId, 'NONE')) {
        checkTiming(each, new Date(0));
        const first = nextRun({ ...each, isEnabled: true }, new Date(0));
        const second = first && nextRun({ ...each, isEnabled: true }, first);
        const minutes = (Number(second) - Number(first)) / 60_000;
        expect(minutes).toBe(
          { VERIFY_GROUPS: 5, ENFORCE_NICKNAMES: 60 }[each.kind as string] ?? 7 * 24 * 60,
        );
      }
  });

  test('spreads the weekly sweeps over the week, at fixed times for each client', () => {
    const patterns = clients.flatMap((clientId) =>
      defaultSchedule(clientId, 'NONE')
        .filter(({ kind }) => kind === 'REMOTE_SYNC' || kind === 'SYNC_ACCOUNTS')
        .map(({ cron }) => cron),
    );

    expect(new Set(patterns).size).toBeGreaterThan(350);
    expect(new Set(patterns.map((cron) => cron.at(-1))).size).toBe(7);
    expect(defaultSchedule(clients[0] ?? '', 'NONE')).toEqual(
      defaultSchedule(clients[0] ?? '', 'NONE'),
    );
  });

  test.each([
    ['NONE', false],
    ['EVE_ONLINE', true],
    ['TEMPLATE', true],
  ] as const)(
    'enforces nicknames hourly only if there is a policy: %s, %s',
    (strategy, isEnabled) => {
      const nicknames = defaultSchedule(clients[0] ?? '', strategy).find(
        ({ kind }) => kind === 'ENFORCE_NICKNAMES',
      );

      expect(nicknames?.isEnabled).toBe(isEnabled);
    },
  );
});
