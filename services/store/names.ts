import { sql, type RawBuilder } from 'kysely';

import { anyOf } from './connection/expressions.js';
import type { Db } from './entities/entities.js';
import { named } from '../lib/named.js';
import type { ClientId, DiscordUserId, GroupId, RoleId } from '../model.js';

/** The SQL form of `named`. */
export const namedInSql = (
  kind: 'role' | 'group',
  id: RawBuilder<unknown>,
  name: RawBuilder<unknown>,
): RawBuilder<unknown> => sql`(${sql.lit(`${kind} `)} || case
  when coalesce(${name}, '') in ('', ${id}) then ${id} else ${name} || ' (' || ${id} || ')' end)`;

/** Resolves to a function that returns a group's name followed by its id. */
export async function nameGroups(
  db: Db,
  ids: readonly GroupId[],
): Promise<(id: GroupId) => string> {
  const rows = await db
    .selectFrom('platform_group')
    .select(['id', 'name'])
    .where('id', '=', anyOf(ids))
    .execute();
  const names = new Map(rows.map((row) => [row.id, row.name]));
  return (id) => named('group', id, names.get(id));
}

/** Resolves to a function that names a role of the client, followed by its id. */
export async function nameRoles(
  db: Db,
  clientId: ClientId,
  ids: readonly RoleId[],
): Promise<(id: RoleId) => string> {
  const rows = await db
    .selectFrom('role')
    .select(['id', 'name'])
    .where('clientId', '=', clientId)
    .where('id', '=', anyOf(ids))
    .execute();
  const names = new Map(rows.map((row) => [row.id, row.name]));
  return (id) => named('role', id, names.get(id));
}

/** Names a Discord account by its username, as last read for the client. */
export async function nameAccount(db: Db, clientId: ClientId, id: DiscordUserId): Promise<string> {
  const member = await db
    .selectFrom('member')
    .select('username')
    .where('clientId', '=', clientId)
    .where('discordUserId', '=', id)
    .executeTakeFirst();
  return named('account', id, member?.username);
}
