import { sql } from 'kysely';

import type { Authority, ClientId, GroupId, MappingId, RoleId, RoleRefusal } from '../../model.js';
import type { Asker } from '../connection/together.js';
import { type Time, gathered, inOrder, toDate, toDateOrNull } from './page.js';
import type { RoleKey } from '../../api/clients/ports.js';

interface RoleRow {
  readonly client_id: ClientId;
  readonly id: RoleId;
  readonly name: string;
  readonly position: number;
  readonly color: number;
  readonly is_managed: boolean;
  readonly refusal: RoleRefusal | null;
}

interface MappingRow {
  readonly id: MappingId;
  readonly client_id: ClientId;
  readonly group_id: GroupId;
  readonly role_id: RoleId;
  readonly authority: Authority;
  readonly created_at: Time;
  readonly retired_at: Time | null;
}

/** In Discord's order: the highest first; at the same position the older one first. */
export async function rolesOfClients(db: Asker, ids: readonly ClientId[]) {
  const { rows } = await sql<RoleRow>`
    select client_id, id, name, position, color, is_managed, refusal
    from role where client_id = any(${ids}::uuid[])
    order by client_id, position desc, length(id), id`.execute(db);
  return gathered(ids, rows.map(toRole), (role) => role.clientId);
}

export async function findRoles(db: Asker, keys: readonly RoleKey[]) {
  const clientIds = keys.map((key) => key.clientId);
  const roleIds = keys.map((key) => key.roleId);
  const { rows } = await sql<RoleRow>`
    select client_id, id, name, position, color, is_managed, refusal
    from role
    where (client_id, id) in (
      select * from unnest(${clientIds}::uuid[], ${roleIds}::text[])
    )`.execute(db);
  const keyOf = (key: RoleKey) => `${key.clientId}/${key.roleId}`;
  return inOrder(keys.map(keyOf), rows.map(toRole), keyOf);
}

export async function findMappings(db: Asker, ids: readonly MappingId[]) {
  const { rows } = await sql<MappingRow>`
    select ${mappingColumns} from ${mappingTables}
    where p.id = any(${ids}::uuid[])`.execute(db);
  return inOrder(ids, rows.map(toMapping), (mapping) => mapping.id);
}

/** Active and retired ones, oldest first. */
export async function mappingsOfClients(db: Asker, ids: readonly ClientId[]) {
  const { rows } = await sql<MappingRow>`
    select ${mappingColumns} from ${mappingTables}
    where p.client_id = any(${ids}::uuid[])
    order by p.id`.execute(db);
  return gathered(ids, rows.map(toMapping), (mapping) => mapping.clientId);
}

/** A mapping that names no authority follows its client's. */
const mappingColumns = sql`p.id, p.client_id, p.group_id, p.role_id,
  coalesce(p.authority, c.authority) as authority, p.created_at, p.retired_at`;

const mappingTables = sql`role_mapping p join client c on c.id = p.client_id`;

function toRole(row: RoleRow) {
  return {
    clientId: row.client_id,
    roleId: row.id,
    name: row.name,
    position: row.position,
    color: row.color,
    isManaged: row.is_managed,
    refusal: row.refusal,
  };
}

function toMapping(row: MappingRow) {
  return {
    id: row.id,
    clientId: row.client_id,
    groupId: row.group_id,
    roleId: row.role_id,
    authority: row.authority,
    createdAt: toDate(row.created_at),
    retiredAt: toDateOrNull(row.retired_at),
  };
}
