import { describe, expect, it } from 'vitest';

import { checkClient, type CheckRequest } from '../../../services/discord/doctor/check-client.js';
import type { BotReadings } from '../../../services/discord/rest/bot-readings.js';
import { APPLICATION, BOT, BOT_ROLE, ENOUGH, INVITE } from './client-world.js';
import { guild, GUILD } from './gateway-setup.js';
import { REDIRECT } from './oauth-setup.js';

/** Responses that the sandbox Discord does not give. */
const readings: BotReadings = {
  whoAmI: async () => ({ botUserId: BOT, username: 'connector' }),
  readGuild: async () => ({
    guildId: GUILD,
    name: 'ours',
    ownerId: '9',
    asksForMfa: false,
  }),
  readApplication: async () => ({
    applicationId: APPLICATION,
    name: 'connector',
    flags: 0,
    hasMembersIntent: true,
    redirectUris: [REDIRECT],
    botUserId: null,
  }),
  readBotRoleIds: async () => [BOT_ROLE],
  readRoleList: async () => [
    {
      roleId: BOT_ROLE,
      name: 'connector',
      position: 1,
      color: 0,
      isManaged: true,
      permissions: String(ENOUGH),
    },
  ],
  readGatewayInformation: async () => ({
    url: 'wss://gateway.discord.gg',
    shards: 1,
    startLimit: { remaining: 1000, resetAfterMs: 0 },
  }),
  readInvite: async () => ({ guildId: GUILD, expiresAt: null }),
};

const check = async (
  name: string,
  change: Partial<BotReadings>,
  request: Partial<CheckRequest> = {},
) => {
  const checks = await checkClient({
    discord: { ...readings, ...change },
    guild: { ...guild, applicationId: APPLICATION },
    mappedRoleIds: [],
    callbackUrl: REDIRECT,
    inviteUrl: INVITE,
    ...request,
  });
  return checks.find((one) => one.name === name);
};

describe('the check of a client', () => {
  it('warns if Discord does not show the callback addresses', async () => {
    const application = await readings.readApplication(guild);

    expect(
      await check('callback address', {
        readApplication: async () => ({ ...application, redirectUris: null }),
      }),
    ).toMatchObject({
      result: 'WARNING',
      remedy: expect.stringContaining(REDIRECT),
    });
  });

  it.each([
    [undefined, 'WARNING'],
    [null, 'OK'],
    [new Date('2026-01-01T00:00:00Z'), 'WARNING'],
  ])('reports an invite that expires at %s as %s', async (expiresAt, result) => {
    expect(
      await check('invite link', {
        readInvite: async () => ({ guildId: GUILD, expiresAt }),
      }),
    ).toMatchObject({ result });
  });

  it('reports that an invite to a group chat leads to no guild', async () => {
    expect(
      await check('invite link', {
        readInvite: async () => ({ guildId: null, expiresAt: null }),
      }),
    ).toMatchObject({
      result: 'FAILED',
      message: expect.stringContaining('no guild'),
    });
  });

  it.each([
    ['https://discord.gg/aB-3', 'aB-3'],
    ['https://discord.gg/aB-3/', 'aB-3'],
    ['https://discord.gg/invite/aB-3', 'aB-3'],
    ['https://discord.com/invite/aB-3?event=1', 'aB-3'],
    ['https://discordapp.com/invite/aB-3', 'aB-3'],
    ['http://127.0.0.1:4001/invite/aB-3', 'aB-3'],
    ['https://evil.example/invite/aB-3', null],
    ['https://discord.com.evil.example/invite/aB-3', null],
    ['https://discord.com/aB-3', null],
    ['https://discord.gg/a/b', null],
    ['https://discord.gg/..%2Fusers', null],
    ['https://discord.gg/', null],
    ['welcome', null],
  ])('reads the invite code of %s as %s', async (inviteUrl, code) => {
    const asked: string[] = [];

    await check(
      'invite link',
      {
        readInvite: async (_guild, given) => {
          asked.push(given);
          return null;
        },
      },
      { inviteUrl },
    );

    expect(asked).toEqual(code === null ? [] : [code]);
  });

  it('reports an internal error as a fault of the connector', async () => {
    const fault = await check('invite link', {
      readInvite: () => Promise.reject(new Error('cannot read property x')),
    });

    expect(fault).toMatchObject({
      result: 'FAILED',
      message: 'The connector failed: cannot read property x.',
    });
  });
});
