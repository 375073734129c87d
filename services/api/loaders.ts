import DataLoader from 'dataloader';

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
import type { ScheduleView, SweepView } from './sweep-ports.js';
import type {
  ClientView,
  LinkView,
  MappingView,
  PlatformGroupView,
  PlatformUserView,
  RoleView,
} from './views.js';

export interface RoleKey {
  readonly clientId: ClientId;
  readonly roleId: RoleId;
}

export interface MemberKey {
  readonly clientId: ClientId;
  readonly discordUserId: DiscordUserId;
}

/** A type, not an interface: its values are to be gone through. */
export type Loaders = {
  readonly clients: DataLoader<ClientId, ClientView | undefined>;
  readonly links: DataLoader<LinkId, LinkView | undefined>;
  readonly linksByMember: DataLoader<MemberKey, LinkView | undefined, string>;
  readonly linksOfPlatformUser: DataLoader<PlatformUserId, readonly LinkView[]>;
  readonly roles: DataLoader<RoleKey, RoleView | undefined, string>;
  readonly rolesOfClient: DataLoader<ClientId, readonly RoleView[]>;
  readonly mappings: DataLoader<MappingId, MappingView | undefined>;
  readonly mappingsOfClient: DataLoader<ClientId, readonly MappingView[]>;
  readonly platformUsers: DataLoader<
    PlatformUserId,
    PlatformUserView | undefined
  >;
  readonly platformGroups: DataLoader<GroupId, PlatformGroupView | undefined>;
  readonly groupsOfPlatformUser: DataLoader<
    PlatformUserId,
    readonly PlatformGroupView[]
  >;
  readonly requestsOfLink: DataLoader<LinkId, readonly MembershipRequestView[]>;
  readonly schedulesOfClient: DataLoader<ClientId, readonly ScheduleView[]>;
  readonly sweeps: DataLoader<string, SweepView | undefined>;
  /** How many members wait for the path. */
  readonly pendingOfClient: DataLoader<ClientId, number>;
  readonly pendingOfPlatformUser: DataLoader<PlatformUserId, number>;
};

export type LoaderPorts = Pick<
  ApiPorts,
  'read' | 'clients' | 'schedules' | 'sweeps'
>;

/** One set a request: rows asked for by many fields become one statement, and a request sees each row once. */
export function createLoaders(ports: LoaderPorts): Loaders {
  const { read, clients, schedules, sweeps } = ports;
  return {
    clients: new DataLoader((ids) => clients.findClients(ids)),
    links: new DataLoader((ids) => read.findLinks(ids)),
    linksByMember: new DataLoader((keys) => read.findLinksByMember(keys), {
      cacheKeyFn: (key) => `${key.clientId}/${key.discordUserId}`,
    }),
    linksOfPlatformUser: new DataLoader((ids) =>
      read.linksOfPlatformUsers(ids),
    ),
    roles: new DataLoader((keys) => read.findRoles(keys), {
      cacheKeyFn: (key) => `${key.clientId}/${key.roleId}`,
    }),
    rolesOfClient: new DataLoader((ids) => read.rolesOfClients(ids)),
    mappings: new DataLoader((ids) => read.findMappings(ids)),
    mappingsOfClient: new DataLoader((ids) => read.mappingsOfClients(ids)),
    platformUsers: new DataLoader((ids) => read.findPlatformUsers(ids)),
    platformGroups: new DataLoader((ids) => read.findPlatformGroups(ids)),
    groupsOfPlatformUser: new DataLoader((ids) =>
      read.groupsOfPlatformUsers(ids),
    ),
    requestsOfLink: new DataLoader((ids) => read.requestsOfLinks(ids)),
    schedulesOfClient: new DataLoader((ids) =>
      schedules.schedulesOfClients(ids),
    ),
    sweeps: new DataLoader((ids) => sweeps.findSweeps(ids)),
    pendingOfClient: new DataLoader((ids) => read.pendingOfClients(ids)),
    pendingOfPlatformUser: new DataLoader((ids) =>
      read.pendingOfPlatformUsers(ids),
    ),
  };
}

/** After a write: what was read before it is no longer true. */
export function forgetRows(loaders: Loaders): void {
  for (const loader of Object.values(loaders)) loader.clearAll();
}
