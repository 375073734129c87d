import { sql } from 'kysely';

import type { RoleMapping } from '../../api/mappings/role-mapping.types.js';
import { InputError } from '../../lib/errors.js';
import { named } from '../../lib/named.js';
import type { ClientId, GroupId, MappingId, RoleId, RoleRefusal } from '../../model.js';
import { lockClient } from '../clients/client-rows.js';
import type { Transaction } from '../connection/database.js';
import type { ClientRow } from '../entities/client.entity.js';
import type { RawRow } from '../entities/columns.js';
import type { Db } from '../entities/entities.js';
import { RoleMappingEntity, type RoleMappingRow } from '../entities/mapping.entity.js';

export async function lockMapping(
  tx: Transaction,
  id: MappingId,
): Promise<{ row: RoleMappingRow; client: ClientRow }> {
  const found = await tx.em.findOne(RoleMappingEntity, { id });
  if (found === null) throw new InputError('NOT_FOUND', `mapping ${id} does not exist`, 'input.id');
  const client = await lockClient(tx, found.clientId);
  refuseEnding(client);
  await tx.em.refresh(found);
  return { row: found, client };
}

export function viewOf(row: RoleMappingRow, client: ClientRow): RoleMapping {
  const { id, clientId, groupId, roleId, createdAt } = row;
  return {
    id,
    clientId,
    groupId,
    roleId,
    createdAt,
    authority: row.authority ?? client.authority,
    retiredAt: row.retiredAt ?? null,
  };
}

export function refuseEnding(client: ClientRow): void {
  if (client.endingAt === null || client.endingAt === undefined) return;
  throw new InputError(
    'FAILED_PRECONDITION',
    `${named('client', client.id, client.name)} is being deleted`,
  );
}

/** An arbitrary number. Facts share the lock; a new mapping takes it exclusively. */
const LOCK = 741_300_114;

/**
 * Facts mark the members of mapped groups, and a new mapping marks the members of its group.
 * Running concurrently they could miss each other, and a member would stay unmarked. Held until the
 * transaction ends; take it after writing and before marking.
 */
export async function lockMappingsToMark(db: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${LOCK})`.execute(db);
}

/**
 * Which of the groups are mapped at all. Query it after taking the lock, in a separate statement
 * that sees what the lock waited for.
 */
export async function mappedAmong(
  db: Db,
  groupIds: ReadonlySet<GroupId>,
): Promise<ReadonlySet<GroupId>> {
  if (groupIds.size === 0) return groupIds;
  const { rows } = await sql<RawRow<'role_mapping', 'groupId'>>`
    select distinct group_id as "groupId" from role_mapping where group_id = any(${[...groupIds]}::text[])`.execute(
    db,
  );
  return new Set(rows.map((row) => row.groupId));
}

/** Waits for facts being written; later facts wait for the new mapping. */
export async function lockMappingsToAdd(db: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock(${LOCK})`.execute(db);
}

export async function refuseUnknownGroup(db: Db, groupId: GroupId): Promise<void> {
  const group = await db
    .selectFrom('platform_group')
    .select('id')
    .where('id', '=', groupId)
    .where('deletedAt', 'is', null)
    .forKeyShare()
    .executeTakeFirst();
  if (group === undefined) {
    throw new InputError(
      'NOT_FOUND',
      `group ${groupId} is unknown: send it with upsertPlatformGroups or a platform.group.changed.v1 event (or send a membership in it), then map it`,
      'input.groupId',
    );
  }
}

const REASONS: Readonly<Record<RoleRefusal, string>> = {
  EVERYONE: 'it is @everyone, which every member has',
  MANAGED: 'it is managed by Discord or an integration, which alone can add or remove it',
  ABOVE_BOT:
    "it is not below the bot's highest role: move it down or the bot's role up, then import the roles",
  MISSING_PERMISSION: 'the bot lacks the permission Manage Roles: grant it, then import the roles',
  UNKNOWN_ROLE: 'the guild no longer has this role',
};

/** Rejects a mapping that could never be carried out when it is created, not at each sweep. */
export async function refuseImpossibleRole(
  db: Db,
  client: { readonly id: ClientId; readonly name: string },
  roleId: RoleId,
): Promise<void> {
  const role = await db
    .selectFrom('role')
    .select(['refusal', 'name'])
    .where('clientId', '=', client.id)
    .where('id', '=', roleId)
    .executeTakeFirst();
  if (role === undefined || role.refusal === 'UNKNOWN_ROLE') {
    throw new InputError(
      'NOT_FOUND',
      `the guild of ${named('client', client.id, client.name)} has no ${named('role', roleId, role?.name)}`,
      'input.roleId',
    );
  }
  if (role.refusal === null) return;
  throw new InputError(
    'FAILED_PRECONDITION',
    `${named('role', roleId, role.name)} cannot be mapped: ${REASONS[role.refusal]}`,
    'input.roleId',
  );
}
