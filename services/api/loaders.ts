import type {
  ClientId,
  DiscordUserId,
  GroupId,
  LinkId,
  MappingId,
  PlatformUserId,
  RoleId,
} from '../model.js';
import type { ApiPorts } from './ports.js';
import type { MembershipRequestView } from './request-view.js';
import { Made, type OrPromise, Rows } from './rows.js';
import type { HeldPlansView, ScheduleView, SweepView } from './sweep-ports.js';
import type { DiscordRole } from './types/discord-role.types.js';
import type { DiscordUser } from './types/discord-user.types.js';
import type { ParkedMembersView, UnlinkedRoleView } from './unlinked-ports.js';
import type {
  ClientView,
  LinkView,
  MappingView,
  PlatformGroupView,
  PlatformUserView,
  RoleKey,
  RoleView,
} from './views.js';

export interface MemberKey {
  readonly clientId: ClientId;
  readonly discordUserId: DiscordUserId;
}

/** A type, not an interface: its values are to be gone through. */
export type Loaders = {
  readonly clients: Rows<ClientId, ClientView | undefined>;
  readonly links: Rows<LinkId, LinkView | undefined>;
  readonly linksByMember: Rows<MemberKey, LinkView | undefined, string>;
  readonly linksOfPlatformUser: Rows<PlatformUserId, readonly LinkView[]>;
  readonly roles: Rows<RoleKey, RoleView | undefined, string>;
  /** By the list of their ids. */
  readonly roleLists: Made<readonly RoleId[], OrPromise<DiscordRole[]>>;
  /** Loads links with the given parts, by id. */
  readonly wholeLinks: Made<string, Promise<DiscordUser | null>>;
  readonly rolesOfClient: Rows<ClientId, readonly RoleView[]>;
  readonly mappings: Rows<MappingId, MappingView | undefined>;
  readonly mappingsOfClient: Rows<ClientId, readonly MappingView[]>;
  readonly platformUsers: Rows<PlatformUserId, PlatformUserView | undefined>;
  readonly platformGroups: Rows<GroupId, PlatformGroupView | undefined>;
  readonly groupsOfPlatformUser: Rows<PlatformUserId, readonly PlatformGroupView[]>;
  readonly requestsOfLink: Rows<LinkId, readonly MembershipRequestView[]>;
  readonly schedulesOfClient: Rows<ClientId, readonly ScheduleView[]>;
  readonly sweeps: Rows<string, SweepView | undefined>;
  readonly heldPlansOfClient: Rows<ClientId, HeldPlansView | null>;
  readonly parkedOfClient: Rows<ClientId, ParkedMembersView | null>;
  readonly unlinkedRolesOfClient: Rows<ClientId, readonly UnlinkedRoleView[]>;
  /** How many members wait for the path. */
  readonly pendingOfClient: Rows<ClientId, number>;
  readonly pendingOfPlatformUser: Rows<PlatformUserId, number>;
};

export type LoaderPorts = Pick<ApiPorts, 'read' | 'clients' | 'schedules' | 'sweeps'>;

/**
 * One set per request: rows requested by many fields become one statement, and a request sees each
 * row once.
 */
export function createLoaders(ports: LoaderPorts): Loaders {
  const { read, clients, schedules, sweeps } = ports;
  return {
    clients: new Rows((ids) => clients.findClients(ids), itself),
    links: new Rows((ids) => read.findLinks(ids), itself),
    linksByMember: new Rows(
      (keys) => read.findLinksByMember(keys),
      (key) => `${key.clientId}/${key.discordUserId}`,
    ),
    linksOfPlatformUser: new Rows((ids) => read.linksOfPlatformUsers(ids), itself),
    roles: new Rows(
      (keys) => read.findRoles(keys),
      (key) => `${key.clientId}/${key.roleId}`,
    ),
    roleLists: new Made(),
    wholeLinks: new Made(),
    rolesOfClient: new Rows((ids) => read.rolesOfClients(ids), itself),
    mappings: new Rows((ids) => read.findMappings(ids), itself),
    mappingsOfClient: new Rows((ids) => read.mappingsOfClients(ids), itself),
    platformUsers: new Rows((ids) => read.findPlatformUsers(ids), itself),
    platformGroups: new Rows((ids) => read.findPlatformGroups(ids), itself),
    groupsOfPlatformUser: new Rows((ids) => read.groupsOfPlatformUsers(ids), itself),
    requestsOfLink: new Rows((ids) => read.requestsOfLinks(ids), itself),
    schedulesOfClient: new Rows((ids) => schedules.schedulesOfClients(ids), itself),
    sweeps: new Rows((ids) => sweeps.findSweeps(ids), itself),
    heldPlansOfClient: new Rows((ids) => read.heldPlansOfClients(ids), itself),
    parkedOfClient: new Rows((ids) => read.parkedOfClients(ids), itself),
    unlinkedRolesOfClient: new Rows((ids) => read.unlinkedRolesOfClients(ids), itself),
    pendingOfClient: new Rows((ids) => read.pendingOfClients(ids), itself),
    pendingOfPlatformUser: new Rows((ids) => read.pendingOfPlatformUsers(ids), itself),
  };
}

const itself = (id: string): string => id;

/** After a write: what was read before it is no longer true. */
export function forgetRows(loaders: Loaders): void {
  for (const rows of Object.values(loaders)) rows.forget();
}
