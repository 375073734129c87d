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

/** Arbitrary key of an advisory lock. Facts share the lock; a new mapping takes it exclusively. */
const LOCK = 741_300_114;

/**
 * Takes the shared lock until the transaction ends. Call it after writing facts and before marking.
 * Facts mark the members of mapped groups, and a new mapping marks the members of its group.
 * Without the lock, two concurrent transactions could each miss the rows of the other and leave a
 * member unmarked.
 */
export async function lockMappingsToMark(db: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${LOCK})`.execute(db);
}

/**
 * Returns the groups that any client maps. Call it after taking the lock. Because it is a separate
 * statement, it sees mappings that were committed while the transaction waited for the lock.
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

/**
 * Takes the exclusive lock until the transaction ends: waits for facts being written, and makes
 * later facts wait for the new mapping.
 */
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

/**
 * Throws if the bot can never assign the role, so that the mapping is rejected when it is created
 * rather than failing in each sweep.
 */
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
