import type { ClientId, MemberKey, RoleId } from '../../model.js';
import type { DiscordRole } from '../clients/discord-client.types.js';
import type { RoleKey } from '../clients/ports.js';
import type { DiscordUser } from '../links/discord-user.types.js';
import type { ApiPorts } from '../ports.js';
import { Made, type OrPromise, RowLoader } from './rows.js';

export type LoaderPorts = Pick<ApiPorts, 'read' | 'clients' | 'schedules' | 'sweeps'>;

/**
 * Creates the loaders of one request. Rows requested by many fields are read with one statement,
 * and each row is read once.
 */
export function createLoaders(ports: LoaderPorts) {
  const { read, clients, schedules, sweeps } = ports;
  return {
    clients: new RowLoader((ids) => clients.findClients(ids), itself),
    links: new RowLoader((ids) => read.findLinks(ids), itself),
    linksByMember: new RowLoader(
      (keys: readonly MemberKey[]) => read.findLinksByMember(keys),
      (key) => `${key.clientId}/${key.discordUserId}`,
    ),
    linksOfPlatformUser: new RowLoader((ids) => read.linksOfPlatformUsers(ids), itself),
    roles: new RowLoader(
      async (keys: readonly RoleKey[]) => {
        const roles = await read.findRoles(keys);
        return keys.map((key, index) => roles[index] ?? neverRead(key));
      },
      (key) => `${key.clientId}/${key.roleId}`,
    ),
    /** Role lists, keyed by the array object that holds their ids. */
    roleLists: new Made<readonly RoleId[], OrPromise<readonly DiscordRole[]>>(),
    /** Links with preloaded fields, keyed by link id and the names of these fields. */
    wholeLinks: new Made<string, Promise<DiscordUser | null>>(),
    rolesOfClient: new RowLoader((ids) => read.rolesOfClients(ids), itself),
    mappings: new RowLoader((ids) => read.findMappings(ids), itself),
    mappingsOfClient: new RowLoader((ids) => read.mappingsOfClients(ids), itself),
    platformUsers: new RowLoader((ids) => read.findPlatformUsers(ids), itself),
    platformGroups: new RowLoader((ids) => read.findPlatformGroups(ids), itself),
    groupsOfPlatformUser: new RowLoader((ids) => read.groupsOfPlatformUsers(ids), itself),
    requestsOfLink: new RowLoader((ids) => read.requestsOfLinks(ids), itself),
    disputeOfLink: new RowLoader((ids) => read.disputesOfLinks(ids), itself),
    schedulesOfClient: new RowLoader((ids) => schedules.schedulesOfClients(ids), itself),
    sweeps: new RowLoader((ids) => sweeps.findSweeps(ids), itself),
    heldPlansOfClient: new RowLoader((ids) => read.heldPlansOfClients(ids), itself),
    liveOfClient: new RowLoader((ids) => read.liveOfClients(ids), itself),
    disputesOfClient: new RowLoader((ids) => read.disputesOfClients(ids), itself),
    parkedOfClient: new RowLoader((ids) => read.parkedOfClients(ids), itself),
    unlinkedRolesOfClient: new RowLoader((ids) => read.unlinkedRolesOfClients(ids), itself),
    /** Number of members that wait for a reconcile or are being reconciled. */
    pendingOfClient: new RowLoader((ids) => read.pendingOfClients(ids), itself),
    pendingOfPlatformUser: new RowLoader((ids) => read.pendingOfPlatformUsers(ids), itself),
  };
}

export type Loaders = ReturnType<typeof createLoaders>;

const itself = (id: string): string => id;

/** Returns a role that was never read from Discord, so only its id is known. */
const neverRead = ({ clientId, roleId }: RoleKey): DiscordRole => ({
  clientId,
  roleId,
  name: null,
  position: null,
  color: null,
  isManaged: false,
  refusal: 'UNKNOWN_ROLE',
});

/**
 * Returns the roles in the order of `roleIds`. For the same array object, the list is built once
 * per request.
 */
export function loadRoles(
  { roles, roleLists }: Loaders,
  clientId: ClientId,
  roleIds: readonly RoleId[],
): OrPromise<readonly DiscordRole[]> {
  return roleLists.of(roleIds, () =>
    roles.loadAll(roleIds.map((roleId) => ({ clientId, roleId }))),
  );
}

/** Clears all loaders. Call this after a write, because rows read earlier may be stale. */
export function forgetRows(loaders: Loaders): void {
  for (const rows of Object.values(loaders)) rows.forget();
}
