import type {
  ClientId,
  LinkId,
  MemberKey,
  PlatformUserId,
} from '../../model.js';
import type { Asker } from '../together.js';
import { requestsOfLinks } from '../remote/read-requests.js';
import {
  countAuditRecords,
  pageAuditRecords,
  type AuditFilter,
} from './audit.js';
import {
  countLinks,
  findLinkByPlatformUser,
  findLinks,
  findLinksByMember,
  linksOfPlatformUsers,
  pageLinks,
  type LinkFilter,
} from './links.js';
import type { Page } from './page.js';
import {
  countPlatformGroups,
  findPlatformGroups,
  findPlatformUsers,
  groupsOfPlatformUsers,
  pagePlatformGroups,
} from './platform.js';
import { pendingOfClients, pendingOfPlatformUsers } from './pending.js';
import { readRoleHistory, type RoleHistoryKey } from './role-history.js';
import {
  findMappings,
  findRoles,
  mappingsOfClients,
  rolesOfClients,
  type RoleKey,
} from './roles.js';

type Ids = readonly string[];

/** What is asked of the memory for showing it. Each question is exactly one statement, however many rows it answers with. */
export function createReadQueries(db: Asker) {
  return {
    findLinks: (ids: readonly LinkId[]) => findLinks(db, ids),
    findLinkByPlatformUser: (
      clientId: ClientId,
      platformUserId: PlatformUserId,
    ) => findLinkByPlatformUser(db, clientId, platformUserId),
    findLinksByMember: (keys: readonly MemberKey[]) =>
      findLinksByMember(db, keys),
    pageLinks: (clientId: ClientId, filter: LinkFilter, page: Page) =>
      pageLinks(db, { clientId, filter, page }),
    countLinks: (clientId: ClientId, filter: LinkFilter) =>
      countLinks(db, { clientId, filter }),
    linksOfPlatformUsers: (ids: Ids) => linksOfPlatformUsers(db, ids),
    rolesOfClients: (ids: Ids) => rolesOfClients(db, ids),
    findRoles: (keys: readonly RoleKey[]) => findRoles(db, keys),
    findMappings: (ids: Ids) => findMappings(db, ids),
    mappingsOfClients: (ids: Ids) => mappingsOfClients(db, ids),
    findPlatformUsers: (ids: Ids) => findPlatformUsers(db, ids),
    findPlatformGroups: (ids: Ids) => findPlatformGroups(db, ids),
    groupsOfPlatformUsers: (ids: Ids) => groupsOfPlatformUsers(db, ids),
    pagePlatformGroups: (search: string | null, page: Page) =>
      pagePlatformGroups(db, search, page),
    countPlatformGroups: (search: string | null) =>
      countPlatformGroups(db, search),
    pageAuditRecords: (filter: AuditFilter, page: Page) =>
      pageAuditRecords(db, filter, page),
    pendingOfClients: (ids: Ids) => pendingOfClients(db, ids),
    pendingOfPlatformUsers: (ids: Ids) => pendingOfPlatformUsers(db, ids),
    roleHistory: (key: RoleHistoryKey) => readRoleHistory(db, key),
    requestsOfLinks: (ids: readonly LinkId[]) => requestsOfLinks(db, ids),
    countAuditRecords: (filter: AuditFilter) => countAuditRecords(db, filter),
  };
}
