import type { ClientId, MemberKey, RoleId } from '../../model.js';
import type { DiscordRole } from '../clients/discord-client.types.js';
import type { RoleKey } from '../clients/ports.js';
import type { DiscordUser } from '../links/discord-user.types.js';
import type { ApiPorts } from '../ports.js';
import { Made, type OrPromise, RowLoader } from './rows.js';

export type LoaderPorts = Pick<ApiPorts, 'read' | 'clients' | 'schedules' | 'sweeps'>;

/**
 * One set per request: rows requested by many fields become one statement, and a request sees each
 * row once.
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
    /** By the list of their ids. */
    roleLists: new Made<readonly RoleId[], OrPromise<readonly DiscordRole[]>>(),
    /** Links with the given parts, by id. */
    wholeLinks: new Made<string, Promise<DiscordUser | null>>(),
    rolesOfClient: new RowLoader((ids) => read.rolesOfClients(ids), itself),
    mappings: new RowLoader((ids) => read.findMappings(ids), itself),
    mappingsOfClient: new RowLoader((ids) => read.mappingsOfClients(ids), itself),
    platformUsers: new RowLoader((ids) => read.findPlatformUsers(ids), itself),
    platformGroups: new RowLoader((ids) => read.findPlatformGroups(ids), itself),
    groupsOfPlatformUser: new RowLoader((ids) => read.groupsOfPlatformUsers(ids), itself),
    requestsOfLink: new RowLoader((ids) => read.requestsOfLinks(ids), itself),
    schedulesOfClient: new RowLoader((ids) => schedules.schedulesOfClients(ids), itself),
    sweeps: new RowLoader((ids) => sweeps.findSweeps(ids), itself),
    heldPlansOfClient: new RowLoader((ids) => read.heldPlansOfClients(ids), itself),
    parkedOfClient: new RowLoader((ids) => read.parkedOfClients(ids), itself),
    unlinkedRolesOfClient: new RowLoader((ids) => read.unlinkedRolesOfClients(ids), itself),
    /** How many members wait for the path. */
    pendingOfClient: new RowLoader((ids) => read.pendingOfClients(ids), itself),
    pendingOfPlatformUser: new RowLoader((ids) => read.pendingOfPlatformUsers(ids), itself),
  };
}

export type Loaders = ReturnType<typeof createLoaders>;

const itself = (id: string): string => id;

/** A role that was never read still has its id. */
const neverRead = ({ clientId, roleId }: RoleKey): DiscordRole => ({
  clientId,
  roleId,
  name: null,
  position: null,
  color: null,
  isManaged: false,
  refusal: 'UNKNOWN_ROLE',
});

/** In the order of their ids. The same list is made once per request. */
export function loadRoles(
  { roles, roleLists }: Loaders,
  clientId: ClientId,
  roleIds: readonly RoleId[],
): OrPromise<readonly DiscordRole[]> {
  return roleLists.of(roleIds, () =>
    roles.loadAll(roleIds.map((roleId) => ({ clientId, roleId }))),
  );
}

/** After a write: what was read before it is no longer true. */
export function forgetRows(loaders: Loaders): void {
  for (const rows of Object.values(loaders)) rows.forget();
}
