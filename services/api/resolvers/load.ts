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
import { whenHere, type OrPromise } from '../rows.js';
import type { ClientView, LinkView } from '../views.js';

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
export function loadClient(
  context: ApiContext,
  clientId: ClientId,
): OrPromise<DiscordClient | null> {
  return whenHere(context.loaders.clients.load(clientId), (view) =>
    view ? presentClient(context, view) : null,
  );
}

export function loadRoles(
  context: ApiContext,
  clientId: ClientId,
  roleIds: readonly RoleId[],
): OrPromise<DiscordRole[]> {
  const keys = roleIds.map((roleId) => ({ clientId, roleId }));
  return whenHere(context.loaders.roles.loadAll(keys), (views) =>
    keys.map((key, index) => toDiscordRole(key, views[index])),
  );
}

/**
 * What the request asks of these links, read for all of them before their fields are resolved. What cannot be read here is read
 * again by its field, which is where a fault is told.
 */
export async function readAhead(
  { loaders }: ApiContext,
  links: readonly LinkView[],
  asksFor: (...path: readonly string[]) => boolean,
): Promise<void> {
  const userIds = links.map((link) => link.platformUserId);
  const coming = [
    asksFor('roles') && loaders.roles.bringAll(links.flatMap(roleKeysOf)),
    asksFor('platformUser') && loaders.platformUsers.bringAll(userIds),
    asksFor('platformUser', 'groups') &&
      loaders.groupsOfPlatformUser.bringAll(userIds),
  ].filter((each) => each instanceof Promise);
  if (coming.length > 0) await Promise.allSettled(coming);
}

const roleKeysOf = ({ clientId, roleIds }: LinkView) =>
  roleIds.map((roleId) => ({ clientId, roleId }));
