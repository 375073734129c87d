import { gzipSync } from 'node:zlib';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startScriptedDiscord, type ScriptedDiscord } from '../../fakes/scripted-discord.js';
import { failureOf, guild, memberBody, roleWrite, setUpGateway, target } from './gateway-setup.js';
import { applicationAt, CALLS, setUpOAuth } from './oauth-setup.js';

let discord: ScriptedDiscord;

beforeEach(async () => {
  discord = await startScriptedDiscord();
});
afterEach(() => discord.stop());

const KIB = 1024;
const MIB = 1024 * KIB;
/** Valid JSON up to where it is cut off. */
const endless = { body: '["', endless: Buffer.alloc(64 * KIB, 'a') };
/** The bytes that the sockets of both sides buffer in addition to the bytes read. */
const IN_SOCKETS = 8 * MIB;

const isHungUp = () => expect.poll(async () => discord.connections()).toBe(0);

describe('an endless response', () => {
  type Gateway = ReturnType<typeof setUpGateway>['gateway'];
  const SINGLES: [string, (gateway: Gateway) => Promise<unknown>][] = [
    ['one member', (gateway) => gateway.readMember(target)],
    ['the bot', (gateway) => gateway.whoAmI(guild)],
    ['the gateway', (gateway) => gateway.readGatewayInformation(guild)],
    ['a role write', (gateway) => gateway.addRole(roleWrite)],
    ['an invite', (gateway) => gateway.readInvite(guild, 'abcdef')],
  ];
  const LISTS: [string, (gateway: Gateway) => Promise<unknown>][] = [
    ['the roles', (gateway) => gateway.readRoleList(guild)],
    ['the guild', (gateway) => gateway.readGuild(guild)],
    ['the counts', (gateway) => gateway.readRoleCounts(guild)],
    ['the members', (gateway) => gateway.listMembers(guild, { after: null, limit: 1000 })],
  ];
  const ALL = [
    ...SINGLES.map(([what, call]) => [what, call, '64 KiB'] as const),
    ...LISTS.map(([what, call]) => [what, call, '8 MiB'] as const),
  ];

  it.each(ALL)('for %s is cut off, and its socket closed', async (_, call, bound) => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(endless);

    const failure = await failureOf(call(gateway));

    expect(failure.name).toBe('UnavailableError');
    expect(failure.message).toMatch(/^cannot (read|add|list|count) /);
    expect(failure.message).toContain(`the response is longer than ${bound}`);
    await isHungUp();
    const most = bound === '64 KiB' ? 64 * KIB : 8 * MIB;
    expect(discord.endlessBytes()).toBeLessThan(most + IN_SOCKETS);
  });

  it('is still judged by its status and headers', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    const headers = { 'retry-after': '5' };
    discord.script({ ...endless, status: 429, headers });

    const failure = await failureOf(gateway.readMember(target));

    expect(failure).toMatchObject({ name: 'RetryLaterError' });
  });

  it.each(Object.entries(CALLS))(
    'to an OAuth2 call is cut off, and its socket closed: %s',
    async (_, call) => {
      const { oauth } = setUpOAuth();
      discord.script({
        ...endless,
        headers: { 'content-type': 'application/json' },
      });

      const app = applicationAt(new URL(discord.apiBase).origin);
      const failure = await failureOf(call(oauth, app));

      expect(failure.message).toMatch(/^cannot .*: the response is longer than 64 KiB/);
      await isHungUp();
    },
  );
});

describe('a compressed response', () => {
  const packed = {
    body: gzipSync(Buffer.alloc(200 * MIB, ' ')),
    headers: { 'content-encoding': 'gzip' },
  };

  it('of 200 MiB is not held in memory', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    const { oauth } = setUpOAuth();
    const app = applicationAt(new URL(discord.apiBase).origin);
    discord.script(packed);
    const before = process.memoryUsage().rss;

    await failureOf(gateway.readMember(target));
    for (const call of Object.values(CALLS)) await failureOf(call(oauth, app));

    const grownBy = process.memoryUsage().rss - before;
    expect(grownBy).toBeLessThan(64 * MIB);
  });
});

describe('a response within the limit', () => {
  it('is read: a list of 1,000 members with 250 roles each', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    const roles = Array.from(
      { length: 250 },
      (__, n) => `1200000000000${String(n).padStart(5, '0')}`,
    );
    const members = Array.from({ length: 1000 }, (__, n) => ({
      ...memberBody(roles),
      user: {
        id: `7000000000000${String(n).padStart(5, '0')}`,
        username: 'ada',
      },
    }));
    discord.script({ body: members });

    const page = { after: null, limit: 1000 };
    expect(await gateway.listMembers(guild, page)).toHaveLength(1000);
  });
});
