import type { ClientView } from '../kit/views.js';

const MANAGE_ROLES = 1n << 28n;
const MANAGE_NICKNAMES = 1n << 27n;
const CREATE_INSTANT_INVITE = 1n << 0n;

/**
 * Discord's consent page that adds the bot to its guild with what it needs, and with nothing else.
 */
export function botInviteUrl(
  client: Pick<ClientView, 'endpoints' | 'applicationId' | 'guildId'>,
): string {
  const url = new URL(client.endpoints.authorizeUrl);
  url.searchParams.set('client_id', client.applicationId);
  url.searchParams.set('scope', 'bot');
  url.searchParams.set(
    'permissions',
    String(MANAGE_ROLES | MANAGE_NICKNAMES | CREATE_INSTANT_INVITE),
  );
  url.searchParams.set('guild_id', client.guildId);
  url.searchParams.set('disable_guild_select', 'true');
  return url.href;
}
