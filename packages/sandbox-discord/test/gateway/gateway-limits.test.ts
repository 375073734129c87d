import { GatewayOpcodes } from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';

import { DEFAULT_LIMITS, scaleLimits } from '../../src/limits.js';
import { standingClock, type StartOptions, TOKEN } from '../small-world.js';
import { startGateway } from './raw-bot.js';

async function startLimited(options: StartOptions = {}) {
  const { clock, advance } = standingClock();
  const started = await startGateway({ clock, limits: {}, ...options });
  const startLimit = async () =>
    Object.entries((await started.call('GET', '/gateway/bot')).body).find(
      ([key]) => key === 'session_start_limit',
    )?.[1];
  return { ...started, advance, startLimit };
}

describe('payloads on one connection', () => {
  it('beyond 120 in a minute close it: 4008', async () => {
    const { connect } = await startLimited();
    const bot = await connect();

    for (let times = 0; times < 120; times += 1) bot.send(GatewayOpcodes.Heartbeat, null);
    await bot.until(
      () => bot.received.filter(({ op }) => op === GatewayOpcodes.HeartbeatAck).length === 120,
      '120 heartbeat acks',
    );
    expect(bot.isOpen).toBe(true);
    bot.send(GatewayOpcodes.Heartbeat, null);

    expect((await bot.closed).code).toBe(4008);
  });

  it('may come again a minute later', async () => {
    const { connect, advance } = await startLimited();
    const bot = await connect();
    for (let times = 0; times < 120; times += 1) bot.send(GatewayOpcodes.Heartbeat, null);
    await bot.until(() => bot.received.length === 121, '120 heartbeat acks');

    advance(60_000);
    await bot.settled();

    expect(bot.isOpen).toBe(true);
  });

  it('are counted on each connection by itself', async () => {
    const { connect } = await startLimited({
      limits: { gatewaySends: { limit: 2, windowMs: 1000, window: 'fixed' } },
    });
    const [one, other] = [await connect(), await connect()];

    await one.settled();
    await other.settled();
    await one.settled();
    await other.settled();

    expect([one.isOpen, other.isOpen]).toEqual([true, true]);
  });
});

describe('session starts', () => {
  it('are counted for a day by identifies, not by resumes', async () => {
    const { connect, startLimit, advance } = await startLimited();
    const bot = await connect();
    const ready = await bot.identify();
    bot.terminate();
    const resumed = await connect();
    resumed.send(GatewayOpcodes.Resume, {
      token: TOKEN,
      session_id: ready.d.session_id,
      seq: 1,
    });
    await resumed.event('RESUMED');
    advance(1000);

    expect(await startLimit()).toEqual({
      total: 1000,
      remaining: 999,
      reset_after: 86_399_000,
      max_concurrency: 1,
    });
  });

  it('that are spent end all sessions of the bot and refuse its token until the day is over', async () => {
    const { connect, startLimit, advance, gateway } = await startLimited({
      limits: {
        gatewayIdentifies: null,
        gatewayStarts: { limit: 2, windowMs: 86_400_000, window: 'fixed' },
      },
    });
    const [first, second, third] = [await connect(), await connect(), await connect()];
    await first.identify();
    await second.identify();
    expect(await startLimit()).toMatchObject({ remaining: 0 });

    third.sendIdentify();

    const codes = await Promise.all([first, second, third].map((bot) => bot.closed));
    expect(codes.map(({ code }) => code)).toEqual([4004, 4004, 4004]);
    expect(gateway.sessions()).toEqual([]);
    const fourth = await connect();
    fourth.sendIdentify();
    expect((await fourth.closed).code).toBe(4004);
    advance(86_400_000);
    expect(await startLimit()).toMatchObject({ remaining: 2 });
    expect(await (await connect()).identify()).toMatchObject({ t: 'READY' });
  });

  it('within five seconds are answered with opcode 9, then accepted on the same connection', async () => {
    const { connect, advance } = await startLimited();
    await (await connect()).identify();
    const early = await connect();

    early.sendIdentify();

    expect(await early.opcode(GatewayOpcodes.InvalidSession)).toMatchObject({ d: false });
    expect(early.isOpen).toBe(true);
    advance(5000);
    expect(await early.identify()).toMatchObject({ t: 'READY' });
  });

  it('at once are one for each key of max_concurrency', async () => {
    const { connect, startLimit } = await startLimited({ gateway: { maxConcurrency: 2 } });
    const bots = [await connect(), await connect(), await connect()];

    await bots[0]?.identify({ shard: [0, 4] });
    await bots[1]?.identify({ shard: [1, 4] });
    bots[2]?.sendIdentify({ shard: [2, 4] });

    expect(await bots[2]?.opcode(GatewayOpcodes.InvalidSession)).toMatchObject({ d: false });
    expect(await startLimit()).toMatchObject({ max_concurrency: 2, remaining: 997 });
  });

  it('with a wrong token are not counted', async () => {
    const { connect, startLimit } = await startLimited();
    const bot = await connect();

    bot.sendIdentify({ token: 'stolen' });
    await bot.closed;

    expect(await startLimit()).toMatchObject({ remaining: 1000 });
  });

  it('are unlimited without limits', async () => {
    const { connect, startLimit } = await startLimited({ limits: null });

    for (let times = 0; times < 3; times += 1) await (await connect()).identify();

    expect(await startLimit()).toMatchObject({ total: 1000, remaining: 1000, reset_after: 0 });
  });
});

it('scaled limits shorten the windows of the gateway too', () => {
  expect(scaleLimits(DEFAULT_LIMITS, 0.1)).toMatchObject({
    gatewaySends: { limit: 120, windowMs: 6000 },
    gatewayStarts: { limit: 1000, windowMs: 8_640_000 },
    gatewayIdentifies: { limit: 1, windowMs: 500 },
    gatewayMemberLists: { limit: 1, windowMs: 3000 },
  });
});
