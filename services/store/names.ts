import { sql, type RawBuilder } from 'kysely';

import type { Db } from './entities/entities.js';
import { named } from '../lib/named.js';
import type { ClientId, DiscordUserId, GroupId, RoleId } from '../model.js';

type Name = readonly [id: string, name: string | null];

/** `named` in SQL. */
export const namedInSql = (
  kind: 'role' | 'group',
  id: RawBuilder<unknown>,
  name: RawBuilder<unknown>,
): RawBuilder<unknown> => sql`(${sql.lit(`${kind} `)} || case
  when coalesce(${name}, '') in ('', ${id}) then ${id} else ${name} || ' (' || ${id} || ')' end)`;

/** Names groups, each followed by its id. */
export async function nameGroups(
  db: Db,
  ids: readonly GroupId[],
): Promise<(id: GroupId) => string> {
  const names = await namesFrom(
    db,
    sql`select id, name from platform_group where id = any(${ids}::text[])`,
  );
  return (id) => named('group', id, names.get(id));
}

/** Names a client's roles, each followed by its id. */
export async function nameRoles(
  db: Db,
  clientId: ClientId,
  ids: readonly RoleId[],
): Promise<(id: RoleId) => string> {
  const names = await namesFrom(
    db,
    sql`select id, name from role where client_id = ${clientId} and id = any(${ids}::text[])`,
  );
  return (id) => named('role', id, names.get(id));
}

/** Names a Discord account by its username, as last read at the client. */
export async function nameAccount(db: Db, clientId: ClientId, id: DiscordUserId): Promise<string> {
  const names = await namesFrom(
    db,
    sql`select discord_user_id as id, username as name from member
      where client_id = ${clientId} and discord_user_id = ${id}`,
  );
  return named('account', id, names.get(id));
}

async function namesFrom(
  db: Db,
  query: RawBuilder<unknown>,
): Promise<ReadonlyMap<string, string | null>> {
  const { rows } = await sql<{
    id: string;
    name: string | null;
  }>`${query}`.execute(db);
  return new Map(rows.map(({ id, name }): Name => [id, name]));
}
