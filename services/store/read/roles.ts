import { sql } from 'kysely';

import type { Authority, ClientId, MappingId, RoleId } from '../../model.js';
import type { Asker } from '../connection/together.js';
import { columns, type RawRow } from '../entities/columns.js';
import { gathered, inOrder, toDate, toDateOrNull } from './page.js';
import type { RoleKey } from '../../api/clients/ports.js';

const ROLE = ['clientId', 'name', 'position', 'color', 'isManaged', 'refusal'] as const;

type RoleRow = RawRow<'role', (typeof ROLE)[number]> & { readonly roleId: RoleId };

const roleColumns = sql`id as "roleId", ${columns<'role'>(ROLE)}`;

const MAPPING = ['id', 'clientId', 'groupId', 'roleId', 'createdAt', 'retiredAt'] as const;

type MappingRow = RawRow<'role_mapping', (typeof MAPPING)[number]> & {
  readonly authority: Authority;
};

/**
 * Returns the roles in Discord's order: highest position first; at the same position, the older
 * role first.
 */
export async function rolesOfClients(db: Asker, ids: readonly ClientId[]) {
  const { rows } = await sql<RoleRow>`
    select ${roleColumns}
    from role where client_id = any(${ids}::uuid[])
    order by client_id, position desc, length(id), id`.execute(db);
  return gathered(ids, rows, (role) => role.clientId);
}

export async function findRoles(db: Asker, keys: readonly RoleKey[]) {
  const clientIds = keys.map((key) => key.clientId);
  const roleIds = keys.map((key) => key.roleId);
  const { rows } = await sql<RoleRow>`
    select ${roleColumns}
    from role
    where (client_id, id) in (
      select * from unnest(${clientIds}::uuid[], ${roleIds}::text[])
    )`.execute(db);
  const keyOf = (key: RoleKey) => `${key.clientId}/${key.roleId}`;
  return inOrder(keys.map(keyOf), rows, keyOf);
}

export async function findMappings(db: Asker, ids: readonly MappingId[]) {
  const { rows } = await sql<MappingRow>`
    select ${mappingColumns} from ${mappingTables}
    where p.id = any(${ids}::uuid[])`.execute(db);
  return inOrder(ids, rows.map(toMapping), (mapping) => mapping.id);
}

/** Returns active and retired mappings, oldest first. */
export async function mappingsOfClients(db: Asker, ids: readonly ClientId[]) {
  const { rows } = await sql<MappingRow>`
    select ${mappingColumns} from ${mappingTables}
    where p.client_id = any(${ids}::uuid[])
    order by p.id`.execute(db);
  return gathered(ids, rows.map(toMapping), (mapping) => mapping.clientId);
}

/** A mapping without its own authority has the authority of its client. */
const mappingColumns = sql`${columns<'role_mapping'>(MAPPING, 'p')}, coalesce(p.authority, c.authority) as authority`;

const mappingTables = sql`role_mapping p join client c on c.id = p.client_id`;

function toMapping(row: MappingRow) {
  return { ...row, createdAt: toDate(row.createdAt), retiredAt: toDateOrNull(row.retiredAt) };
}
