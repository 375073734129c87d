import { GatewayIntentBits, GatewayOpcodes, PermissionFlagsBits } from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';

import {
  ANNA,
  APPLICATION,
  BOT,
  BOT_PERMISSIONS,
  COUNCILLOR,
  GUILD,
  memberPath,
  memberRolePath,
  MINER,
  OWNER,
  PILOT,
  sandboxes,
  smallGuild,
  smallWorld,
  STRANGER,
} from '../small-world.js';
import { INTENTS, rawBots, type RawBot } from './raw-bot.js';

const start = sandboxes();
const connect = rawBots();

const { Guilds, GuildMembers, GuildModeration } = GatewayIntentBits;
const anna = { guildId: GUILD, discordUserId: ANNA };
const stranger = { guildId: GUILD, discordUserId: STRANGER };
const bot = { guildId: GUILD, discordUserId: BOT };

async function inSession(
  options: Parameters<typeof start>[0] = {},
  identify: Readonly<Record<string, unknown>> = {},
) {
  const started = await start(options);
  const listening = connect(started.url);
  await listening.opcode(GatewayOpcodes.Hello);
  await listening.identify(identify);
  await listening.settled();
  const { moderator } = started.sandbox;
  return { ...started, listening, moderator };
}

/** What came after READY and the guilds. */
const namesOf = async (listening: RawBot) => {
  await listening.settled();
  return listening.names().filter((name) => name !== 'READY' && name !== 'GUILD_CREATE');
};
const bodiesOf = (listening: RawBot, name: string) =>
  listening.received.filter(({ t }) => t === name).map(({ d }) => d);

type Moderator = Awaited<ReturnType<typeof inSession>>['moderator'];

describe('an event', () => {
  it.each<readonly [string, (by: Moderator) => void, readonly string[]]>([
    [
      'a role granted',
      (by) => by.giveRole({ ...anna, roleId: MINER }),
      ['GUILD_MEMBER_UPDATE', 'GUILD_AUDIT_LOG_ENTRY_CREATE'],
    ],
    [
      'a nickname',
      (by) => by.setNick({ ...anna, nick: 'Ann' }),
      ['GUILD_MEMBER_UPDATE', 'GUILD_AUDIT_LOG_ENTRY_CREATE'],
    ],
    ['a new member', (by) => by.join(stranger), ['GUILD_MEMBER_ADD']],
    ['a member who leaves', (by) => by.leave(anna), ['GUILD_MEMBER_REMOVE']],
    ['a kick', (by) => by.kick(anna), ['GUILD_MEMBER_REMOVE', 'GUILD_AUDIT_LOG_ENTRY_CREATE']],
    [
      'a ban',
      (by) => by.ban(anna),
      ['GUILD_BAN_ADD', 'GUILD_MEMBER_REMOVE', 'GUILD_AUDIT_LOG_ENTRY_CREATE'],
    ],
    [
      'a new role',
      (by) => by.createRole({ guildId: GUILD, name: 'Guest' }),
      ['GUILD_ROLE_CREATE', 'GUILD_AUDIT_LOG_ENTRY_CREATE'],
    ],
    [
      'a renamed role',
      (by) => by.editRole({ guildId: GUILD, roleId: MINER, name: 'Digger' }),
      ['GUILD_ROLE_UPDATE', 'GUILD_AUDIT_LOG_ENTRY_CREATE'],
    ],
    [
      'two roles that change places',
      (by) => by.moveRole({ guildId: GUILD, roleId: MINER, position: 3 }),
      ['GUILD_ROLE_UPDATE', 'GUILD_ROLE_UPDATE', 'GUILD_AUDIT_LOG_ENTRY_CREATE'],
    ],
    [
      'a deleted role with two holders',
      (by) => by.deleteRole({ guildId: GUILD, roleId: PILOT }),
      [
        'GUILD_ROLE_DELETE',
        'GUILD_MEMBER_UPDATE',
        'GUILD_MEMBER_UPDATE',
        'GUILD_AUDIT_LOG_ENTRY_CREATE',
      ],
    ],
    ['a renamed guild', (by) => by.editGuild({ guildId: GUILD, name: 'New' }), ['GUILD_UPDATE']],
    [
      'a renamed account, in its guilds',
      (by) => by.editUser({ discordUserId: ANNA, username: 'ann' }),
      ['GUILD_MEMBER_UPDATE'],
    ],
    [
      "the bot's own name",
      (by) => by.editUser({ discordUserId: BOT, globalName: 'Connie' }),
      ['USER_UPDATE', 'GUILD_MEMBER_UPDATE'],
    ],
    [
      'an email address, which no event carries',
      (by) => by.editUser({ discordUserId: ANNA, email: 'a@example.org' }),
      [],
    ],
    ['an invite', (by) => void by.createInvite({ guildId: GUILD }), []],
    [
      'an application',
      (by) => by.editApplication({ applicationId: APPLICATION, name: 'Renamed' }),
      [],
    ],
  ])('comes for %s, in order', async (_, act, expected) => {
    const { listening, moderator } = await inSession();

    act(moderator);

    expect(await namesOf(listening)).toEqual(expected);
    const numbers = listening.received.flatMap(({ s }) => s ?? []);
    expect(numbers).toEqual(numbers.map((_number, index) => index + 1));
  });

  it('comes for an unban', async () => {
    const { listening, moderator } = await inSession({
      world: smallWorld({
        guilds: [smallGuild({ bans: [{ discordUserId: STRANGER, reason: null }] })],
      }),
    });

    moderator.unban(stranger);

    expect(await namesOf(listening)).toEqual(['GUILD_BAN_REMOVE', 'GUILD_AUDIT_LOG_ENTRY_CREATE']);
  });

  it('carries the member as it is now', async () => {
    const { listening, moderator } = await inSession();

    moderator.giveRole({ ...anna, roleId: MINER });

    const { d } = await listening.event('GUILD_MEMBER_UPDATE');
    expect(d).toMatchObject({
      guild_id: GUILD,
      user: { id: ANNA, username: 'anna', global_name: 'Anna' },
      roles: [PILOT, MINER],
      nick: null,
      pending: false,
      flags: 0,
      communication_disabled_until: null,
      joined_at: '2024-01-01T00:00:00.000000+00:00',
    });
  });

  it('names a removed member, a role, a ban', async () => {
    const { listening, moderator } = await inSession();

    moderator.deleteRole({ guildId: GUILD, roleId: MINER });
    moderator.ban(anna);

    expect((await listening.event('GUILD_MEMBER_REMOVE')).d).toMatchObject({
      guild_id: GUILD,
      user: { id: ANNA },
    });
    expect((await listening.event('GUILD_ROLE_DELETE')).d).toEqual({
      guild_id: GUILD,
      role_id: MINER,
    });
    expect((await listening.event('GUILD_BAN_ADD')).d).toMatchObject({
      guild_id: GUILD,
      user: { id: ANNA },
    });
  });

  it('carries pending until the rules are accepted', async () => {
    const { listening, moderator } = await inSession({
      world: smallWorld({ guilds: [smallGuild({ hasScreening: true })] }),
    });

    moderator.join(stranger);
    moderator.finishScreening(stranger);

    expect((await listening.event('GUILD_MEMBER_ADD')).d).toMatchObject({ pending: true });
    expect((await listening.event('GUILD_MEMBER_UPDATE')).d).toMatchObject({ pending: false });
  });

  it('names who acted: a person by hand, and the bot itself over REST', async () => {
    const { listening, moderator, call } = await inSession();

    moderator.takeRole({ ...anna, roleId: PILOT });
    await call('PUT', memberRolePath(ANNA, MINER), { reason: 'in the group' });

    const second = await listening.event('GUILD_AUDIT_LOG_ENTRY_CREATE', 2);
    const first = bodiesOf(listening, 'GUILD_AUDIT_LOG_ENTRY_CREATE')[0];
    expect(first).toMatchObject({
      guild_id: GUILD,
      user_id: OWNER,
      target_id: ANNA,
      action_type: 25,
      changes: [{ key: '$remove', new_value: [{ id: PILOT, name: 'Pilot' }] }],
    });
    expect(second.d).toMatchObject({
      guild_id: GUILD,
      user_id: BOT,
      target_id: ANNA,
      reason: 'in the group',
      changes: [{ key: '$add', new_value: [{ id: MINER, name: 'Miner' }] }],
    });
  });

  it.each<readonly [string, (by: Moderator, actorId: string) => void]>([
    ['a role granted', (by, actorId) => by.giveRole({ ...anna, roleId: MINER, actorId })],
    ['a role removed', (by, actorId) => by.takeRole({ ...anna, roleId: PILOT, actorId })],
    ['a nickname', (by, actorId) => by.setNick({ ...anna, nick: 'Ann', actorId })],
    ['a timeout', (by, actorId) => by.setTimeOut({ ...anna, until: '2030-01-01', actorId })],
    ['a kick', (by, actorId) => by.kick({ ...anna, actorId })],
    ['a ban', (by, actorId) => by.ban({ ...anna, actorId })],
    ['an unban', (by, actorId) => by.unban({ ...stranger, actorId })],
  ])('names another person who acted: %s', async (_, act) => {
    const bans = [{ discordUserId: STRANGER, reason: null }];
    const { listening, moderator, sandbox } = await inSession({
      world: smallWorld({ guilds: [smallGuild({ bans })] }),
    });
    const before = sandbox.world();

    expect(() => act(moderator, '5')).toThrow('there is no account with id 5');
    expect(sandbox.world()).toEqual(before);
    act(moderator, COUNCILLOR);

    const { d } = await listening.event('GUILD_AUDIT_LOG_ENTRY_CREATE');
    expect(d.user_id).toBe(COUNCILLOR);
  });

  it('comes for each write over REST that changed something, and for no other', async () => {
    const { listening, call } = await inSession();

    await call('PUT', memberRolePath(ANNA, MINER));
    await call('PUT', memberRolePath(ANNA, MINER));
    await call('PATCH', memberPath(ANNA), { body: { nick: 'Ann' } });
    await call('POST', `/guilds/${GUILD}/roles`, { body: { name: 'Guest' } });
    await call('DELETE', memberPath(ANNA));

    expect(
      (await namesOf(listening)).filter((name) => name !== 'GUILD_AUDIT_LOG_ENTRY_CREATE'),
    ).toEqual([
      'GUILD_MEMBER_UPDATE',
      'GUILD_MEMBER_UPDATE',
      'GUILD_ROLE_CREATE',
      'GUILD_MEMBER_REMOVE',
    ]);
  });
});

describe('writes over REST by a bot', () => {
  it('send bans and unbans, with members who leave by them', async () => {
    const { listening, call } = await inSession();

    await call('PUT', `/guilds/${GUILD}/bans/${ANNA}`, { body: {} });
    await call('DELETE', `/guilds/${GUILD}/bans/${ANNA}`);

    expect(await namesOf(listening)).toEqual([
      'GUILD_BAN_ADD',
      'GUILD_MEMBER_REMOVE',
      'GUILD_AUDIT_LOG_ENTRY_CREATE',
      'GUILD_BAN_REMOVE',
      'GUILD_AUDIT_LOG_ENTRY_CREATE',
    ]);
  });

  it('send each role whose position changed', async () => {
    const { listening, call } = await inSession();

    await call('PATCH', `/guilds/${GUILD}/roles`, {
      body: [
        { id: MINER, position: 3 },
        { id: PILOT, position: 2 },
      ],
    });

    await listening.event('GUILD_ROLE_UPDATE', 2);
    const moved = bodiesOf(listening, 'GUILD_ROLE_UPDATE').map(({ role }) => role);
    expect(moved).toContainEqual(expect.objectContaining({ id: MINER, position: 3 }));
    expect(moved).toContainEqual(expect.objectContaining({ id: PILOT, position: 2 }));
    expect(moved).toHaveLength(2);
  });

  it("send the bot's own profile as an update of its member", async () => {
    const { listening, call } = await inSession({}, { intents: 0 });

    await call('PATCH', `/guilds/${GUILD}/members/@me`, { body: { nick: 'Connie' } });

    expect((await listening.event('GUILD_MEMBER_UPDATE')).d).toMatchObject({
      user: { id: BOT },
      nick: 'Connie',
    });
  });
});

describe('the intents of a session choose its events', () => {
  const everything = (by: Moderator): void => {
    by.join(stranger);
    by.setNick({ ...stranger, nick: 'Stan' });
    by.deleteRole({ guildId: GUILD, roleId: MINER });
    by.ban(stranger);
    by.unban(stranger);
  };

  it.each([
    ['no intents', 0, []],
    ['guilds', Guilds, ['GUILD_ROLE_DELETE']],
    ['members', GuildMembers, ['GUILD_MEMBER_ADD', 'GUILD_MEMBER_UPDATE', 'GUILD_MEMBER_REMOVE']],
    [
      'moderation',
      GuildModeration,
      [
        'GUILD_AUDIT_LOG_ENTRY_CREATE',
        'GUILD_AUDIT_LOG_ENTRY_CREATE',
        'GUILD_BAN_ADD',
        'GUILD_AUDIT_LOG_ENTRY_CREATE',
        'GUILD_BAN_REMOVE',
        'GUILD_AUDIT_LOG_ENTRY_CREATE',
      ],
    ],
  ])('%s', async (_, intents, expected) => {
    const { listening, moderator } = await inSession({}, { intents });

    everything(moderator);

    expect(await namesOf(listening)).toEqual(expected);
  });

  it("except for the bot's own member, which needs none", async () => {
    const { listening, moderator } = await inSession({}, { intents: 0 });

    moderator.giveRole({ ...bot, roleId: MINER });
    moderator.giveRole({ ...anna, roleId: MINER });

    expect(await namesOf(listening)).toEqual(['GUILD_MEMBER_UPDATE']);
    expect(bodiesOf(listening, 'GUILD_MEMBER_UPDATE')[0]?.user.id).toBe(BOT);
  });

  it('and the audit log also needs the permission to view it', async () => {
    const botPermissions = BOT_PERMISSIONS & ~PermissionFlagsBits.ViewAuditLog;
    const { listening, moderator } = await inSession({
      world: smallWorld({ guilds: [smallGuild({ botPermissions })] }),
    });

    moderator.kick(anna);

    expect(await namesOf(listening)).toEqual(['GUILD_MEMBER_REMOVE']);
  });
});

describe('a guild', () => {
  it('that the bot is kicked from is deleted for it, and its events end', async () => {
    const { listening, moderator } = await inSession();

    moderator.kick(bot);
    moderator.leave(anna);

    expect(await namesOf(listening)).toEqual(['GUILD_DELETE']);
    expect(bodiesOf(listening, 'GUILD_DELETE')).toEqual([{ id: GUILD }]);
  });

  it('that the bot joins is created for it', async () => {
    const { listening, moderator } = await inSession();
    moderator.leave(bot);

    moderator.join(bot);
    moderator.leave(anna);

    const created = await listening.event('GUILD_CREATE', 2);
    expect(created.d).toMatchObject({ id: GUILD, members: [{ user: { id: BOT } }] });
    expect(await namesOf(listening)).toEqual(['GUILD_DELETE', 'GUILD_MEMBER_REMOVE']);
  });

  it('that is deleted is deleted for its bots', async () => {
    const { listening, moderator, call } = await inSession();

    moderator.deleteGuild(GUILD);

    expect((await listening.event('GUILD_DELETE')).d).toEqual({ id: GUILD });
    expect((await call('GET', `/guilds/${GUILD}`)).body).toMatchObject({ code: 10004 });
  });

  it('in an outage is unavailable, sends no events, and is created again afterwards', async () => {
    const { listening, moderator, sandbox, url } = await inSession();

    sandbox.gateway.setGuildUnavailable({ guildId: GUILD, isUnavailable: true });
    moderator.giveRole({ ...anna, roleId: MINER });
    const late = connect(url);
    await late.opcode(GatewayOpcodes.Hello);
    await late.identify();
    expect(await namesOf(listening)).toEqual(['GUILD_DELETE']);
    expect(await namesOf(late)).toEqual([]);
    sandbox.gateway.setGuildUnavailable({ guildId: GUILD, isUnavailable: false });

    expect(bodiesOf(listening, 'GUILD_DELETE')).toEqual([{ id: GUILD, unavailable: true }]);
    expect(await listening.event('GUILD_CREATE', 2)).toMatchObject({ d: { id: GUILD } });
    expect(await late.event('GUILD_CREATE')).toMatchObject({ d: { id: GUILD } });
  });

  it('sends its events to its shard alone', async () => {
    const { listening, moderator, url } = await inSession({}, { shard: [0, 2] });
    const other = connect(url);
    await other.opcode(GatewayOpcodes.Hello);
    await other.identify({ shard: [1, 2] });

    moderator.leave(anna);

    const shardOfGuild = Number((BigInt(GUILD) >> 22n) % 2n);
    const received = [await namesOf(listening), await namesOf(other)];
    expect(received[shardOfGuild]).toEqual(['GUILD_MEMBER_REMOVE']);
    expect(received[1 - shardOfGuild]).toEqual([]);
  });

  it('sends its events to every session of its bots, and to no bot outside it', async () => {
    const outsider = {
      applicationId: '200000000000000008',
      name: 'Outsider',
      botUserId: STRANGER,
      botToken: 'token-of-the-outsider',
    };
    const world = smallWorld();
    const { listening, moderator, url } = await inSession({
      world: { ...world, applications: [...world.applications, outsider] },
    });
    const second = connect(url);
    const outside = connect(url);
    await Promise.all([second, outside].map((one) => one.opcode(GatewayOpcodes.Hello)));
    await second.identify();
    await outside.identify({ token: outsider.botToken, intents: INTENTS });

    moderator.leave(anna);

    expect(await namesOf(listening)).toEqual(['GUILD_MEMBER_REMOVE']);
    expect(await namesOf(second)).toEqual(['GUILD_MEMBER_REMOVE']);
    expect(await namesOf(outside)).toEqual([]);
  });
});
