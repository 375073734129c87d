import { missingScope, notFound, unauthorized, unknownMember, unknownUser } from './refusal.js';
import { param, type ApiCall, type Decision } from './api-call.js';
import type { LiveGuild, LiveUser } from './live-world.js';
import { permissionsOf } from './permissions.js';
import { flagOf, snowflakeOf, wholeNumberOf } from './query.js';
import type { TokenRoute } from './route.js';
import { compareSnowflakes } from './snowflake.js';
import { memberOnWire, ownUserOnWire, userOnWire } from './wire.js';
import { countsOnWire, featuresOf } from './wire-guild.js';

/** Routes about the caller itself and its guilds, for bots and for people with an access token. */
export const identityRoutes: readonly TokenRoute[] = [
  { method: 'GET', template: '/users/@me', decide: getSelf },
  { method: 'GET', template: '/users/@me/guilds', decide: listOwnGuilds },
  {
    method: 'GET',
    template: '/users/@me/guilds/{guild_id}/member',
    decide: getOwnMember,
  },
  { method: 'GET', template: '/users/{user_id}', decide: getUser },
];

function getSelf(call: ApiCall): Decision {
  if (call.caller.kind === 'person') demandScope(call, 'identify');
  const withEmail = call.caller.kind === 'person' && call.caller.scopes.includes('email');
  return {
    status: 200,
    body: ownUserOnWire(call.world, selfOf(call), withEmail),
  };
}

/** Returns any account, person or bot, whether or not it shares a guild with the caller. */
function getUser(call: ApiCall): Decision {
  if (call.caller.kind !== 'bot') throw unauthorized();
  const discordUserId = param(call, 'user_id');
  if (!call.world.users.has(discordUserId)) throw unknownUser();
  return { status: 200, body: userOnWire(call.world, discordUserId) };
}

function listOwnGuilds(call: ApiCall): Decision {
  demandScope(call, 'guilds');
  const limit = wholeNumberOf(call.query, 'limit', {
    min: 1,
    max: 200,
    fallback: 200,
  });
  const after = snowflakeOf(call.query, 'after') ?? '0';
  const before = snowflakeOf(call.query, 'before');
  const self = selfOf(call);
  const guilds = [...call.world.guilds.values()]
    .filter((guild) => guild.members.has(self.discordUserId))
    .filter((guild) => compareSnowflakes(guild.guildId, after) > 0)
    .filter((guild) => before === undefined || compareSnowflakes(guild.guildId, before) < 0)
    .sort((a, b) => compareSnowflakes(a.guildId, b.guildId));
  return {
    status: 200,
    body: guilds.slice(0, limit).map((guild) => ownGuildOnWire(call, guild, self)),
  };
}

function ownGuildOnWire(call: ApiCall, guild: LiveGuild, self: LiveUser) {
  const member = guild.members.get(self.discordUserId);
  const counts = flagOf(call.query, 'with_counts') ? countsOnWire(guild) : {};
  return {
    id: guild.guildId,
    name: guild.name,
    icon: null,
    banner: null,
    owner: guild.ownerId === self.discordUserId,
    permissions: String(member ? permissionsOf(guild, member, call.now) : 0n),
    features: featuresOf(guild),
    ...counts,
  };
}

function getOwnMember(call: ApiCall): Decision {
  if (call.caller.kind === 'bot') throw unauthorized();
  demandScope(call, 'guilds.members.read');
  const guild = call.world.guilds.get(param(call, 'guild_id'));
  const member = guild?.members.get(call.caller.user.discordUserId);
  if (!member) throw unknownMember();
  return { status: 200, body: memberOnWire(call.world, member) };
}

function selfOf(call: ApiCall): LiveUser {
  if (call.caller.kind === 'person') return call.caller.user;
  const user = call.world.users.get(call.caller.application.botUserId);
  if (!user) throw notFound();
  return user;
}

/** Scopes restrict people's tokens; a bot needs none. */
function demandScope(call: ApiCall, scope: string): void {
  if (call.caller.kind === 'person' && !call.caller.scopes.includes(scope)) throw missingScope();
}
