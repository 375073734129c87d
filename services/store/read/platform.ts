import { sql } from 'kysely';

import type { Page, Rows } from '../../api/kit/ports.js';
import type { ClientId, GroupId, PlatformUserId } from '../../model.js';
import type { Asker } from '../connection/together.js';
import { columns, type RawRow } from '../entities/columns.js';
import {
  type Counted,
  every,
  gathered,
  inOrder,
  limitOf,
  rowCount,
  toDateOrNull,
  toRows,
} from './page.js';

const USER = ['id', 'username', 'attributes', 'deletedAt'] as const;

type UserRow = RawRow<'platform_user', (typeof USER)[number]> & { readonly hasSnapshot: boolean };

const GROUP = ['id', 'name', 'deletedAt'] as const;

type GroupRow = RawRow<'platform_group', (typeof GROUP)[number]>;

export async function findPlatformUsers(db: Asker, ids: readonly PlatformUserId[]) {
  const { rows } = await sql<UserRow>`
    select ${columns<'platform_user'>(USER)}, snapshot_time_us is not null as "hasSnapshot"
    from platform_user where id = any(${ids}::text[])`.execute(db);
  return inOrder(ids, rows.map(toUser), (user) => user.id);
}

export async function findPlatformGroups(db: Asker, ids: readonly GroupId[]) {
  const { rows } = await sql<GroupRow>`
    select ${columns<'platform_group'>(GROUP)} from platform_group where id = any(${ids}::text[])`.execute(
    db,
  );
  return inOrder(ids, rows.map(toGroup), (group) => group.id);
}

/** Returns the groups each user is in. A deleted group has no members. */
export async function groupsOfPlatformUsers(db: Asker, ids: readonly PlatformUserId[]) {
  const { rows } = await sql<GroupRow & { platformUserId: PlatformUserId }>`
    select s.platform_user_id as "platformUserId", ${columns<'platform_group'>(GROUP, 'g')}
    from membership s
    join platform_group g on g.id = s.group_id
    where s.platform_user_id = any(${ids}::text[]) and s.is_held and g.deleted_at is null
    order by g.id`.execute(db);
  const lists = gathered(ids, rows, (row) => row.platformUserId);
  return lists.map((list) =>
    list.map(({ id, name, deletedAt }) => toGroup({ id, name, deletedAt })),
  );
}

export async function pagePlatformGroups(
  db: Asker,
  search: string | null,
  page: Page,
): Promise<Rows<ReturnType<typeof toGroup>>> {
  const { rows } = await sql<GroupRow>`
    select ${columns<'platform_group'>(GROUP)} from platform_group
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

const toUser = (row: UserRow) => ({ ...row, deletedAt: toDateOrNull(row.deletedAt) });

const toGroup = (row: GroupRow) => ({ ...row, deletedAt: toDateOrNull(row.deletedAt) });

/**
 * Counts the client's linked users, and those for whom a mapped group is unknown. `hasGroups`: the
 * platform has at least one group.
 */
export async function countUnknownMemberships(db: Asker, clientId: ClientId): Promise<Counts> {
  const { rows } = await sql<Counts>`
    select exists (select from platform_group where deleted_at is null) as "hasGroups", count(*)::int as linked, count(*) filter (
      where u.snapshot_time_us is null and exists (
        select from role_mapping r join platform_group g on g.id = r.group_id
        where r.client_id = l.client_id and r.retired_at is null and g.deleted_at is null
          and not exists (select from membership m
            where m.platform_user_id = l.platform_user_id and m.group_id = r.group_id)))::int as unknown
    from link l join platform_user u on u.id = l.platform_user_id
    where l.client_id = ${clientId} and l.status = 'ACTIVE'`.execute(db);
  return rows[0] ?? { linked: 0, unknown: 0, hasGroups: false };
}

interface Counts {
  readonly linked: number;
  readonly unknown: number;
  readonly hasGroups: boolean;
}
