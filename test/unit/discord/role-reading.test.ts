import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startScriptedDiscord, type ScriptedDiscord } from '../../fakes/scripted-discord.js';
import { failureOf, guild, GUILD, MEMBER, refusal, ROLE, setUpGateway } from './gateway-setup.js';

let discord: ScriptedDiscord;

// One for each test, because an aborted call may still be in flight.
beforeEach(async () => {
  discord = await startScriptedDiscord();
});
afterEach(() => discord.stop());

const sent = () => discord.requests;

describe('reading roles', () => {
  const roleBody = (id: string, position: number) => ({
    id,
    name: `role ${id}`,
    position,
    color: 7,
    managed: false,
    permissions: id === GUILD ? '0' : '268435456',
  });
  const botId = '500000000000000005';
  const guildBody = { id: GUILD, name: 'ours', owner_id: MEMBER };
  const botBody = {
    user: { id: botId, username: 'bot' },
    roles: ['200000000000000020'],
  };
  const roles = [roleBody(GUILD, 0), roleBody(ROLE, 1), roleBody('200000000000000020', 2)];

  it('returns the refusal of each role, and reads the bot’s user only once', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    const answers = [{ body: guildBody }, { body: botBody }, { body: roles }];
    discord.script({ body: guildBody }, { body: botBody.user }, ...answers.slice(1));
    await gateway.readRoles(guild);
    discord.script(...answers);

    const read = await gateway.readRoles(guild);

    expect(read.ownerId).toBe(guildBody.owner_id);
    expect(read.roles).toEqual([
      expect.objectContaining({ roleId: GUILD, refusal: 'EVERYONE' }),
      {
        roleId: ROLE,
        name: `role ${ROLE}`,
        position: 1,
        color: 7,
        isManaged: false,
        refusal: null,
      },
      expect.objectContaining({ refusal: 'ABOVE_BOT' }),
    ]);
    const paths = sent().map(({ path }) => path);
    expect(paths.filter((path) => path.endsWith('/users/@me'))).toHaveLength(1);
  });

  it.each([
    ['a role that the bot holds', roles.slice(0, 2)],
    ['a role that the list before had', [roles[0], roles[2]]],
  ])('rereads a list that lacks %s', async (_what, short) => {
    const { gateway } = setUpGateway(discord.apiBase);
    const whole = [{ body: guildBody }, { body: botBody }, { body: roles }];
    discord.script({ body: guildBody }, { body: botBody.user }, ...whole.slice(1));
    await gateway.readRoles(guild);
    discord.script(...whole.slice(0, 2), { body: short }, { body: roles });

    const read = await gateway.readRoles(guild);

    expect(read.roles.map(({ roleId }) => roleId)).toEqual(roles.map(({ id }) => id));
    expect(read.roles[1]).toMatchObject({ refusal: null });
  });

  it('rereads the bot’s own roles if the response has none', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(
      { body: guildBody },
      { body: botBody.user },
      { body: { ...botBody, roles: [] } },
      { body: botBody },
      { body: roles },
    );

    const read = await gateway.readRoles(guild);

    expect(read.roles[1]).toMatchObject({ refusal: null });
  });

  it('accepts a second list that lacks the same role', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    const short = roles.filter(({ id }) => id !== ROLE);
    const before = [{ body: guildBody }, { body: botBody }];
    discord.script({ body: guildBody }, { body: botBody.user }, { body: botBody }, { body: roles });
    await gateway.readRoles(guild);
    discord.script(...before, { body: short }, { body: short });
    await gateway.readRoles(guild);
    discord.script(...before, { body: short });

    const read = await gateway.readRoles(guild);

    expect(read.roles).toHaveLength(2);
    expect(sent()).toHaveLength(4 + 4 + 3);
  });

  it('never accepts a list without @everyone', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script({ body: guildBody }, { body: botBody.user }, { body: botBody }, { body: [] });

    expect(await failureOf(gateway.readRoles(guild))).toMatchObject({
      name: 'UnavailableError',
      message: expect.stringContaining('@everyone'),
    });
  });

  it('stops at the first refusal', async () => {
    discord.script(refusal(403, 50001));
    const { gateway } = setUpGateway(discord.apiBase);

    expect(await failureOf(gateway.readRoles(guild))).toMatchObject({
      code: 'UNKNOWN_GUILD',
    });
    expect(sent()).toHaveLength(1);
  });

  it('reads the application with its intent', async () => {
    const id = '100000000000000001';
    const redirectUris = ['https://example.org/callback'];
    discord.script({
      body: {
        id,
        name: 'connector',
        flags: 1 << 15,
        redirect_uris: redirectUris,
        bot: { id: '500000000000000005' },
      },
    });
    const { gateway } = setUpGateway(discord.apiBase);

    expect(await gateway.readApplication(guild)).toEqual({
      applicationId: id,
      name: 'connector',
      flags: 1 << 15,
      hasMembersIntent: true,
      redirectUris,
      botUserId: '500000000000000005',
    });
  });
});
