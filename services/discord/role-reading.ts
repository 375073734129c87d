import { UnavailableError } from '../lib/errors.js';
import type { DiscordUserId } from '../model.js';
import type { DiscordMembers, GuildRef } from '../reconcile/ports.js';
import type { Bot } from './bot.js';
import type { BotReadings } from './bot-readings.js';
import type { Perform } from './caller.js';
import { botMemberReading, rolesReading } from './calls.js';
import { roleRefusals } from './hierarchy.js';
import { memberPayload, parsePayload, rolesPayload } from './payloads.js';

export interface RoleReadingDeps extends Pick<
  BotReadings,
  'whoAmI' | 'readGuild'
> {
  readonly perform: Perform;
  readonly botFor: (guild: GuildRef) => Promise<Bot>;
}

/** Reads the guild's roles and judges each by what the bot itself holds there. */
export function createRoleReading(
  deps: RoleReadingDeps,
): DiscordMembers['readRoles'] {
  const { perform, botFor, whoAmI, readGuild } = deps;
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
    const botCall = botMemberReading({ ...guild, discordUserId: botUserId });
    const botAnswer = await perform(guild, botCall);
    const bot = parsePayload(memberPayload, botAnswer, botCall.doing);
    const roles = await readRoleList(perform, guild);
    const standing = { guildId, ownerId, botUserId, botRoleIds: bot.roles };
    const refusals = roleRefusals(roles, standing);
    return roles.map(({ roleId, name, position, color, isManaged }) => {
      const refusal = refusals.get(roleId) ?? null;
      return { roleId, name, position, color, isManaged, refusal };
    });
  };
}

async function readRoleList(perform: Perform, guild: GuildRef) {
  const call = rolesReading(guild);
  const answer = await perform(guild, call);
  const roles = parsePayload(rolesPayload, answer, call.doing);
  // A list without @everyone is not the whole list, and what is missing in it would count as deleted.
  if (roles.some(({ id }) => id === guild.guildId)) {
    return roles.map(({ id: roleId, managed: isManaged, ...role }) => ({
      ...role,
      roleId,
      isManaged,
    }));
  }
  throw new UnavailableError(
    `cannot ${call.doing}: the answer lacks the role @everyone`,
  );
}
