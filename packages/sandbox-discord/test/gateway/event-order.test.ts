import { describe, expect, it } from 'vitest';

import type { SandboxModerator } from '../../src/moderator-interface.js';
import {
  ANNA,
  anna,
  APPLICATION,
  BOT,
  GUILD,
  memberPath,
  memberRolePath,
  MINER,
  PILOT,
  STRANGER,
  stranger,
} from '../small-world.js';
import { startSession } from './raw-bot.js';

describe('an event', () => {
  it.each<readonly [string, (by: SandboxModerator) => void, readonly string[]]>([
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
    const { bot, moderator } = await startSession();

    act(moderator);

    expect(await bot.namesSinceStart()).toEqual(expected);
    const numbers = bot.received.flatMap(({ s }) => s ?? []);
    expect(numbers).toEqual(numbers.map((_number, index) => index + 1));
  });

  it('comes for an unban', async () => {
    const { bot, moderator } = await startSession({
      guild: { bans: [{ discordUserId: STRANGER, reason: null }] },
    });

    moderator.unban(stranger);

    expect(await bot.namesSinceStart()).toEqual([
      'GUILD_BAN_REMOVE',
      'GUILD_AUDIT_LOG_ENTRY_CREATE',
    ]);
  });

  it('comes for each write over REST that changed something, and for no other', async () => {
    const { bot, call } = await startSession();

    await call('PUT', memberRolePath(ANNA, MINER));
    await call('PUT', memberRolePath(ANNA, MINER));
    await call('PATCH', memberPath(ANNA), { body: { nick: 'Ann' } });
    await call('POST', `/guilds/${GUILD}/roles`, { body: { name: 'Guest' } });
    await call('DELETE', memberPath(ANNA));

    expect(
      (await bot.namesSinceStart()).filter((name) => name !== 'GUILD_AUDIT_LOG_ENTRY_CREATE'),
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
    const { bot, call } = await startSession();

    await call('PUT', `/guilds/${GUILD}/bans/${ANNA}`, { body: {} });
    await call('DELETE', `/guilds/${GUILD}/bans/${ANNA}`);

    expect(await bot.namesSinceStart()).toEqual([
      'GUILD_BAN_ADD',
      'GUILD_MEMBER_REMOVE',
      'GUILD_AUDIT_LOG_ENTRY_CREATE',
      'GUILD_BAN_REMOVE',
      'GUILD_AUDIT_LOG_ENTRY_CREATE',
    ]);
  });

  it('send each role whose position changed', async () => {
    const { bot, call } = await startSession();

    await call('PATCH', `/guilds/${GUILD}/roles`, {
      body: [
        { id: MINER, position: 3 },
        { id: PILOT, position: 2 },
      ],
    });

    await bot.event('GUILD_ROLE_UPDATE', 2);
    const moved = bot.bodies('GUILD_ROLE_UPDATE').map(({ role }) => role);
    expect(moved).toContainEqual(expect.objectContaining({ id: MINER, position: 3 }));
    expect(moved).toContainEqual(expect.objectContaining({ id: PILOT, position: 2 }));
    expect(moved).toHaveLength(2);
  });

  it("send the bot's own profile as an update of its member", async () => {
    const { bot, call } = await startSession({}, { intents: 0 });

    await call('PATCH', `/guilds/${GUILD}/members/@me`, { body: { nick: 'Connie' } });

    expect((await bot.event('GUILD_MEMBER_UPDATE')).d).toMatchObject({
      user: { id: BOT },
      nick: 'Connie',
    });
  });
});
