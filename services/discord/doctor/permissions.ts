import { PermissionFlagsBits } from 'discord-api-types/v10';

import type { DiscordUserId, GuildId, RoleId } from '../../model.js';
import type { RoleReading } from '../rest/bot-readings.js';

/** What the bot may do in one guild. */
export interface BotPermissions {
  readonly isAdministrator: boolean;
  may(permission: keyof typeof PermissionFlagsBits): boolean;
}

/** Combines the bot's roles, including @everyone. The owner of a guild may do everything. */
export function botPermissions(
  roles: readonly RoleReading[],
  bot: {
    readonly guildId: GuildId;
    readonly ownerId: DiscordUserId | null;
    readonly botUserId: DiscordUserId;
    readonly botRoleIds: readonly RoleId[];
  },
): BotPermissions {
  // @everyone has the guild's id.
  const everyone: string = bot.guildId;
  const bits = roles
    .filter(({ roleId }) => roleId === everyone || bot.botRoleIds.includes(roleId))
    .reduce((held, { permissions }) => held | BigInt(permissions), 0n);
  const isAdministrator = (bits & PermissionFlagsBits.Administrator) !== 0n;
  const mayAll = isAdministrator || bot.ownerId === bot.botUserId;
  return {
    isAdministrator,
    may: (permission) => mayAll || (bits & PermissionFlagsBits[permission]) !== 0n,
  };
}

/** Permissions that let a holder of the role harm the guild, in Discord's words. */
export function powersOf({ permissions }: RoleReading): readonly string[] {
  const bits = BigInt(permissions);
  return POWERS.filter(([, bit]) => (bits & bit) !== 0n).map(([name]) => name);
}

const { Administrator, KickMembers, BanMembers, ModerateMembers } = PermissionFlagsBits;

const POWERS: readonly (readonly [string, bigint])[] = [
  ['Administrator', Administrator],
  ['Manage Server', PermissionFlagsBits.ManageGuild],
  ['Manage Roles', PermissionFlagsBits.ManageRoles],
  ['Manage Channels', PermissionFlagsBits.ManageChannels],
  ['Manage Messages', PermissionFlagsBits.ManageMessages],
  ['Manage Nicknames', PermissionFlagsBits.ManageNicknames],
  ['Manage Webhooks', PermissionFlagsBits.ManageWebhooks],
  ['Manage Threads', PermissionFlagsBits.ManageThreads],
  ['Manage Events', PermissionFlagsBits.ManageEvents],
  ['Manage Expressions', PermissionFlagsBits.ManageGuildExpressions],
  ['Kick Members', KickMembers],
  ['Ban Members', BanMembers],
  ['Timeout Members', ModerateMembers],
];
