import { describe, expect, test } from 'vitest';

import { forecastCalls, forecastCrowd, type ForecastGroup } from '../../../services/model.js';

const group = (given: Partial<ForecastGroup>): ForecastGroup => ({
  members: 1,
  changes: 1,
  isRenamed: false,
  isReadFirst: false,
  proofs: 0,
  confirmsForMs: 0,
  ...given,
});
const forecast = (given: Partial<ForecastGroup>, wholeListWrites = true) =>
  forecastCalls([group(given)], wholeListWrites);

describe('a forecast', () => {
  test('is zero for no members', () => {
    expect(forecast({ members: 0 })).toEqual({ calls: 0, seconds: 0 });
  });

  test.each([
    ['one role is one call', {}, 1],
    ['a role after a read is two', { isReadFirst: true }, 2],
    ['a read alone is one', { changes: 0, isReadFirst: true }, 1],
    ['a nickname is one', { changes: 0, isRenamed: true }, 1],
    ['a role and a nickname are two', { isRenamed: true }, 2],
    ['a list is two reads and a write', { changes: 3 }, 3],
    [
      'a list that the mirror confirms is one read and a write',
      { changes: 3, confirmsForMs: 60_000 },
      2,
    ],
    ['two roles and a nickname are a list', { changes: 2, isRenamed: true, isReadFirst: true }, 3],
    ['a removal is proven by one more read', { isReadFirst: true, proofs: 1 }, 3],
  ])('%s', (_, given, calls) => {
    expect(forecast(given).calls).toBe(calls);
  });

  test('uses whole-list writes where single role calls would wait, with two reads each', () => {
    expect(forecast({ members: 11 })).toEqual({ calls: 9 + 2 * 3, seconds: 1 });
    expect(forecast({ members: 14 }).calls).toBe(9 + 5 * 3);
    expect(forecast({ members: 14 }, false)).toEqual({
      calls: 14,
      seconds: 11,
    });
  });

  test('includes the wait for a window if both buckets are used up', () => {
    expect(forecast({ members: 30 }).seconds).toBe(11);
    expect(forecast({ members: 60 }).seconds).toBe(31);
  });

  test('counts the proof of a removal once, though Discord reads only five members a second', () => {
    const removal = { isReadFirst: true, proofs: 1, confirmsForMs: 60_000 };

    expect(forecast({ ...removal, members: 5 }).calls).toBe(15);
    expect(forecast({ ...removal, members: 6 }).calls).toBe(18);
  });
});

describe('a forecast with reads', () => {
  const crowd = (members: number, confirmsForMs = 0) => [group({ members, confirmsForMs })];
  const guild = { listed: 0, wholeListWrites: true, readsAnew: false };

  test('counts one read per member for a few members', () => {
    expect(forecastCrowd(crowd(9), guild).calls).toBe(9 + 9);
  });

  test('counts reads of the member list for many members', () => {
    const calls = forecastCrowd(crowd(900), { ...guild, listed: 9_999 }).calls;

    expect(calls - forecastCalls(crowd(900, 60_000)).calls).toBe(11);
  });

  test('counts one read per member if the member list costs more', () => {
    const calls = forecastCrowd(crowd(9), { ...guild, listed: 1_000_000 }).calls;

    expect(calls).toBe(9 + 9);
  });

  test('skips members who were just read, unless Discord has authority', () => {
    expect(forecastCrowd(crowd(9, 30_000), guild).calls).toBe(9);
    expect(forecastCrowd(crowd(9, 30_000), { ...guild, readsAnew: true }).calls).toBe(9 + 9);
  });
});
