import { parkedOfClients, pendingOfClients, pendingOfPlatformUsers } from './parked.js';
import { heldPlansOfClients } from '../decisions/held-plan.js';
import type { ClientId, LinkId, MemberKey, PlatformUserId } from '../../model.js';
import type { Database } from '../connection/database.js';
import { requestsOfLinks } from '../remote/read-requests.js';
import { countAuditRecords, pageAuditRecords } from './audit.js';
import {
  countLinks,
  findLinkByPlatformUser,
  findLinks,
  findLinksByMember,
  linksOfPlatformUsers,
  pageLinks,
} from './links.js';
import {
  countPlatformGroups,
  findPlatformGroups,
  findPlatformUsers,
  groupsOfPlatformUsers,
  pagePlatformGroups,
} from './platform.js';
import { disputesOfClients, disputesOfLinks } from './disputes.js';
import { liveOfClients } from './live.js';
import { readRoleHistory, type RoleHistoryKey } from './role-history.js';
import { findMappings, findRoles, mappingsOfClients, rolesOfClients } from './roles.js';
import {
  countUnlinkedHoldersOf,
  pageUnlinkedHolders,
  unlinkedRolesOfClients,
} from './unlinked-holders.js';
import type { AuditFilter } from '../../api/audit/ports.js';
import type { RoleKey } from '../../api/clients/ports.js';
import type { Page } from '../../api/kit/ports.js';
import type { LinkFilter } from '../../api/links/ports.js';

type Ids = readonly string[];

/** Read queries for the API. Each is exactly one statement, however many rows it returns. */
export function createReadQueries({
  prepared,
  reads: asker,
}: Pick<Database, 'prepared' | 'reads'>) {
  return {
    findLinks: (ids: readonly LinkId[]) => findLinks(prepared, ids),
    findLinkByPlatformUser: (clientId: ClientId, platformUserId: PlatformUserId) =>
      findLinkByPlatformUser(prepared, clientId, platformUserId),
    findLinksByMember: (keys: readonly MemberKey[]) => findLinksByMember(prepared, keys),
    pageLinks: (clientId: ClientId, filter: LinkFilter, page: Page) =>
      pageLinks(asker, { clientId, filter, page }),
    countLinks: (clientId: ClientId, filter: LinkFilter) => countLinks(asker, { clientId, filter }),
    linksOfPlatformUsers: (ids: Ids) => linksOfPlatformUsers(prepared, ids),
    rolesOfClients: (ids: Ids) => rolesOfClients(prepared, ids),
    findRoles: (keys: readonly RoleKey[]) => findRoles(prepared, keys),
    findMappings: (ids: Ids) => findMappings(prepared, ids),
    mappingsOfClients: (ids: Ids) => mappingsOfClients(prepared, ids),
    findPlatformUsers: (ids: Ids) => findPlatformUsers(prepared, ids),
    findPlatformGroups: (ids: Ids) => findPlatformGroups(prepared, ids),
    groupsOfPlatformUsers: (ids: Ids) => groupsOfPlatformUsers(prepared, ids),
    pagePlatformGroups: (search: string | null, page: Page) =>
      pagePlatformGroups(asker, search, page),
    countPlatformGroups: (search: string | null) => countPlatformGroups(asker, search),
    pageAuditRecords: (filter: AuditFilter, page: Page) => pageAuditRecords(asker, filter, page),
    heldPlansOfClients: (ids: Ids) => heldPlansOfClients(prepared, ids),
    unlinkedRolesOfClients: (ids: Ids) => unlinkedRolesOfClients(prepared, ids),
    pageUnlinkedHolders: (key: RoleKey, page: Page) => pageUnlinkedHolders(asker, key, page),
    countUnlinkedHolders: (key: RoleKey) => countUnlinkedHoldersOf(asker, key),
    liveOfClients: (ids: Ids) => liveOfClients(prepared, ids),
    disputesOfClients: (ids: Ids) => disputesOfClients(prepared, ids),
    disputesOfLinks: (ids: readonly LinkId[]) => disputesOfLinks(prepared, ids),
    parkedOfClients: (ids: Ids) => parkedOfClients(prepared, ids),
    pendingOfClients: (ids: Ids) => pendingOfClients(prepared, ids),
    pendingOfPlatformUsers: (ids: Ids) => pendingOfPlatformUsers(prepared, ids),
    roleHistory: (key: RoleHistoryKey) => readRoleHistory(asker, key),
    requestsOfLinks: (ids: readonly LinkId[]) => requestsOfLinks(prepared, ids),
    countAuditRecords: (filter: AuditFilter) => countAuditRecords(asker, filter),
  };
}
