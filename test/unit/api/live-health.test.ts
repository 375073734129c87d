import { describe, expect, test } from 'vitest';

import { disputeHealth, liveHealth } from '../../../services/api/clients/live-health.js';
import type { LiveStatus } from '../../../services/api/clients/live-status.types.js';
import { aLiveStatus, CLIENT_ID } from '../../builders/api-views.js';

const NOW = new Date('2026-11-30T12:00:00Z');
const minutesAgo = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);

const health = (given: Partial<LiveStatus>) => liveHealth(aLiveStatus(given), NOW);

describe('the live check of a client', () => {
  test.each<[Partial<LiveStatus>, 'OK' | 'WARNING', RegExp]>([
    [{ state: 'LIVE' }, 'OK', /^Live since .* within a second\.$/],
    [{ state: 'CATCHING_UP' }, 'OK', /Some were missed/],
    [
      { state: 'OFF', reason: 'the setting `live` is false', since: null },
      'OK',
      /^Off: the setting/,
    ],
    [
      { state: 'CONNECTING', reason: 'session closed', since: minutesAgo(4) },
      'OK',
      /session closed/,
    ],
    [
      { state: 'CONNECTING', reason: 'session closed', since: minutesAgo(6) },
      'WARNING',
      /^Connecting since 2026-11-30T11:54:00.000Z: session closed\./,
    ],
    [
      { state: 'CONNECTING', reason: 'no process runs the part `reconcile`', since: minutesAgo(9) },
      'WARNING',
      /^Connecting since .*: no process/,
    ],
    [
      { state: 'POLLING', reason: 'refused', since: minutesAgo(4) },
      'OK',
      /^Polling since .*: refused\./,
    ],
    [{ state: 'POLLING', reason: 'refused', since: minutesAgo(6) }, 'WARNING', /Sweeps find/],
    [
      { state: 'LIVE', reason: 'Discord has reported an outage' },
      'WARNING',
      /^Discord has reported/,
    ],
  ])('reports %j as %s', (given, result, message) => {
    const [check] = health(given);

    expect(check).toMatchObject({ name: 'live', result, message: expect.stringMatching(message) });
  });

  test('has a remedy once a session is late, and none before', () => {
    const state = 'POLLING';

    expect(health({ state, since: minutesAgo(6) })[0]?.remedy).toMatch(/checkDiscordClient/);
    expect(health({ state, since: minutesAgo(4) })[0]?.remedy).toBeNull();
  });

  test('warns of missed events that no member list has shown for more than an hour', () => {
    const state = 'CATCHING_UP';
    const names = (given: Partial<LiveStatus>) => health(given).map(({ name }) => name);

    expect(names({ state, gapSince: minutesAgo(59) })).toEqual(['live']);
    expect(names({ state, gapSince: minutesAgo(130) })).toEqual(['live', 'missed events']);
    expect(health({ state, gapSince: minutesAgo(130) })[1]).toMatchObject({
      result: 'WARNING',
      message: expect.stringContaining('2 hours ago'),
    });
    expect(names({ state: 'OFF', gapSince: minutesAgo(130) })).toEqual(['live']);
  });
});

describe('the disputes check of a client', () => {
  test('is absent without disputes', () => {
    expect(disputeHealth(CLIENT_ID, { reversals: 0, kept: 0, requests: 0 })).toEqual([]);
  });

  test('counts members who keep a revoked role apart', () => {
    const [check] = disputeHealth(CLIENT_ID, { reversals: 3, kept: 1, requests: 2 });

    expect(check).toMatchObject({
      name: 'disputed members',
      result: 'WARNING',
      message:
        'Another bot or person keeps undoing changes of 3 linked members; 1 of them keeps a role that was revoked. The platform reports the opposite of requests for 2 linked members.',
      remedy: expect.stringMatching(/states: \[DISPUTED\].*reconcileDiscordUser/),
    });
  });

  test('mentions only the kind of dispute that exists', () => {
    const requests = disputeHealth(CLIENT_ID, { reversals: 0, kept: 0, requests: 1 });
    const reversals = disputeHealth(CLIENT_ID, { reversals: 1, kept: 0, requests: 0 });

    expect(requests[0]?.message).not.toContain('undoing');
    expect(reversals[0]?.message).not.toContain('platform');
  });
});
