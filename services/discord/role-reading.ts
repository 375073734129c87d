import type { DiscordUserId } from '../model.js';
import type { DiscordMembers, GuildRef } from '../reconcile/ports.js';
import type { Bot } from './bot.js';
import type { BotReadings } from './bot-readings.js';
import { renameRefusals, roleRefusals } from './hierarchy.js';

export interface RoleReadingDeps extends Pick<
  BotReadings,
  'whoAmI' | 'readGuild' | 'readBotRoleIds' | 'readRoleList'
> {
  readonly botFor: (guild: GuildRef) => Promise<Bot>;
}

/** Reads the guild's roles and judges each by what the bot itself holds there. */
export function createRoleReading(
  deps: RoleReadingDeps,
): DiscordMembers['readRoles'] {
  const { botFor, whoAmI, readGuild, readBotRoleIds, readRoleList } = deps;
  /** A bot keeps its user for ever. */
  const botUserIds = new WeakMap<Bot, DiscordUserId>();

  const botUserIdOf = async (guild: GuildRef): Promise<DiscordUserId> => {
    const bot = await botFor(guild);
    const known = botUserIds.get(bot);
    if (known) return known;
    const { botUserId } = await whoAmI(guild);
    botUserIds.set(bot, botUserId);
    return botUserId;
  };

  // One after the other: where the first is refused, the others would only cost the budget of invalid requests.
  return async (guild) => {
    const { guildId } = guild;
    const { ownerId } = await readGuild(guild);
    const botUserId = await botUserIdOf(guild);
    const botRoleIds = await readBotRoleIds(guild, botUserId);
    const roles = await readRoleList(guild);
    const standing = { guildId, ownerId, botUserId, botRoleIds };
    const refusals = roleRefusals(roles, standing);
    const renaming = renameRefusals(roles, standing);
    return {
      ownerId,
      roles: roles.map(({ roleId, name, position, color, isManaged }) => {
        const refusal = refusals.get(roleId) ?? null;
        const renameRefusal = renaming.get(roleId);
        return {
          roleId,
          name,
          position,
          color,
          isManaged,
          refusal,
          ...(renameRefusal !== undefined && { renameRefusal }),
        };
      }),
    };
  };
}
