import { GatewayIntentBits, PermissionFlagsBits } from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';

import type { SandboxModerator } from '../../src/moderator-interface.js';
import { anna, BOT, BOT_PERMISSIONS, GUILD, MINER, stranger, theBot } from '../small-world.js';
import { startSession } from './raw-bot.js';

const { Guilds, GuildMembers, GuildModeration } = GatewayIntentBits;

describe('the intents of a session choose its events', () => {
  const everything = (by: SandboxModerator): void => {
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
    const { bot, moderator } = await startSession({}, { intents });

    everything(moderator);

    expect(await bot.namesSinceStart()).toEqual(expected);
  });

  it("except for the bot's own member, which needs none", async () => {
    const { bot, moderator } = await startSession({}, { intents: 0 });

    moderator.giveRole({ ...theBot, roleId: MINER });
    moderator.giveRole({ ...anna, roleId: MINER });

    expect(await bot.namesSinceStart()).toEqual(['GUILD_MEMBER_UPDATE']);
    expect(bot.bodies('GUILD_MEMBER_UPDATE')[0]?.user.id).toBe(BOT);
  });

  it('and the audit log also needs the permission to view it', async () => {
    const botPermissions = BOT_PERMISSIONS & ~PermissionFlagsBits.ViewAuditLog;
    const { bot, moderator } = await startSession({ guild: { botPermissions } });

    moderator.kick(anna);

    expect(await bot.namesSinceStart()).toEqual(['GUILD_MEMBER_REMOVE']);
  });
});
