import { createSandboxDiscord } from 'sandbox-discord';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createGlobalBudget } from '../../../services/discord/limits/gate.js';
import { startScriptedDiscord, type ScriptedDiscord } from '../../fakes/scripted-discord.js';
import {
  failureOf,
  guild,
  MEMBER,
  memberBody,
  setUpGateway,
  startOfTest,
  target,
} from './gateway-setup.js';

const setUp = (perSecond: number) => {
  let now = 1000;
  const budget = createGlobalBudget({ clock: () => now, perSecond });
  const takeAll = (use: 'join' | 'other') => {
    let taken = 0;
    while (taken <= 1000 && budget.take(use) === null) taken++;
    return taken;
  };
  return { budget, takeAll, set: (time: number) => void (now = time) };
};

describe('the calls per second', () => {
  it.each([
    [50, 45],
    [100, 90],
    [25, 22],
    [16.67, 14],
    [10, 9],
    [3, 2],
    [2, 1],
    [1, 1],
    [0.5, 1],
  ])('of %s leave %s to calls other than joins, and the rest to joins', (perSecond, others) => {
    const { takeAll } = setUp(perSecond);

    expect(takeAll('other')).toBe(others);
    expect(takeAll('join')).toBe(Math.max(1, Math.floor(perSecond)) - others);
  });

  it('may all be used by joins', () => {
    const { takeAll } = setUp(50);

    expect(takeAll('join')).toBe(50);
    expect(takeAll('other')).toBe(0);
  });

  it('that joins have not used are left to other calls', () => {
    const { budget, takeAll } = setUp(50);
    for (let count = 0; count < 20; count++) budget.take('join');

    expect(takeAll('other')).toBe(30);
  });

  it('are free again one second after they were used, and not before', () => {
    const { budget, takeAll, set } = setUp(20);
    for (let index = 0; index < 18; index++) {
      set(1000 + index * 10);
      expect(budget.take('other')).toBeNull();
    }

    expect(budget.take('other')).toEqual({ until: 2000 });
    expect(budget.take('join')).toBeNull();
    set(1999);
    expect(budget.take('other')).toEqual({ until: 2000 });
    set(2000);
    expect(budget.take('other')).toBeNull();
    expect(budget.take('other')).toEqual({ until: 2010 });
    set(2169);
    expect(takeAll('other')).toBe(16);
  });

  it('never exceed the limit in any second', () => {
    const { budget, set } = setUp(10);
    const taken: { at: number; use: string }[] = [];
    for (let at = 1000; at < 6000; at += 7) {
      const use = at % 3 === 0 ? 'join' : 'other';
      set(at);
      if (budget.take(use) === null) taken.push({ at, use });
    }

    for (const { at } of taken) {
      const second = taken.filter((one) => one.at > at - 1000 && one.at <= at);
      expect(second.length).toBeLessThanOrEqual(10);
      const others = second.filter(({ use }) => use === 'other');
      expect(others.length).toBeLessThanOrEqual(9);
    }
    expect(taken.length).toBe(50);
  });

  it('are not lost for an hour when the clock is set back by an hour', () => {
    const { takeAll, set } = setUp(10);
    takeAll('other');
    set(-3_600_000);

    expect(takeAll('other')).toBe(9);
  });
});

describe('a burst of reads', () => {
  let discord: ScriptedDiscord;
  beforeEach(async () => {
    discord = await startScriptedDiscord();
  });
  afterEach(() => discord.stop());

  const join = {
    member: target,
    accessToken: 'access-token',
    roleIds: [],
    nickname: null,
  };

  it('leaves room for joins', async () => {
    const { gateway, advance } = setUpGateway(discord.apiBase);
    discord.script({ body: memberBody() });

    const reads = Array.from({ length: 200 }, () => gateway.readMember(target));
    const read = await Promise.allSettled(reads);
    expect(discord.requests).toHaveLength(45);
    expect(await failureOf(gateway.readMember(target))).toMatchObject({
      name: 'RetryLaterError',
      retryAt: new Date(startOfTest + 1000),
    });
    for (let count = 0; count < 5; count++) {
      expect(await gateway.joinMember(join)).toMatchObject({ kind: 'joined' });
    }
    expect(await failureOf(gateway.joinMember(join))).toMatchObject({
      name: 'RetryLaterError',
      retryAt: new Date(startOfTest + 1000),
    });

    expect(discord.requests).toHaveLength(50);
    expect(read.filter(({ status }) => status === 'fulfilled').length).toBe(45);
    advance(1000);
    await gateway.readMember(target);
  });

  it('stays below Discord’s own limit for a bot', async () => {
    const token = 'sandbox.token';
    const botUserId = '500000000000000005';
    const sandbox = createSandboxDiscord({
      limits: { memberGet: null, others: null },
      world: {
        applications: [
          {
            applicationId: '100000000000000001',
            name: 'connector',
            botUserId,
            botToken: token,
          },
        ],
        users: [{ discordUserId: botUserId, username: 'bot', isBot: true }],
        guilds: [
          {
            guildId: guild.guildId,
            name: 'ours',
            ownerId: botUserId,
            roles: [],
            members: [{ discordUserId: botUserId, roleIds: [] }],
          },
        ],
      },
    });
    const { apiBase } = await sandbox.start();
    const { gateway } = setUpGateway(apiBase, {
      clock: Date.now,
      credentials: () =>
        Promise.resolve({
          apiBase,
          botToken: token,
          guildId: guild.guildId,
          applicationId: '100000000000000001',
        }),
    });

    await Promise.allSettled(
      Array.from({ length: 120 }, () => gateway.readMember({ ...target, discordUserId: MEMBER })),
    );

    expect(sandbox.calls.count({ status: 429 })).toBe(0);
    expect(sandbox.calls.count()).toBeGreaterThanOrEqual(45);
    await sandbox.stop();
  });
});
