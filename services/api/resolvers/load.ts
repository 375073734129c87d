import type { ClientId, RoleId } from '../../model.js';
import type { ApiContext } from '../context.js';
import {
  toDiscordClient,
  type DiscordClient,
} from '../types/discord-client.types.js';
import {
  toDiscordRole,
  type DiscordRole,
} from '../types/discord-role.types.js';
import { botInviteUrl } from '../bot-invite.js';
import { storedHealth } from '../client-health.js';
import type { ClientView } from '../views.js';

export function presentClient(
  context: ApiContext,
  view: ClientView,
): DiscordClient {
  return toDiscordClient(view, {
    botInviteUrl: botInviteUrl(view),
    health: { checks: storedHealth(view, context.now()) },
  });
}

/** A row's client is there as long as the row is, but for audit records, which outlive it. */
export async function loadClient(
  context: ApiContext,
  clientId: ClientId,
): Promise<DiscordClient | null> {
  const view = await context.loaders.clients.load(clientId);
  return view ? presentClient(context, view) : null;
}

export async function loadRoles(
  context: ApiContext,
  clientId: ClientId,
  roleIds: readonly RoleId[],
): Promise<DiscordRole[]> {
  const { roles } = context.loaders;
  const keys = roleIds.map((roleId) => ({ clientId, roleId }));
  // One wait for all: a page shows hundreds of roles.
  const views = await Promise.all(keys.map((key) => roles.load(key)));
  return keys.map((key, index) => toDiscordRole(key, views[index]));
}
