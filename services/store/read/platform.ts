import { sql } from 'kysely';

import type { Attributes, GroupId, PlatformUserId } from '../../model.js';
import type { Asker } from '../connection/together.js';
import {
  type Counted,
  type Time,
  rowCount,
  every,
  gathered,
  inOrder,
  limitOf,
  toDateOrNull,
  toRows,
} from './page.js';
import type { Page, Rows } from '../../api/kit/ports.js';

interface UserRow {
  readonly id: PlatformUserId;
  readonly username: string | null;
  readonly attributes: Attributes;
  readonly has_snapshot: boolean;
  readonly deleted_at: Time | null;
}

interface GroupRow {
  readonly id: GroupId;
  readonly name: string | null;
  readonly deleted_at: Time | null;
}

export async function findPlatformUsers(db: Asker, ids: readonly PlatformUserId[]) {
  const { rows } = await sql<UserRow>`
    select id, username, attributes, snapshot_time_us is not null as has_snapshot, deleted_at
    from platform_user where id = any(${ids}::text[])`.execute(db);
  return inOrder(ids, rows.map(toUser), (user) => user.id);
}

export async function findPlatformGroups(db: Asker, ids: readonly GroupId[]) {
  const { rows } = await sql<GroupRow>`
    select id, name, deleted_at from platform_group where id = any(${ids}::text[])`.execute(db);
  return inOrder(ids, rows.map(toGroup), (group) => group.id);
}

/** Groups the user is in; a deleted group has no members. */
export async function groupsOfPlatformUsers(db: Asker, ids: readonly PlatformUserId[]) {
  const { rows } = await sql<GroupRow & { platform_user_id: PlatformUserId }>`
    select s.platform_user_id, g.id, g.name, g.deleted_at
    from membership s
    join platform_group g on g.id = s.group_id
    where s.platform_user_id = any(${ids}::text[]) and s.is_held and g.deleted_at is null
    order by g.id`.execute(db);
  const lists = gathered(ids, rows, (row) => row.platform_user_id);
  return lists.map((list) => list.map(toGroup));
}

export async function pagePlatformGroups(
  db: Asker,
  search: string | null,
  page: Page,
): Promise<Rows<ReturnType<typeof toGroup>>> {
  const { rows } = await sql<GroupRow>`
    select id, name, deleted_at from platform_group
    where ${every([...conditions(search), page.after === null ? null : sql`id > ${page.after}`])}
    order by id
    ${limitOf(page)}`.execute(db);
  return toRows(rows, page, toGroup);
}

export async function countPlatformGroups(db: Asker, search: string | null): Promise<number> {
  const { rows } = await sql<Counted>`
    select count(*) from platform_group where ${every(conditions(search))}`.execute(db);
  return rowCount(rows);
}

function conditions(search: string | null) {
  const pattern = search === null ? null : `%${escapeLike(search)}%`;
  return [
    sql`deleted_at is null`,
    pattern === null ? null : sql`(name ilike ${pattern} or id ilike ${pattern})`,
  ];
}

/** Escapes wildcards, so that a search matches them literally. */
const escapeLike = (text: string): string => text.replace(/[\\%_]/g, '\\$&');

function toUser(row: UserRow) {
  return {
    id: row.id,
    username: row.username,
    attributes: row.attributes,
    hasSnapshot: row.has_snapshot,
    deletedAt: toDateOrNull(row.deleted_at),
  };
}

function toGroup(row: GroupRow) {
  return {
    id: row.id,
    name: row.name,
    deletedAt: toDateOrNull(row.deleted_at),
  };
}
