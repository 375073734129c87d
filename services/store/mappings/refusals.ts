import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import { InputError } from '../../lib/errors.js';
import { named } from '../../lib/named.js';
import type { ClientId, GroupId, RoleId, RoleRefusal } from '../../model.js';

export async function refuseUnknownGroup(db: Db, groupId: GroupId): Promise<void> {
  const { rows } = await sql`
    select from platform_group where id = ${groupId} and deleted_at is null for key share`.execute(
    db,
  );
  if (rows.length === 0) {
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
  const { rows } = await sql<{ refusal: RoleRefusal | null; name: string }>`
    select refusal, name from role where client_id = ${client.id} and id = ${roleId}`.execute(db);
  const [role] = rows;
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
