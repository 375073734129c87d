import type { ClientId, LinkId, RoleId } from '../../model.js';
import type { ApiContext } from '../context.js';
import { toDiscordClient, type DiscordClient } from '../clients/discord-client.types.js';
import { toDiscordRole, type DiscordRole } from '../clients/discord-role.types.js';
import { botInviteUrl } from '../clients/bot-invite.js';
import { storedHealth } from '../clients/client-health.js';
import { parkedCheck, unlinkedHoldersCheck } from '../access/people-checks.js';
import type { Loaders } from './loaders.js';
import { toDiscordUser, type DiscordUser } from '../links/discord-user.types.js';
import { mayTouch } from '../access/access.js';
import { whenHere, type OrPromise } from './rows.js';
import type { CheckResult, ClientView, LinkView } from './views.js';

export function presentClient(context: ApiContext, view: ClientView): DiscordClient {
  return toDiscordClient(view, {
    botInviteUrl: botInviteUrl(view),
    health: { checks: storedHealth(view, context.now()) },
  });
}

/** Health checks about people, true at this moment. */
export async function loadPeopleChecks(
  { loaders }: ApiContext,
  clientId: ClientId,
): Promise<readonly CheckResult[]> {
  const [parked, roles] = await Promise.all([
    loaders.parkedOfClient.load(clientId),
    loaders.unlinkedRolesOfClient.load(clientId),
  ]);
  return [...parkedCheck(clientId, parked), ...unlinkedHoldersCheck(clientId, roles)];
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
  { loaders }: ApiContext,
  clientId: ClientId,
  roleIds: readonly RoleId[],
): OrPromise<DiscordRole[]> {
  return loaders.roleLists.of(roleIds, () => {
    const keys = roleIds.map((roleId) => ({ clientId, roleId }));
    return whenHere(loaders.roles.loadAll(keys), (views) =>
      keys.map((key, index) => toDiscordRole(key, views[index])),
    );
  });
}

/** Of links: whether the request asks for the field at this path. */
export type AsksFor = (...path: readonly string[]) => boolean;

/**
 * A link with what the request asks of it, for who may see it. Where many fields begin at one, they
 * all wait for the same.
 */
export function loadWholeLink(
  context: ApiContext,
  id: LinkId,
  asksFor: AsksFor,
): Promise<DiscordUser | null> {
  const { loaders } = context;
  const wanted = wantedOf(asksFor);
  const name = `${id} ${Object.values(wanted).join()}`;
  return loaders.wholeLinks.of(name, async () => {
    const link = await loaders.links.load(id);
    if (!link || !mayTouch(context, link.clientId)) return null;
    await bringWanted(loaders, [link], wanted);
    return toDiscordUser(link);
  });
}

/** What the request asks of these links, read for all of them before their fields are resolved. */
export async function readAhead(
  { loaders }: ApiContext,
  links: readonly LinkView[],
  asksFor: AsksFor,
): Promise<void> {
  return bringWanted(loaders, links, wantedOf(asksFor));
}

const wantedOf = (asksFor: AsksFor) => ({
  roles: asksFor('roles'),
  user: asksFor('platformUser'),
  groups: asksFor('platformUser', 'groups'),
});

/** If preloading fails, the field reads again and reports the error. */
async function bringWanted(
  loaders: Loaders,
  links: readonly LinkView[],
  wanted: ReturnType<typeof wantedOf>,
): Promise<void> {
  const userIds = links.map((link) => link.platformUserId);
  const coming = [
    wanted.roles && loaders.roles.bringAll(links.flatMap(roleKeysOf)),
    wanted.user && loaders.platformUsers.bringAll(userIds),
    wanted.groups && loaders.groupsOfPlatformUser.bringAll(userIds),
  ].filter((each) => each instanceof Promise);
  if (coming.length > 0) await Promise.allSettled(coming);
}

const roleKeysOf = ({ clientId, roleIds }: LinkView) =>
  roleIds.map((roleId) => ({ clientId, roleId }));
