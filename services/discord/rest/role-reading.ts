import type { ClientId, DiscordUserId, RoleId } from '../../model.js';
import type { DiscordMembers, GuildRef } from '../../reconcile/ports.js';
import type { Bot } from './bots.js';
import type { BotReadings, RoleReading } from './bot-readings.js';
import { renameRefusals, roleRefusals } from './hierarchy.js';

export interface RoleReadingDeps extends Pick<
  BotReadings,
  'whoAmI' | 'readGuild' | 'readBotRoleIds' | 'readRoleList'
> {
  readonly botFor: (guild: GuildRef) => Promise<Bot>;
}

/**
 * Reads the guild's roles and determines, from the bot's own roles, what the bot can do with each.
 */
export function createRoleReading(deps: RoleReadingDeps): DiscordMembers['readRoles'] {
  const { botFor, whoAmI, readGuild, readBotRoleIds, readRoleList } = deps;
  const ofBot = createDoubting<RoleId>((roleId) => roleId);
  const ofGuild = createDoubting<RoleReading>(({ roleId }) => roleId);
  /** Cached, because a bot's user never changes. */
  const botUserIds = new WeakMap<Bot, DiscordUserId>();

  const botUserIdOf = async (guild: GuildRef): Promise<DiscordUserId> => {
    const bot = await botFor(guild);
    const known = botUserIds.get(bot);
    if (known) return known;
    const { botUserId } = await whoAmI(guild);
    botUserIds.set(bot, botUserId);
    return botUserId;
  };

  // The reads are sequential: if Discord refuses the first, the others would only use up the budget
  // of invalid requests.
  return async (guild) => {
    const { guildId } = guild;
    const { ownerId } = await readGuild(guild);
    const botUserId = await botUserIdOf(guild);
    const readOwn = async () => readBotRoleIds(guild, botUserId);
    const botRoleIds = await ofBot(guild, readOwn);
    const readAll = async () => readRoleList(guild);
    const roles = await ofGuild(guild, readAll, botRoleIds);
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

/**
 * A role list from Discord may be outdated. The list is read a second time if it is empty, or if it
 * lacks an expected role or a role from the previous list. The second response is then used.
 * Without this, one wrong response would park members (no retry until the cause changes, or for a
 * day) although the role exists below the bot.
 */
function createDoubting<Item>(idOf: (item: Item) => RoleId) {
  const last = new Map<ClientId, readonly RoleId[]>();
  return async (
    { clientId }: GuildRef,
    read: () => Promise<readonly Item[]>,
    expected: readonly RoleId[] = [],
  ): Promise<readonly Item[]> => {
    const first = await read();
    const listed = new Set(first.map(idOf));
    const known = [...expected, ...(last.get(clientId) ?? [])];
    const isWhole = listed.size > 0 && known.every((roleId) => listed.has(roleId));
    const items = isWhole ? first : await read();
    last.set(clientId, items.map(idOf));
    return items;
  };
}
