import { sql, type Kysely } from 'kysely';

import type { ClientId, GroupId, MappingId, RoleId } from '../../model.js';

export interface MappingEffect {
  readonly additions: number;
  readonly removals: number;
}

/**
 * Counts whom a mapping change would give the role to or take it from, as the mirror shows them: linked members, all mappings of
 * the role as they would then be. A count, not a plan: each member's own run decides.
 */
export async function countEffect(
  db: Kysely<unknown>,
  change: {
    clientId: ClientId;
    roleId: RoleId;
    /** The group mapped anew; null: none. */
    mappedGroupId: GroupId | null;
    /** The mapping that would be retired; null: none. */
    retiredId: MappingId | null;
  },
): Promise<MappingEffect> {
  const { clientId, roleId, mappedGroupId, retiredId } = change;
  const { rows } = await sql<MappingEffect>`
    with mapped as (
      select m.group_id, m.retired_at is not null or m.id = ${retiredId}::uuid as is_retired
      from role_mapping m
      where m.client_id = ${clientId} and m.role_id = ${roleId} and m.group_id is distinct from ${mappedGroupId}
      union all select ${mappedGroupId}::text, false where ${mappedGroupId}::text is not null
    ), verdict as (
      select l.discord_user_id,
        coalesce(${roleId} = any(a.role_ids), false) as holds,
        bool_or(not p.is_retired and g.deleted_at is null and coalesce(s.is_held, false)) as is_granted,
        bool_or(not p.is_retired and g.deleted_at is null and s.is_held is null
          and u.snapshot_time_us is null) as is_unknown
      from link l
      join platform_user u on u.id = l.platform_user_id
      cross join mapped p
      join platform_group g on g.id = p.group_id
      left join membership s on s.platform_user_id = l.platform_user_id and s.group_id = p.group_id
      left join member a on a.client_id = l.client_id and a.discord_user_id = l.discord_user_id
      where l.client_id = ${clientId} and l.status = 'ACTIVE'
      group by l.discord_user_id, holds
    )
    select count(*) filter (where is_granted and not holds)::int as additions,
      count(*) filter (where holds and not is_granted and not is_unknown)::int as removals
    from verdict`.execute(db);
  return rows[0] ?? { additions: 0, removals: 0 };
}
