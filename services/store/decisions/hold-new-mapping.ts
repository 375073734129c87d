import { sql } from 'kysely';

import type { EnqueueEvent } from '../outbox/outbox.js';
import type { RawRow } from '../entities/columns.js';
import type { Db } from '../entities/entities.js';
import type { ClientId, DiscordUserId, MappingId, RoleId } from '../../model.js';
import { named } from '../../lib/named.js';
import { holdChanges } from './hold.js';

/** A mapping that was just created, revived, or switched to authority PLATFORM. */
interface NewInForce {
  readonly id: MappingId;
  readonly clientId: ClientId;
  readonly roleId: RoleId;
}

/**
 * Holds the role's removal for holders known to be in no group that grants it, because a new
 * mapping must not remove the role at once. Holds nothing if the role already has other mappings.
 * Resolves to the plan and the number of held removals; null if it held nothing.
 */
export async function holdForNewMapping(db: Db, mapping: NewInForce, enqueueEvent: EnqueueEvent) {
  return hold(db, { ...mapping, isSwitch: false }, enqueueEvent);
}

/**
 * Like `holdForNewMapping`, for a switch to authority PLATFORM. Ignores the role's other mappings,
 * because none of them has removed the role yet.
 */
export async function holdForSwitch(db: Db, mapping: NewInForce, enqueueEvent: EnqueueEvent) {
  return hold(db, { ...mapping, isSwitch: true }, enqueueEvent);
}

async function hold(
  db: Db,
  mapping: NewInForce & { readonly isSwitch: boolean },
  enqueueEvent: EnqueueEvent,
): Promise<{ readonly sweepId: string; readonly removals: number } | null> {
  const { clientId, roleId } = mapping;
  const members = await readUngranted(db, mapping);
  if (members.length === 0) return null;
  const words = await nameMapping(db, mapping);
  const held = {
    clientId,
    ground: 'NEW_MAPPING' as const,
    reason: `the ${words} is new: its first run never removes the role`,
    removals: members.map((discordUserId) => ({
      discordUserId,
      roleId,
      why: `held the role before the ${words} was created, and is in no group that grants it`,
      cause: null,
      isStream: false,
    })),
  };
  const sweepId = await holdChanges(db, held, enqueueEvent);
  return sweepId === null ? null : { sweepId, removals: members.length };
}

/** Names the mapping by group and role, each followed by its id. */
export async function nameMapping(
  db: Db,
  { id, roleId }: Pick<NewInForce, 'id' | 'roleId'>,
): Promise<string> {
  const row = await db
    .selectFrom('role_mapping as p')
    .leftJoin('platform_group as g', 'g.id', 'p.groupId')
    .leftJoin('role as r', (join) =>
      join.onRef('r.clientId', '=', 'p.clientId').onRef('r.id', '=', 'p.roleId'),
    )
    .select(['p.groupId', 'g.name as group', 'r.name as role'])
    .where('p.id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return `mapping ${id}`;
  const group = named('group', row.groupId, row.group);
  return `mapping of ${group} to ${named('role', roleId, row.role)}`;
}

/**
 * Calls `holdForSwitch` for every mapping without its own authority, after the client was switched
 * to authority PLATFORM.
 */
export async function holdForNewAuthority(
  db: Db,
  clientId: ClientId,
  enqueueEvent: EnqueueEvent,
): Promise<void> {
  const rows = await db
    .selectFrom('role_mapping')
    .select(['id', 'roleId'])
    .where('clientId', '=', clientId)
    .where('authority', 'is', null)
    .where('retiredAt', 'is', null)
    .orderBy('id')
    .execute();
  for (const row of rows) await holdForSwitch(db, { ...row, clientId }, enqueueEvent);
}

/**
 * Returns linked holders to whom no mapping grants the role. Leaves out members with an unknown
 * membership if `unknownMembership` is KEEP. Includes members that were never read, because they
 * may hold the role.
 */
async function readUngranted(
  db: Db,
  { id, clientId, roleId, isSwitch }: NewInForce & { readonly isSwitch: boolean },
): Promise<readonly DiscordUserId[]> {
  const { rows } = await sql<RawRow<'link', 'discordUserId'>>`
    select l.discord_user_id as "discordUserId"
    from link l
    join client c on c.id = l.client_id
    join platform_user u on u.id = l.platform_user_id
    join role_mapping p on p.client_id = l.client_id and p.role_id = ${roleId} and p.retired_at is null
    join platform_group g on g.id = p.group_id
    left join membership s on s.platform_user_id = l.platform_user_id and s.group_id = p.group_id
    left join member a on a.client_id = l.client_id and a.discord_user_id = l.discord_user_id
    where l.client_id = ${clientId} and l.status = 'ACTIVE'
      and (a.read_at is null or (a.is_present and ${roleId} = any(a.role_ids)))
      and (${isSwitch} or not exists (select from role_mapping o where o.client_id = l.client_id and o.role_id = ${roleId} and o.id <> ${id}))
    group by l.discord_user_id
    having bool_and(coalesce(p.authority, c.authority) = 'PLATFORM')
      and not bool_or(g.deleted_at is null and coalesce(s.is_held, false))
      and not bool_or(g.deleted_at is null and s.is_held is null and u.snapshot_time_us is null
        and c.unknown_membership = 'KEEP')
    order by l.discord_user_id`.execute(db);
  return rows.map((row) => row.discordUserId);
}
