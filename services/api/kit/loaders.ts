import type {
  ClientId,
  GroupId,
  LinkId,
  MappingId,
  MemberKey,
  PlatformUserId,
  RoleId,
} from '../../model.js';
import type { ApiPorts } from '../ports.js';
import type { MembershipRequestView } from '../http/request-view.js';
import { Made, type OrPromise, RowLoader } from './rows.js';
import type { HeldPlansView, ScheduleView, SweepView } from '../sweeps/sweep-ports.js';
import type { DiscordRole } from '../clients/discord-role.types.js';
import type { DiscordUser } from '../links/discord-user.types.js';
import type { ParkedMembersView, UnlinkedRoleView } from '../mappings/unlinked-ports.js';
import type {
  ClientView,
  LinkView,
  MappingView,
  PlatformGroupView,
  PlatformUserView,
  RoleKey,
  RoleView,
} from './views.js';

/** A type, not an interface: its values are to be gone through. */
export type Loaders = {
  readonly clients: RowLoader<ClientId, ClientView | undefined>;
  readonly links: RowLoader<LinkId, LinkView | undefined>;
  readonly linksByMember: RowLoader<MemberKey, LinkView | undefined, string>;
  readonly linksOfPlatformUser: RowLoader<PlatformUserId, readonly LinkView[]>;
  readonly roles: RowLoader<RoleKey, RoleView | undefined, string>;
  /** By the list of their ids. */
  readonly roleLists: Made<readonly RoleId[], OrPromise<DiscordRole[]>>;
  /** Loads links with the given parts, by id. */
  readonly wholeLinks: Made<string, Promise<DiscordUser | null>>;
  readonly rolesOfClient: RowLoader<ClientId, readonly RoleView[]>;
  readonly mappings: RowLoader<MappingId, MappingView | undefined>;
  readonly mappingsOfClient: RowLoader<ClientId, readonly MappingView[]>;
  readonly platformUsers: RowLoader<PlatformUserId, PlatformUserView | undefined>;
  readonly platformGroups: RowLoader<GroupId, PlatformGroupView | undefined>;
  readonly groupsOfPlatformUser: RowLoader<PlatformUserId, readonly PlatformGroupView[]>;
  readonly requestsOfLink: RowLoader<LinkId, readonly MembershipRequestView[]>;
  readonly schedulesOfClient: RowLoader<ClientId, readonly ScheduleView[]>;
  readonly sweeps: RowLoader<string, SweepView | undefined>;
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
      (keys) => read.findRoles(keys),
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

/** After a write: what was read before it is no longer true. */
export function forgetRows(loaders: Loaders): void {
  for (const rows of Object.values(loaders)) rows.forget();
}
