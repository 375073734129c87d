import { describe, expect, it } from 'vitest';

import type { SandboxModerator } from '../../src/moderator-interface.js';
import {
  ANNA,
  anna,
  BOT,
  COUNCILLOR,
  GUILD,
  memberRolePath,
  MINER,
  OWNER,
  PILOT,
  STRANGER,
  stranger,
} from '../small-world.js';
import { startSession } from './raw-bot.js';

describe('an event', () => {
  it('carries the member as it is now', async () => {
    const { bot, moderator } = await startSession();

    moderator.giveRole({ ...anna, roleId: MINER });

    const { d } = await bot.event('GUILD_MEMBER_UPDATE');
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
    const { bot, moderator } = await startSession();

    moderator.deleteRole({ guildId: GUILD, roleId: MINER });
    moderator.ban(anna);

    expect((await bot.event('GUILD_MEMBER_REMOVE')).d).toMatchObject({
      guild_id: GUILD,
      user: { id: ANNA },
    });
    expect((await bot.event('GUILD_ROLE_DELETE')).d).toEqual({
      guild_id: GUILD,
      role_id: MINER,
    });
    expect((await bot.event('GUILD_BAN_ADD')).d).toMatchObject({
      guild_id: GUILD,
      user: { id: ANNA },
    });
  });

  it('carries pending until the rules are accepted', async () => {
    const { bot, moderator } = await startSession({ guild: { hasScreening: true } });

    moderator.join(stranger);
    moderator.finishScreening(stranger);

    expect((await bot.event('GUILD_MEMBER_ADD')).d).toMatchObject({ pending: true });
    expect((await bot.event('GUILD_MEMBER_UPDATE')).d).toMatchObject({ pending: false });
  });

  it('names who acted: a person by hand, and the bot itself over REST', async () => {
    const { bot, moderator, call } = await startSession();

    moderator.takeRole({ ...anna, roleId: PILOT });
    await call('PUT', memberRolePath(ANNA, MINER), { reason: 'in the group' });

    const second = await bot.event('GUILD_AUDIT_LOG_ENTRY_CREATE', 2);
    const first = bot.bodies('GUILD_AUDIT_LOG_ENTRY_CREATE')[0];
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

  it.each<readonly [string, (by: SandboxModerator, actorId: string) => void]>([
    ['a role granted', (by, actorId) => by.giveRole({ ...anna, roleId: MINER, actorId })],
    ['a role removed', (by, actorId) => by.takeRole({ ...anna, roleId: PILOT, actorId })],
    ['a nickname', (by, actorId) => by.setNick({ ...anna, nick: 'Ann', actorId })],
    ['a timeout', (by, actorId) => by.setTimeOut({ ...anna, until: '2030-01-01', actorId })],
    ['a kick', (by, actorId) => by.kick({ ...anna, actorId })],
    ['a ban', (by, actorId) => by.ban({ ...anna, actorId })],
    ['an unban', (by, actorId) => by.unban({ ...stranger, actorId })],
  ])('names another person who acted: %s', async (_, act) => {
    const bans = [{ discordUserId: STRANGER, reason: null }];
    const { bot, moderator, sandbox } = await startSession({ guild: { bans } });
    const before = sandbox.world();

    expect(() => act(moderator, '5')).toThrow('there is no account with id 5');
    expect(sandbox.world()).toEqual(before);
    act(moderator, COUNCILLOR);

    const { d } = await bot.event('GUILD_AUDIT_LOG_ENTRY_CREATE');
    expect(d.user_id).toBe(COUNCILLOR);
  });
});
