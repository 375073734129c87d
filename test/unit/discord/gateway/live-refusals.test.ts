import { describe, expect, it } from 'vitest';

import { createSessionMemory } from '../../../fakes/live-memory.js';
import { eventually } from '../../../support/eventually.js';
import { RefusedTokenError, RetryLaterError } from '../../../../services/lib/errors.js';
import type { LiveSessionState } from '../../../../services/discord/gateway/live-session-deps.js';
import { GUILD } from '../gateway-setup.js';
import { APPLICATION, member, ourGuild, startDiscord, startSession } from './live-setup.js';

const refuse = (code: number, times: number | null = 1) =>
  ({ effect: { kind: 'refuseIdentify', code }, times }) as const;

const INTENT = /Server Members Intent/;

describe('a session that Discord refuses', () => {
  it('ends if the token is wrong, and says so', async () => {
    const { apiBase } = await startDiscord();
    const live = startSession(apiBase, createSessionMemory(), {
      credentials: { applicationId: APPLICATION, botToken: 'of another bot', apiBase },
    });

    await live.reached('REFUSED');

    expect(live.states().at(-1)).toEqual({
      kind: 'REFUSED',
      reason: 'Discord rejected the bot token',
    });
    expect(live.memory.limits).toHaveLength(1);
  });

  it('ends if the token is refused before the session begins', async () => {
    const { apiBase } = await startDiscord();
    const live = startSession(apiBase, createSessionMemory(), {
      readGatewayInformation: () => Promise.reject(new RefusedTokenError('first', 'rejected')),
    });

    await live.reached('REFUSED');

    expect(live.states()).toEqual([
      { kind: 'CONNECTING' },
      { kind: 'REFUSED', reason: 'rejected' },
    ]);
  });

  it('ends if the token is refused while the session is live', async () => {
    const { apiBase, gateway, moderator } = await startDiscord();
    const live = startSession(apiBase);
    await live.ready();

    moderator.editApplication({ applicationId: APPLICATION, botToken: 'a new one' });
    gateway.cut();

    await live.reached('REFUSED');
  });

  it.each([
    [4010, /number of shards/],
    [4012, /API version/],
    [4013, /intents/],
    [4014, INTENT],
  ])('after close code %i leaves the changes to polling for an hour', async (code, reason) => {
    const { apiBase, gateway } = await startDiscord();
    gateway.faults.plant(refuse(code, null));
    const before = Date.now();
    const live = startSession(apiBase);

    await live.reached('POLLING');

    expect(live.states().at(-1)).toEqual({
      kind: 'POLLING',
      reason: expect.stringMatching(reason),
      retryAt: expect.any(Date),
    });
    const { retryAt } = pollingOf(live.states());
    expect(retryAt.getTime()).toBeGreaterThanOrEqual(before + 600_000);
    expect(live.memory.limits).toHaveLength(1);
    expect(gateway.sessions()).toEqual([]);
  });

  it('is tried again, and goes live once the intent is switched on', async () => {
    const { apiBase, moderator } = await startDiscord();
    const intent = { applicationId: APPLICATION };
    moderator.setGuildMembersIntent({ ...intent, guildMembersIntent: false });
    const live = startSession(apiBase, createSessionMemory(), {
      timing: { refusedMs: 50, shortestWaitMs: 20, newSessionMs: 20 },
    });
    await eventually(() => live.states().filter(({ kind }) => kind === 'POLLING').length >= 2);

    moderator.setGuildMembersIntent({ ...intent, guildMembersIntent: true });
    await live.ready();

    expect(live.states().slice(0, 3)).toEqual([
      { kind: 'CONNECTING' },
      { kind: 'POLLING', reason: expect.stringMatching(INTENT), retryAt: expect.any(Date) },
      { kind: 'CONNECTING' },
    ]);
    expect(live.gaps()).toHaveLength(1);
  });

  it('keeps all shards waiting if one is refused', async () => {
    const { apiBase, gateway } = await startDiscord({ gateway: { maxConcurrency: 4 } });
    const live = startSession(apiBase, createSessionMemory(), shards(apiBase, 4));
    await live.ready(4);

    gateway.close({ shardId: 2, code: 4014 });
    await live.reached('POLLING');

    await eventually(() => gateway.sessions().every(({ state }) => state === 'resumable'));
    expect(live.ofKind('state').at(-1)).toMatchObject({ shardId: null });
  });
});

/** What the gateway says, with other numbers of shards for each reading in turn. */
function shards(apiBase: string, ...counts: readonly number[]) {
  let reading = 0;
  return {
    readGatewayInformation: async () => {
      const count = counts[Math.min(reading, counts.length - 1)] ?? 1;
      reading += 1;
      return information(apiBase, count);
    },
  };
}

const information = (apiBase: string, shardCount: number) => ({
  url: apiBase.replace('http', 'ws').replace('/api/v10', ''),
  shards: shardCount,
  startLimit: { remaining: 1000, resetAfterMs: 0 },
});

function pollingOf(states: readonly LiveSessionState[]) {
  const state = states.at(-1);
  if (state?.kind !== 'POLLING') throw new Error(`the state is ${state?.kind ?? 'none'}`);
  return state;
}

describe('a bot in too many servers', () => {
  const others = [1n, 2n, 3n].map((shard) => String(BigInt(GUILD) + (shard << 22n)));
  const start = () =>
    startDiscord({
      world: { guilds: [ourGuild(), ...others.map((guildId) => ourGuild(guildId))] },
      gateway: { maxGuildsPerShard: 1, maxConcurrency: 4 },
    });

  it('gets more shards when Discord requires them', async () => {
    const { apiBase, gateway } = await start();
    const live = startSession(apiBase, createSessionMemory(), shards(apiBase, 1, 4));

    await live.ready(4);

    expect(gateway.sessions().map(({ shard }) => shard[1])).toEqual([4, 4, 4, 4]);
    expect(live.states().map(({ kind }) => kind)).not.toContain('POLLING');
  });

  it('polls if Discord requires more shards than it recommends', async () => {
    const { apiBase } = await start();
    const live = startSession(apiBase, createSessionMemory(), shards(apiBase, 1));

    await live.reached('POLLING');

    expect(pollingOf(live.states()).reason).toMatch(/too many servers/);
  });
});

describe('session starts', () => {
  it('that the store delays are waited for', async () => {
    const { apiBase } = await startDiscord();
    const memory = createSessionMemory();
    memory.waits.push(30, 30, 0);
    const live = startSession(apiBase, memory);

    await live.ready();

    expect(memory.limits).toHaveLength(3);
    expect(live.states().map(({ kind }) => kind)).toEqual(['CONNECTING', 'READY']);
  });

  it('that are used up leave the changes to polling until they are reset', async () => {
    const { apiBase, gateway } = await startDiscord({
      limits: { gatewayStarts: { limit: 1, windowMs: 7_200_000, window: 'fixed' } },
    });
    const first = startSession(apiBase);
    await first.ready();
    await first.session.stop();
    const before = Date.now();

    const live = startSession(apiBase);
    await live.reached('POLLING');

    const { reason, retryAt } = pollingOf(live.states());
    expect(reason).toBe('Discord allows no more session starts');
    expect(retryAt.getTime()).toBeGreaterThan(before + 7_000_000);
    // Another identify would have made Discord end every session of the bot.
    expect(gateway.sessions()).toHaveLength(1);
  });

  it('that come too early are repeated', async () => {
    const { apiBase } = await startDiscord({
      limits: { gatewayIdentifies: { limit: 1, windowMs: 200, window: 'fixed' } },
    });
    const first = startSession(apiBase);
    await first.ready();
    const second = startSession(apiBase);
    await second.ready();

    expect(second.states().at(-1)).toEqual({ kind: 'READY', isResumed: false });
    expect(second.gaps()).toHaveLength(1);
  });

  it('are not used up by an outage', async () => {
    const { apiBase, gateway } = await startDiscord();
    gateway.setDown(true);
    const live = startSession(apiBase);
    await eventually(() => live.states().filter(({ kind }) => kind === 'LOST').length >= 4);

    gateway.setDown(false);
    await live.ready();

    expect(live.memory.limits).toHaveLength(1);
  });

  it('are delayed while the store fails', async () => {
    const { apiBase } = await startDiscord();
    const memory = createSessionMemory();
    let failures = 2;
    const failing = async () => {
      failures -= 1;
      if (failures >= 0) throw new Error('database unreachable');
      return 0;
    };
    const live = startSession(apiBase, { ...memory, takeStart: failing });

    await live.ready();

    expect(live.states()).toContainEqual({ kind: 'LOST', reason: 'database unreachable' });
  });
});

describe('an outage', () => {
  it('is waited for with growing pauses, and the session resumes', async () => {
    const { apiBase, gateway, moderator } = await startDiscord();
    const live = startSession(apiBase, createSessionMemory(), {
      random: () => 0.999,
      timing: { shortestWaitMs: 20, longestWaitMs: 80 },
    });
    await live.heard('guildAvailable');
    const startedAt = performance.now();

    gateway.setDown(true);
    moderator.leave(member);
    const lost = () => live.states().filter(({ kind }) => kind === 'LOST').length;
    await eventually(() => lost() >= 6);
    const tookMs = performance.now() - startedAt;
    gateway.setDown(false);
    await live.heard('memberLeft');

    // 20, 40, and then 80 ms each.
    expect(tookMs).toBeGreaterThan(250);
    expect(live.states()).toContainEqual({
      kind: 'LOST',
      reason: expect.stringContaining('503'),
    });
    await live.ready(2);
    expect(live.gaps()).toHaveLength(1);
  });

  it('of the API delays the session, which then begins', async () => {
    const { apiBase, sandbox } = await startDiscord();
    sandbox.faults.plant({
      effect: { kind: 'status', status: 503 },
      route: '/gateway/bot',
      times: 2,
    });
    const live = startSession(apiBase);

    await live.ready();

    expect(live.states().filter(({ kind }) => kind === 'LOST')).toHaveLength(2);
  });

  it('that the API says is long is shown as polling', async () => {
    const { apiBase } = await startDiscord();
    const retryAt = new Date(Date.now() + 3_000_000);
    const live = startSession(apiBase, createSessionMemory(), {
      readGatewayInformation: () => Promise.reject(new RetryLaterError(retryAt, 'paused')),
    });

    await live.reached('POLLING');

    expect(pollingOf(live.states()).reason).toBe('paused');
    expect(pollingOf(live.states()).retryAt.getTime()).toBeCloseTo(retryAt.getTime(), -3);
  });

  it('of the session’s own address is survived with the general one', async () => {
    const { apiBase } = await startDiscord();
    const memory = createSessionMemory();
    const first = startSession(apiBase, memory);
    await first.ready();
    // Nothing listens on port 1.
    memory.positions.set(0, { ...first.lastPosition(), resumeUrl: 'ws://127.0.0.1:1' });
    await first.session.stop();

    const second = startSession(apiBase, memory);
    await second.ready();

    expect(second.states().at(-1)).toEqual({ kind: 'READY', isResumed: true });
    expect(second.states()).toContainEqual({
      kind: 'LOST',
      reason: expect.stringMatching(/^the connection failed: .*ECONNREFUSED/),
    });
    expect(second.gaps()).toEqual([]);
  });

  it.each(['http://127.0.0.1:9', 'wss://127.0.0.1/?v=9', '', 'ws://me:pw@127.0.0.1'])(
    'is reported if Discord names the address %j',
    async (url) => {
      const { apiBase } = await startDiscord();
      const live = startSession(apiBase, createSessionMemory(), {
        readGatewayInformation: async () => ({ ...information(apiBase, 1), url }),
      });

      await live.reached('LOST');

      expect(live.states().at(-1)).toMatchObject({ reason: expect.stringMatching(/no usable/) });
    },
  );
});

it('a rate limit of the gateway leads to a longer pause', async () => {
  const { apiBase, gateway } = await startDiscord();
  const live = startSession(apiBase, createSessionMemory(), {
    random: () => 0.999,
    timing: { shortestWaitMs: 50 },
  });
  await live.ready();
  const startedAt = performance.now();

  gateway.close({ code: 4008 });
  await live.ready(2);

  // Instead of 50 ms.
  expect(performance.now() - startedAt).toBeGreaterThan(350);
  expect(gateway.sessions()).toMatchObject([{ resumes: 1 }]);
});
