import type { ApiCall, Decision } from './api-call.js';
import type { LiveApplication } from './live-world.js';
import { missingScope, unauthorized } from './refusal.js';
import type { TokenRoute } from './route.js';
import { SCOPES } from './scopes.js';
import { timeOnWire, userOnWire } from './wire.js';

/**
 * What an application can read about itself with its bot's token, and about an authorization with a
 * person's token.
 */
export const applicationRoutes: readonly TokenRoute[] = [
  { method: 'GET', template: '/applications/@me', decide: getApplication },
  {
    method: 'GET',
    template: '/oauth2/applications/@me',
    decide: getApplication,
  },
  { method: 'GET', template: '/oauth2/@me', decide: getAuthorization },
];

function getApplication(call: ApiCall): Decision {
  if (call.caller.kind !== 'bot') throw unauthorized();
  const { application } = call.caller;
  const guilds = [...call.world.guilds.values()].filter((guild) =>
    guild.members.has(application.botUserId),
  );
  return {
    status: 200,
    body: {
      ...applicationOnWire(call, application),
      redirect_uris: application.redirectUris,
      interactions_endpoint_url: null,
      role_connections_verification_url: null,
      // The sandbox knows no owner, but the response needs an account.
      owner: userOnWire(call.world, application.botUserId),
      approximate_guild_count: guilds.length,
      approximate_user_install_count: 0,
      approximate_user_authorization_count: countPeople(call, application),
      explicit_content_filter: 0,
      team: null,
      eligible_oauth2_scopes: Object.keys(SCOPES),
    },
  };
}

/**
 * Counts each person who authorized the application once. Access tokens count too, because a
 * handwritten world may hold tokens without authorizations.
 */
function countPeople({ world }: ApiCall, { applicationId }: LiveApplication): number {
  const agreed = [...world.authorizations.values(), ...world.accessTokens.values()].filter(
    (one) => one.applicationId === applicationId,
  );
  return new Set(agreed.map((one) => one.discordUserId)).size;
}

function getAuthorization(call: ApiCall): Decision {
  const { caller, world } = call;
  if (caller.kind !== 'person') throw unauthorized();
  if (caller.scopes.length === 0) throw missingScope();
  const isIdentified = caller.scopes.includes('identify');
  return {
    status: 200,
    body: {
      application: applicationOnWire(call, caller.application),
      scopes: caller.scopes,
      expires: timeOnWire(new Date(caller.expiresAt).toISOString()),
      ...(isIdentified ? { user: userOnWire(world, caller.user.discordUserId) } : {}),
    },
  };
}

// Discord sets this flag on a bot in fewer than 100 guilds that may list members.
const GUILD_MEMBERS_LIMITED = 1 << 15;

function applicationOnWire({ world }: ApiCall, application: LiveApplication) {
  const flags = application.guildMembersIntent ? GUILD_MEMBERS_LIMITED : 0;
  const { installParams } = application;
  return {
    id: application.applicationId,
    name: application.name,
    icon: null,
    description: application.description,
    type: null,
    bot: userOnWire(world, application.botUserId),
    bot_public: application.isBotPublic,
    bot_require_code_grant: application.botRequiresCodeGrant,
    ...(installParams ? { install_params: installParams } : {}),
    integration_types_config: {
      '0': installParams ? { oauth2_install_params: installParams } : {},
    },
    verify_key: '0'.repeat(64),
    flags,
    flags_new: String(flags),
  };
}
