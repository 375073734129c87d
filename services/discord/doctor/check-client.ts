import type { DiscordUserId, RoleId } from '../../model.js';
import type { GuildRef } from '../../reconcile/ports.js';
import type { BotIdentity, BotReadings, GuildReading, RoleReading } from '../rest/bot-readings.js';
import {
  applicationChecks,
  foreignInviteCheck,
  inviteCheck,
  inviteCodeOf,
} from './application-checks.js';
import { ask, isRefusedAs, ok, failed, unanswered, type CheckedRead, type Check } from './check.js';
import {
  botPermissions,
  mappedRoleChecks,
  membershipChecks,
  permissionChecks,
  roleRoomCheck,
  twoFactorCheck,
  type UnknownMemberships,
} from './guild-checks.js';
import type { BotStanding } from '../rest/hierarchy.js';

export type { Check } from './check.js';

export interface CheckRequest {
  readonly discord: BotReadings;
  readonly guild: GuildRef & { readonly applicationId: string };
  /** Roles of active mappings. */
  readonly mappedRoleIds: readonly RoleId[];
  /** Last known role names, for roles that the guild no longer has. */
  readonly roleNames?: ReadonlyMap<RoleId, string>;
  /** The OAuth redirect URI: the client's own, else the connector's. Null: sign-in is off. */
  readonly callbackUrl?: string | null;
  readonly inviteUrl?: string | null;
  readonly hasNicknamePolicy?: boolean;
  /** True if linking adds people to the guild. */
  readonly joinsPeople?: boolean;
  /** The client opens a session at Discord's gateway. */
  readonly isLive?: boolean;
  readonly unknownMemberships?: UnknownMemberships | null;
}

/**
 * Checks the client's setup with at most six reads from Discord.
 * In: a client and the features it uses. Out: one check per aspect, with its remedy. A failed read
 * becomes a check of its own, and only the checks that depend on it are left out.
 * Never: a second read with a rejected token.
 */
export async function checkClient(request: CheckRequest): Promise<readonly Check[]> {
  const { discord, guild, callbackUrl = null } = request;
  const { unknownMemberships = null } = request;
  const known = unknownMemberships === null ? [] : membershipChecks(unknownMemberships);
  const bot = await ask(() => discord.whoAmI(guild));
  const token = tokenCheck(bot);
  if (isRefusedAs(bot, 'UNAUTHORIZED')) return [token, ...known];

  const [application, found, invite] = await Promise.all([
    ask(() => discord.readApplication(guild)),
    ask(() => discord.readGuild(guild)),
    inviteChecks(request),
  ]);
  // If reading the bot failed, take the bot's user id from the application's response.
  const [botUserId = null] = [bot, application].flatMap((asked) =>
    asked.isAnswered ? [asked.value.botUserId] : [],
  );
  return [
    token,
    ...applicationChecks(application, {
      applicationId: guild.applicationId,
      callbackUrl,
      isLive: request.isLive ?? false,
    }),
    guildCheck(found, guild),
    // If the bot is not in the guild, Discord refuses every further call about the guild.
    ...(isRefusedAs(found, 'UNKNOWN_GUILD') ? [] : await checkInGuild(request, found, botUserId)),
    ...invite,
    ...known,
  ];
}

function tokenCheck(bot: CheckedRead<BotIdentity>): Check {
  const name = 'bot token';
  const remedy =
    "Copy the token from the application's Bot page and set it with updateDiscordClient.";
  return bot.isAnswered
    ? ok(name, `Discord recognises the bot as ${bot.value.username}.`)
    : unanswered(name, bot.error, remedy);
}

function guildCheck(found: CheckedRead<GuildReading>, { guildId }: GuildRef): Check {
  const name = 'bot in guild';
  const remedy = 'Invite the bot with botInviteUrl.';
  if (found.isAnswered) return ok(name, `The bot is in ${found.value.name}.`);
  return isRefusedAs(found, 'UNKNOWN_GUILD')
    ? failed(name, `The bot is not in guild ${guildId}.`, remedy)
    : unanswered(name, found.error, remedy);
}

async function inviteChecks({
  discord,
  guild,
  inviteUrl = null,
}: CheckRequest): Promise<readonly Check[]> {
  if (inviteUrl === null) return [];
  const code = inviteCodeOf(inviteUrl);
  if (code === null) return [foreignInviteCheck(inviteUrl)];
  const asked = await ask(() => discord.readInvite(guild, code));
  return [inviteCheck(asked, inviteUrl, guild.guildId)];
}

async function checkInGuild(
  request: CheckRequest,
  found: CheckedRead<GuildReading>,
  botUserId: DiscordUserId | null,
): Promise<readonly Check[]> {
  const { discord, guild } = request;
  const [held, roles] = await Promise.all([
    botUserId === null ? null : ask(() => discord.readBotRoleIds(guild, botUserId)),
    ask(() => discord.readRoleList(guild)),
  ]);
  const standing =
    botUserId !== null && held?.isAnswered === true
      ? {
          guildId: guild.guildId,
          ownerId: found.isAnswered ? found.value.ownerId : null,
          botUserId,
          botRoleIds: held.value,
        }
      : null;
  return [
    ...(found.isAnswered ? [twoFactorCheck(found.value)] : []),
    ...(held?.isAnswered === false ? [unanswered('roles of the bot', held.error, LOOK_AGAIN)] : []),
    ...(roles.isAnswered
      ? roleChecks(request, roles.value, standing)
      : [unanswered('roles of the guild', roles.error, LOOK_AGAIN)]),
  ];
}

const LOOK_AGAIN = 'Check again. If the problem persists, see the log.';

function roleChecks(
  request: CheckRequest,
  roles: readonly RoleReading[],
  standing: BotStanding | null,
): readonly Check[] {
  const { mappedRoleIds, hasNicknamePolicy = false } = request;
  const needs = {
    hasMappings: mappedRoleIds.length > 0,
    hasNicknamePolicy,
    joinsPeople: request.joinsPeople ?? false,
    isLive: request.isLive ?? false,
  };
  return [
    ...(standing === null ? [] : permissionChecks(botPermissions(roles, standing), needs)),
    ...mappedRoleChecks(mappedRoleIds, roles, standing, request.roleNames),
    roleRoomCheck(roles),
  ];
}
