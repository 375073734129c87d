import { sql, type RawBuilder } from 'kysely';

import type { Db } from '../entities/entities.js';
import {
  LANES,
  type Cause,
  type ClientId,
  type DiscordUserId,
  type MappingId,
  type RoleId,
} from '../../model.js';
import { holdChanges } from '../decisions/hold.js';
import { markMembers } from '../jobs/mark.js';
import type { EnqueueEvent } from '../outbox/enqueue-event.js';
import { previewOf, type ChangePreview } from './preview.js';

/** A mapping about to be removed while its holders keep the role. */
export interface Leaving {
  readonly id: MappingId;
  readonly clientId: ClientId;
  readonly roleId: RoleId;
}

/**
 * The removals that would follow without the mapping if its holders were not allowed to keep the
 * role.
 */
export async function previewLeaving(db: Db, mapping: Leaving): Promise<ChangePreview> {
  return previewOf(
    db,
    mapping.clientId,
    sql`
    select k.discord_user_id, k.platform_user_id, '{}'::text[] as add,
      case when k.holds then array[${mapping.roleId}::text] else '{}' end as remove,
      ${WHY}::text as reason, 0 as writes, false as is_renamed, 0 as proofs
    from (${keepers(mapping)}) k`,
  );
}

/**
 * If other mappings name the role, the next run would remove it from holders to whom only this
 * mapping granted it. They wait for approval, as holders of a newly mapped role do. Call it before
 * the mapping is deleted. Resolves with the plan they wait in; null: no member would lose the role.
 */
export async function holdForLeaving(
  db: Db,
  mapping: Leaving & { readonly cause: Cause },
  enqueueEvent: EnqueueEvent,
): Promise<string | null> {
  const { clientId, roleId, cause } = mapping;
  const { rows } = await sql<{ discord_user_id: DiscordUserId }>`
    ${keepers(mapping)} order by l.discord_user_id`.execute(db);
  if (rows.length === 0) return null;
  const hold = {
    clientId,
    ground: 'NEW_MAPPING' as const,
    reason: 'a mapping was retired and the holders of its role kept it',
    removals: rows.map((row) => ({
      discordUserId: row.discord_user_id,
      roleId,
      why: WHY,
      cause: null,
      isStream: false,
    })),
  };
  const sweepId = await holdChanges(db, hold, enqueueEvent);
  const members = rows.map((row) => row.discord_user_id);
  const marking = { lane: LANES.bulk, windowMs: 0 };
  await markMembers(db, { clientId, members, cause }, marking);
  return sweepId;
}

const WHY = 'kept the role when its mapping was retired, and is in no other group that grants it';

/**
 * Active holders, or members never read, for whom no other mapping grants or keeps the role.
 * Members who already had to lose it under this mapping are left out: a removal that was due stays
 * due.
 */
function keepers({ id, clientId, roleId }: Leaving): RawBuilder<unknown> {
  const authority = sql`coalesce(p.authority, c.authority)`;
  return sql`
    select l.discord_user_id, min(l.platform_user_id) as platform_user_id,
      coalesce(bool_or(a.is_present and ${roleId} = any(a.role_ids)), false) as holds
    from link l
    join client c on c.id = l.client_id
    join platform_user u on u.id = l.platform_user_id
    join role_mapping p on p.client_id = l.client_id and p.role_id = ${roleId}
    join platform_group g on g.id = p.group_id
    left join membership s on s.platform_user_id = l.platform_user_id and s.group_id = p.group_id
    left join member a on a.client_id = l.client_id and a.discord_user_id = l.discord_user_id
    cross join lateral (select case
      when ${authority} <> 'PLATFORM' then 'unknown'
      when p.retired_at is not null or g.deleted_at is not null then 'no'
      when s.is_held then 'yes'
      when s.is_held = false or u.snapshot_time_us is not null or c.unknown_membership = 'REMOVE' then 'no'
      else 'unknown' end as verdict) v
    where l.client_id = ${clientId} and l.status = 'ACTIVE'
      and (a.read_at is null or (a.is_present and ${roleId} = any(a.role_ids)))
      and exists (select from role_mapping o where o.client_id = ${clientId} and o.role_id = ${roleId} and o.id <> ${id})
    group by l.discord_user_id
    having bool_and(v.verdict = 'no') filter (where p.id <> ${id})
      and bool_or(v.verdict <> 'no' or p.retired_at is not null) filter (where p.id = ${id})`;
}
