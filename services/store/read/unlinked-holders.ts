import { sql } from 'kysely';

import type { ClientId } from '../../model.js';
import type { Asker } from '../connection/together.js';
import { columns, type RawRow } from '../entities/columns.js';
import { type Counted, rowCount, limitOf, toDateOrNull, toRows } from './page.js';
import type { RoleKey } from '../../api/clients/ports.js';
import type { Page } from '../../api/kit/ports.js';
import type { UnlinkedRoleView } from '../../api/mappings/ports.js';

const HOLDER = ['discordUserId', 'username', 'displayName', 'nickname', 'isBot'] as const;

type HolderRow = RawRow<'unlinked_holder', (typeof HOLDER)[number]> & {
  readonly listedAt: string | null;
};

/**
 * Returns accounts without a link that hold the role, sorted by id as text, which is the order of
 * the primary key.
 */
export async function pageUnlinkedHolders(db: Asker, { clientId, roleId }: RoleKey, page: Page) {
  const { rows } = await sql<HolderRow>`
    select ${columns<'unlinked_holder'>(HOLDER, 'u')}, g.listed_at as "listedAt"
    from unlinked_holder u left join guild_listing g on g.client_id = u.client_id
    where u.client_id = ${clientId} and u.role_id = ${roleId} and u.discord_user_id > ${page.after ?? ''}
    order by u.discord_user_id ${limitOf(page)}`.execute(db);
  return toRows(rows, page, ({ listedAt, ...row }) => ({
    ...row,
    id: row.discordUserId,
    readAt: toDateOrNull(listedAt),
  }));
}

export async function countUnlinkedHoldersOf(
  db: Asker,
  { clientId, roleId }: RoleKey,
): Promise<number> {
  const { rows } = await sql<Counted>`
    select coalesce((select (unlinked_holders ->> ${roleId})::int from guild_listing where client_id = ${clientId}), 0)
      as count`.execute(db);
  return rowCount(rows);
}

/**
 * Returns each client's mapped roles with their number of unlinked holders as last counted, highest
 * number first. Null: never counted.
 */
export async function unlinkedRolesOfClients(
  db: Asker,
  ids: readonly ClientId[],
): Promise<readonly (readonly UnlinkedRoleView[])[]> {
  const { rows } = await sql<UnlinkedRoleView>`
    select m.client_id as "clientId", m.role_id as "roleId", r.name, (g.unlinked_holders ->> m.role_id)::int as holders
    from (select distinct client_id, role_id from role_mapping where client_id = any(${ids}::uuid[])) m
    left join role r on r.client_id = m.client_id and r.id = m.role_id
    left join guild_listing g on g.client_id = m.client_id
    order by holders desc nulls last, m.role_id`.execute(db);
  const found = Map.groupBy(rows, (row) => row.clientId);
  return ids.map((id) => found.get(id) ?? []);
}
