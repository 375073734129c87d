import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { InputError } from '../../../services/lib/errors.js';
import { checkTiming, nextRun } from '../../../services/sweep/schedule.js';
import type { ScheduleTiming } from '../../../services/sweep/ports.js';

const NOW = new Date('2026-06-01T12:00:00Z');

const timing = (facts: Partial<ScheduleTiming>): ScheduleTiming => ({
  kind: 'VERIFY_GROUPS',
  cron: '*/5 * * * *',
  timeZone: 'UTC',
  isEnabled: true,
  ...facts,
});

function fieldAtFault(facts: Partial<ScheduleTiming>): string | null {
  try {
    checkTiming(timing(facts), NOW);
    return null;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.field ?? 'no field';
  }
}

describe('a cron pattern', () => {
  test.each([
    '',
    '     ',
    'a b c d e',
    '* * * *',
    '* * * * * *',
    '60 * * * *',
    '-1 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * 32 * *',
    '* * * 13 *',
    '* * * * 9',
    '*/0 * * * *',
    '*/-5 * * * *',
    '5-1 * * * *',
    '1,,2 * * * *',
    '0 0 30 2 *',
    '0 0 31 4,6 *',
    '@reboot',
    '@every 5m 1 2 3',
    '2026-06-01T12:00:00 * * * *',
    '０ * * * *',
    '0 0 * * MOON',
    `${'0,'.repeat(20_000)}0 * * *`,
    '* * * * *\u0000',
    '* * * * *; drop table schedule',
  ])('like %j is refused, and the error names its field', (cron) => {
    expect(fieldAtFault({ cron })).toBe('input.cron');
  });

  test('is either refused or has a later next run, whatever the input', () => {
    const field = fc.oneof(
      fc.string({ maxLength: 6 }),
      fc.stringMatching(/^[0-9*/,\-LW#?A-Z]{1,6}$/),
    );
    const pattern = fc
      .array(field, { minLength: 4, maxLength: 6 })
      .map((fields) => fields.join(' '));

    fc.assert(
      fc.property(pattern, (cron) => {
        if (fieldAtFault({ cron }) !== null) return;
        const next = nextRun(timing({ cron }), NOW);
        expect(next?.getTime()).toBeGreaterThan(NOW.getTime());
      }),
      { numRuns: 300 },
    );
  });
});

describe('a time zone', () => {
  test.each([
    '',
    ' ',
    'CEST2',
    'Europe',
    'Europe/Atlantis',
    'europe/berlin\u0000',
    '../../etc/passwd',
    '+02:00',
    '-11:30',
    'UTC+2',
    'Z'.repeat(10_000),
  ])('like %j is refused, and the error names its field', (timeZone) => {
    expect(fieldAtFault({ timeZone })).toBe('input.timeZone');
  });
});

/** All runs between two times, each computed from the previous one. */
function runsBetween(facts: Partial<ScheduleTiming>, from: string, to: string) {
  const runs: string[] = [];
  let at = new Date(from);
  for (;;) {
    const next = nextRun(timing(facts), at);
    if (next === null || next.getTime() > Date.parse(to)) return runs;
    runs.push(next.toISOString());
    at = next;
  }
}

describe('a daylight saving change', () => {
  test.each([
    ['forward', '2026-03-28T23:00:00Z', '2026-03-29T05:00:00Z'],
    ['back', '2026-10-24T23:00:00Z', '2026-10-25T05:00:00Z'],
  ])('%s keeps a five-minute sweep running every five minutes', (_w, a, b) => {
    const runs = runsBetween({ timeZone: 'Europe/Berlin' }, a, b);

    const gaps = runs.slice(1).map((run, at) => Date.parse(run) - Date.parse(runs[at] ?? ''));
    expect(new Set(gaps)).toEqual(new Set([5 * 60_000]));
    expect(runs).toHaveLength(72);
  });

  test.each([
    ['forward', '2026-03-27T12:00:00Z', '2026-03-30T12:00:00Z'],
    ['back', '2026-10-23T12:00:00Z', '2026-10-26T12:00:00Z'],
  ])('%s keeps a nightly sweep running once a night', (_w, a, b) => {
    const daily = { cron: '30 2 * * *', timeZone: 'Europe/Berlin' };

    expect(runsBetween(daily, a, b)).toHaveLength(3);
  });
});
