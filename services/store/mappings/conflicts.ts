import { sql, type RawBuilder } from 'kysely';

import type { Db } from '../entities/entities.js';
import { InputError } from '../../lib/errors.js';
import { named } from '../../lib/named.js';
import type { Authority, ClientId, GroupId, MappingId, RoleId } from '../../model.js';
import { namedInSql } from '../names.js';

/**
 * Key of the advisory lock that every check takes. Without it, two concurrent changes could each
 * pass the check and together break a rule.
 */
const LOCK = 741_300_115;

/** A mapping as it will be after the change. */
interface Candidate {
  /** Null: the mapping does not exist yet. */
  readonly id: MappingId | null;
  readonly clientId: ClientId;
  readonly groupId: GroupId;
  readonly roleId: RoleId;
  readonly authority: Authority;
}

/**
 * Throws CONFLICT if the mapping breaks a rule. Under authority DISCORD, a role may have no other
 * mapping at its client, and a group no other mapping at any client; otherwise a request to the
 * platform would be ambiguous. OBSERVE and PLATFORM mappings may share a role: an OBSERVE mapping
 * grants nothing, and a member who holds the role keeps it. The caller must have locked the client.
 */
export async function refuseConflict(db: Db, candidate: Candidate): Promise<void> {
  const { id, clientId, groupId, roleId, authority } = candidate;
  await lockAuthorities(db);
  await refuse(
    db,
    sql`
      select ${id}::uuid as id, ${clientId}::uuid as client_id, ${groupId}::text as group_id, ${roleId}::text as role_id,
        ${authority}::text as authority, false as is_retired`,
    id === null ? 'input.groupId' : 'input.authority',
  );
}

/** Runs `refuseConflict` for every mapping of a client whose own authority has just changed. */
export async function refuseConflictsOfClient(db: Db, clientId: ClientId): Promise<void> {
  await lockAuthorities(db);
  await refuse(db, sql`select * from standing where client_id = ${clientId}`, 'input.authority');
}

async function lockAuthorities(db: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock(${LOCK})`.execute(db);
}

/**
 * Throws for the first conflict of the candidates. A retired mapping still blocks its role until
 * the role is removed, but no longer blocks its group.
 */
async function refuse(db: Db, candidates: RawBuilder<unknown>, field: string): Promise<void> {
  const { rows } = await sql<Conflict>`
    with standing as (
      select m.id, m.client_id, m.group_id, m.role_id, coalesce(m.authority, c.authority) as authority,
        m.retired_at is not null as is_retired
      from role_mapping m join client c on c.id = m.client_id
    ), candidate as (${candidates})
    select ${namedInSql('group', sql`n.group_id`, sql`ng.name`)} as "group",
      ${namedInSql('role', sql`n.role_id`, sql`nr.name`)} as role,
      ${namedInSql('group', sql`o.group_id`, sql`og.name`)} as "otherGroup",
      ${namedInSql('role', sql`o.role_id`, sql`other_role.name`)} as "otherRole",
      n.authority, o.authority as "otherAuthority", o.id as "otherId", o.client_id as "otherClientId",
      other_client.name as "otherClient", o.is_retired as "isOtherRetired",
      o.client_id = n.client_id and o.role_id = n.role_id as "isOfRole"
    from candidate n join standing o on o.id is distinct from n.id and not (n.is_retired and o.is_retired) and (
      (o.client_id = n.client_id and o.role_id = n.role_id and 'DISCORD' in (n.authority, o.authority))
      or (o.group_id = n.group_id and not n.is_retired and not o.is_retired and 'DISCORD' in (n.authority, o.authority)))
    left join platform_group ng on ng.id = n.group_id
    left join platform_group og on og.id = o.group_id
    left join role nr on nr.client_id = n.client_id and nr.id = n.role_id
    left join role other_role on other_role.client_id = o.client_id and other_role.id = o.role_id
    left join client other_client on other_client.id = o.client_id
    order by "isOfRole" desc, o.id limit 1`.execute(db);
  const [conflict] = rows;
  if (conflict !== undefined) throw new InputError('CONFLICT', messageOf(conflict), field);
}

/** Two mappings that conflict. Groups and roles are given by name and id. */
interface Conflict {
  readonly group: string;
  readonly role: string;
  readonly authority: Authority;
  readonly otherId: MappingId;
  readonly otherGroup: string;
  readonly otherRole: string;
  readonly otherClientId: ClientId;
  readonly otherClient: string | null;
  readonly otherAuthority: Authority;
  readonly isOtherRetired: boolean;
  readonly isOfRole: boolean;
}

function messageOf(conflict: Conflict): string {
  const { group, role, otherGroup, authority, otherAuthority } = conflict;
  const client = named('client', conflict.otherClientId, conflict.otherClient);
  const other = `mapping ${conflict.otherId}${conflict.isOtherRetired ? ', which is retired and waits for its role to be removed' : ''}`;
  if (!conflict.isOfRole)
    return (
      `${group} is also mapped to ${conflict.otherRole} of ${client}, by ${other}: ` +
      `under authority DISCORD, a group can be mapped to one role only`
    );
  if (authority !== otherAuthority)
    return (
      `${role} would have authority ${authority} for ${group}, but has ${otherAuthority} ` +
      `for ${otherGroup} by ${other}: a role under authority DISCORD cannot have another authority`
    );
  return (
    `${role} is also mapped to ${otherGroup}, by ${other}: ` +
    `under authority DISCORD, a role can be mapped to one group only`
  );
}
