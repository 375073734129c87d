import { sql } from 'kysely';

import { anyOf, NOW } from '../connection/expressions.js';
import type { Db } from '../entities/entities.js';
import type { ClientId, GuildRoleReading, RoleId } from '../../model.js';
import type { Database } from '../connection/database.js';
import { holdBurst, type Guard } from '../decisions/hold-burst.js';
import { markClient } from '../jobs/mark.js';

/**
 * Saves the guild's roles as just read. Keeps a role that the reading lacks, with refusal
 * UNKNOWN_ROLE, because mappings and audit records refer to it. If a role can be assigned again,
 * marks the parked members.
 */
export function createSaveRoles({
  database,
  guard,
}: {
  readonly database: Database;
  readonly guard: Guard;
}) {
  return async (clientId: ClientId, { ownerId, roles }: GuildRoleReading): Promise<void> =>
    database.transaction(async ({ sql: db }) => {
      const rows = roles.map((role) => ({
        id: role.roleId,
        name: role.name,
        position: role.position,
        color: role.color,
        is_managed: role.isManaged,
        refusal: role.refusal,
        rename_refusal: role.renameRefusal ?? null,
      }));
      const assignable = rows.filter(({ refusal }) => refusal === null).map(({ id }) => id);
      const freed = await db
        .selectFrom('role')
        .select('id')
        .where('clientId', '=', clientId)
        .where('refusal', 'is not', null)
        .where('id', '=', anyOf(assignable))
        .limit(1)
        .executeTakeFirst();
      await sql`
        insert into role (client_id, id, name, position, color, is_managed, refusal, rename_refusal)
        select ${clientId}::uuid, n.* from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
          as n (id text, name text, position int, color int, is_managed boolean, refusal text, rename_refusal text)
        order by n.id
        on conflict (client_id, id) do update set name = excluded.name, position = excluded.position,
          color = excluded.color, is_managed = excluded.is_managed, refusal = excluded.refusal, rename_refusal = excluded.rename_refusal
        where (role.name, role.position, role.color, role.is_managed, role.refusal, role.rename_refusal) is distinct from
          (excluded.name, excluded.position, excluded.color, excluded.is_managed, excluded.refusal, excluded.rename_refusal)`.execute(
        db,
      );
      await db
        .updateTable('role')
        .set({ refusal: 'UNKNOWN_ROLE', renameRefusal: null })
        .where('clientId', '=', clientId)
        .where('refusal', 'is distinct from', 'UNKNOWN_ROLE')
        .where('id', '!=', sql<RoleId>`all(${rows.map((row) => row.id)})`)
        .execute();
      await db
        .updateTable('client')
        .set({ rolesReadAt: NOW, guildOwnerId: ownerId })
        .where('id', '=', clientId)
        .execute();
      if (freed !== undefined) await wakeParked(db, guard, clientId);
    });
}

async function wakeParked(db: Db, guard: Guard, clientId: ClientId): Promise<void> {
  const cause = {
    kind: 'REPAIR',
    id: 'roles changed at Discord',
    actor: 'connector',
  } as const;
  await markClient(db, { clientId, state: 'PARKED', cause });
  const parked = sql`
    select a.client_id, a.discord_user_id, 'OTHER' as cause from member a
    where a.client_id = ${clientId} and a.state = 'PARKED'`;
  await holdBurst(db, guard, parked);
}
