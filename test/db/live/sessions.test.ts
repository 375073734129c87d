import { describe, expect, test } from 'vitest';

import { GUILD_ID } from '../../builders/member-facts.js';
import { clientInput } from '../../builders/store-world.js';
import { BOT, useLive } from '../../support/live-fixture.js';

const live = useLive();

const at = (sequence: number, sessionId = 'first') => ({
  shardId: 0,
  shardCount: 1,
  sessionId,
  resumeUrl: 'wss://resume.example',
  sequence,
});

describe('the bots with a session', () => {
  test('are those that this process leases, with their live clients', async () => {
    const other = await live.open();

    const { revision } = await live.store().readCredentials(live.clientId());
    expect(await live.live().readBots()).toEqual([
      {
        applicationId: BOT,
        clients: [{ clientId: live.clientId(), guildId: GUILD_ID, revision }],
      },
    ]);
    expect(await other.live.readBots()).toEqual([]);
  });

  test('belong to the process that leases the bot now', async () => {
    const heir = await live.takeOver();

    expect(await live.live().readBots()).toEqual([]);
    expect(await heir.live.readBots()).toHaveLength(1);
  });

  test('serve all clients of one application', async () => {
    await live
      .store()
      .clients.createClient(clientInput({ name: 'Second', guildId: '500000000000000002' }));

    const [bot, ...others] = await live.live().readBots();

    expect(bot?.clients.map(({ guildId }) => guildId).toSorted()).toEqual([
      GUILD_ID,
      '500000000000000002',
    ]);
    expect(others).toEqual([]);
  });

  test.each([
    ['off', 'update client set is_live = false'],
    ['disabled', 'update client set is_enabled = false'],
    ['stopped', 'update client set stopped_at = now()'],
    ['being deleted', 'update client set ending_at = now()'],
  ])('do not include one whose only client is %s', async (_, change) => {
    await live.query(change);

    expect(await live.live().readBots()).toEqual([]);
  });

  test('have another revision after a change of the client', async () => {
    const before = await live.live().readBots();

    await live.update({ name: 'Renamed' });

    const after = await live.live().readBots();
    expect(after[0]?.clients[0]?.revision).not.toBe(before[0]?.clients[0]?.revision);
  });
});

describe('the position of a session', () => {
  test('is unknown at first, is replaced by each later one, and can be deleted', async () => {
    expect(await live.live().readPosition(BOT, 0)).toBeNull();

    await live.live().savePosition(BOT, 0, at(5));
    await live.live().savePosition(BOT, 0, at(9));
    expect(await live.live().readPosition(BOT, 0)).toEqual(at(9));
    expect(await live.live().readPosition(BOT, 1)).toBeNull();

    await live.live().savePosition(BOT, 0, null);
    expect(await live.live().readPosition(BOT, 0)).toBeNull();
  });

  test('never goes back within a session, and starts anew with the next one', async () => {
    await live.live().savePosition(BOT, 0, at(9));
    await live.live().savePosition(BOT, 0, at(7));
    expect(await live.live().readPosition(BOT, 0)).toEqual(at(9));

    await live.live().savePosition(BOT, 0, at(2, 'second'));
    expect(await live.live().readPosition(BOT, 0)).toEqual(at(2, 'second'));
  });

  test('is neither replaced nor deleted by a process that no longer leases the bot', async () => {
    await live.live().savePosition(BOT, 0, at(5));
    const heir = await live.takeOver();
    await heir.live.savePosition(BOT, 0, at(8));

    await live.live().savePosition(BOT, 0, at(6, 'late'));
    await live.live().savePosition(BOT, 0, null);

    expect(await heir.live.readPosition(BOT, 0)).toEqual(at(8));
  });
});

describe('an identify', () => {
  const DAY_MS = 24 * 60 * 60_000;
  const plenty = { remaining: 1_000, resetAfterMs: DAY_MS };

  test('comes at once, and the next one five seconds later, from whichever process', async () => {
    const other = await live.open();

    expect(await live.live().takeStart(BOT, plenty)).toBe(0);
    const waitMs = await other.live.takeStart(BOT, plenty);

    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(5_000);
    await live.query("update gateway_start set next_at = next_at - interval '5 seconds'");
    expect(await other.live.takeStart(BOT, plenty)).toBe(0);
  });

  test('is given to only one of two processes that ask together', async () => {
    const other = await live.open();

    const waits = await Promise.all([
      live.live().takeStart(BOT, plenty),
      other.live.takeStart(BOT, plenty),
    ]);

    expect(waits.filter((waitMs) => waitMs === 0)).toHaveLength(1);
  });

  test('does not delay other bots', async () => {
    await live.live().takeStart(BOT, plenty);

    expect(await live.live().takeStart('800000000000000002', plenty)).toBe(0);
  });

  test('counts against the budget even if Discord does not show it yet', async () => {
    await live.live().takeStart(BOT, plenty);
    await live.query("update gateway_start set next_at = '-infinity'");
    await live.live().takeStart(BOT, plenty);

    expect(await live.query('select remaining from gateway_start')).toEqual([{ remaining: 998 }]);
  });

  test('is refused until the reset when only the reserve is left', async () => {
    const waitMs = await live.live().takeStart(BOT, { remaining: 3, resetAfterMs: 60_000 });

    expect(waitMs).toBeGreaterThan(50_000);
    expect(waitMs).toBeLessThanOrEqual(60_000);
  });

  test('is possible again as soon as Discord reports a new period', async () => {
    await live.live().takeStart(BOT, { remaining: 0, resetAfterMs: 60_000 });

    expect(await live.live().takeStart(BOT, plenty)).toBe(0);
  });

  test('a session that fails all day leaves identifies for the end of the day', async () => {
    const hour = 60 * 60_000;
    await live.live().takeStart(BOT, { remaining: 50, resetAfterMs: 12 * hour });

    const waitMs = await live.live().takeStart(BOT, { remaining: 49, resetAfterMs: 12 * hour });

    expect(waitMs).toBeGreaterThan(hour / 5);
    expect(waitMs).toBeLessThan(hour / 2);
  });
});
