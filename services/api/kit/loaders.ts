import type {
  ClientId,
  GroupId,
  LinkId,
  MappingId,
  MemberKey,
  PlatformUserId,
  RoleId,
} from '../../model.js';
import type { DiscordClient, DiscordRole } from '../clients/discord-client.types.js';
import type { RoleKey } from '../clients/ports.js';
import type { PlatformGroup, PlatformUser } from '../facts/platform.types.js';
import type { DiscordUser, MembershipRequest } from '../links/discord-user.types.js';
import type { ParkedMembersView, UnlinkedRoleView } from '../mappings/ports.js';
import type { RoleMapping } from '../mappings/role-mapping.types.js';
import type { ApiPorts } from '../ports.js';
import type { HeldPlansView } from '../sweeps/ports.js';
import type { Schedule, Sweep } from '../sweeps/sweep.types.js';
import { Made, type OrPromise, RowLoader } from './rows.js';

/** A type, not an interface: its values are to be gone through. */
export type Loaders = {
  readonly clients: RowLoader<ClientId, DiscordClient | undefined>;
  readonly links: RowLoader<LinkId, DiscordUser | undefined>;
  readonly linksByMember: RowLoader<MemberKey, DiscordUser | undefined, string>;
  readonly linksOfPlatformUser: RowLoader<PlatformUserId, readonly DiscordUser[]>;
  readonly roles: RowLoader<RoleKey, DiscordRole, string>;
  /** By the list of their ids. */
  readonly roleLists: Made<readonly RoleId[], OrPromise<readonly DiscordRole[]>>;
  /** Loads links with the given parts, by id. */
  readonly wholeLinks: Made<string, Promise<DiscordUser | null>>;
  readonly rolesOfClient: RowLoader<ClientId, readonly DiscordRole[]>;
  readonly mappings: RowLoader<MappingId, RoleMapping | undefined>;
  readonly mappingsOfClient: RowLoader<ClientId, readonly RoleMapping[]>;
  readonly platformUsers: RowLoader<PlatformUserId, PlatformUser | undefined>;
  readonly platformGroups: RowLoader<GroupId, PlatformGroup | undefined>;
  readonly groupsOfPlatformUser: RowLoader<PlatformUserId, readonly PlatformGroup[]>;
  readonly requestsOfLink: RowLoader<LinkId, readonly MembershipRequest[]>;
  readonly schedulesOfClient: RowLoader<ClientId, readonly Schedule[]>;
  readonly sweeps: RowLoader<string, Sweep | undefined>;
  readonly heldPlansOfClient: RowLoader<ClientId, HeldPlansView | null>;
  readonly parkedOfClient: RowLoader<ClientId, ParkedMembersView | null>;
  readonly unlinkedRolesOfClient: RowLoader<ClientId, readonly UnlinkedRoleView[]>;
  /** How many members wait for the path. */
  readonly pendingOfClient: RowLoader<ClientId, number>;
  readonly pendingOfPlatformUser: RowLoader<PlatformUserId, number>;
};

export type LoaderPorts = Pick<ApiPorts, 'read' | 'clients' | 'schedules' | 'sweeps'>;

/**
 * One set per request: rows requested by many fields become one statement, and a request sees each
 * row once.
 */
export function createLoaders(ports: LoaderPorts): Loaders {
  const { read, clients, schedules, sweeps } = ports;
  return {
    clients: new RowLoader((ids) => clients.findClients(ids), itself),
    links: new RowLoader((ids) => read.findLinks(ids), itself),
    linksByMember: new RowLoader(
      (keys) => read.findLinksByMember(keys),
      (key) => `${key.clientId}/${key.discordUserId}`,
    ),
    linksOfPlatformUser: new RowLoader((ids) => read.linksOfPlatformUsers(ids), itself),
    roles: new RowLoader(
      async (keys) => {
        const roles = await read.findRoles(keys);
        return keys.map((key, index) => roles[index] ?? neverRead(key));
      },
      (key) => `${key.clientId}/${key.roleId}`,
    ),
    roleLists: new Made(),
    wholeLinks: new Made(),
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
    pendingOfClient: new RowLoader((ids) => read.pendingOfClients(ids), itself),
    pendingOfPlatformUser: new RowLoader((ids) => read.pendingOfPlatformUsers(ids), itself),
  };
}

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
