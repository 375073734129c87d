import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { ClientId, GroupId, MappingId, RoleId } from '../../model.js';
import { previewOf, type ChangePreview } from './preview.js';

/**
 * Who would gain or lose the role by a mapping change, according to the mirror: linked members,
 * with all mappings of the role as after the change. Removals of a new mapping wait for approval.
 */
export async function previewMapping(
  db: Db,
  change: {
    readonly clientId: ClientId;
    /**
     * The group of the new or retired mapping: its members are read, and so are the role's holders.
     */
    readonly groupId: GroupId;
    readonly roleId: RoleId;
    /** The group of the new mapping; null: none. */
    readonly mappedGroupId: GroupId | null;
    /** The mapping that would be retired; null: none. */
    readonly retiredId: MappingId | null;
    /** The first reading under authority DISCORD removes nothing. */
    readonly takesNothing: boolean;
  },
): Promise<ChangePreview> {
  const { clientId, groupId, roleId, mappedGroupId, retiredId, takesNothing } = change;
  return previewOf(
    db,
    clientId,
    sql`
    with marked as (
      select l.discord_user_id, max(l.platform_user_id) as platform_user_id, bool_or(a.is_present) is not false as may_be_present,
        bool_or(a.is_present = false and coalesce(a.absent_since > statement_timestamp() - interval '1 minute', true)) as is_doubted
      from link l
      left join membership m on m.platform_user_id = l.platform_user_id and m.group_id = ${groupId}
      left join member a on a.client_id = l.client_id and a.discord_user_id = l.discord_user_id
      where l.client_id = ${clientId} and (m.is_held or a.read_at is null or ${roleId} = any(a.role_ids))
      group by l.discord_user_id
    ), mapped as (
      select m.group_id, m.retired_at is not null or m.id = ${retiredId}::uuid as is_retired
      from role_mapping m
      where m.client_id = ${clientId} and m.role_id = ${roleId} and m.group_id is distinct from ${mappedGroupId}
      union all select ${mappedGroupId}::text, false where ${mappedGroupId}::text is not null
    ), verdict as (
      select l.discord_user_id, max(l.platform_user_id) as platform_user_id,
        coalesce(${roleId} = any(a.role_ids), false) as holds,
        bool_or(not p.is_retired and g.deleted_at is null and coalesce(s.is_held, false)) as is_granted,
        bool_or(not p.is_retired and g.deleted_at is null and s.is_held is null
          and u.snapshot_time_us is null) as is_unknown,
        min(p.group_id) filter (where not p.is_retired and g.deleted_at is null and s.is_held) as granted_by
      from link l
      join platform_user u on u.id = l.platform_user_id
      cross join mapped p
      join platform_group g on g.id = p.group_id
      left join membership s on s.platform_user_id = l.platform_user_id and s.group_id = p.group_id
      left join member a on a.client_id = l.client_id and a.discord_user_id = l.discord_user_id
      where l.client_id = ${clientId} and l.status = 'ACTIVE'
      group by l.discord_user_id, holds
    )
    select k.discord_user_id, coalesce(v.platform_user_id, k.platform_user_id) as platform_user_id,
      case when c.is_added then array[${roleId}::text] else '{}' end as add,
      case when c.is_removed then array[${roleId}::text] else '{}' end as remove,
      case when c.is_added then 'in group ' || v.granted_by else 'in no group that grants the role' end as reason,
      case when c.is_added and k.may_be_present or c.is_removed and not w.waits then 1 else 0 end as writes,
      false as is_renamed, case when k.is_doubted and ${retiredId !== null}::boolean then 1 else 0 end as proofs
    from marked k
    left join verdict v on v.discord_user_id = k.discord_user_id
    cross join lateral (select
      coalesce(v.is_granted and not v.holds, false) as is_added,
      coalesce(v.holds and not v.is_granted and not v.is_unknown and not ${takesNothing}::boolean, false) as is_removed) c
    cross join (select ${retiredId === null}::boolean and count(*) = 1 as waits from mapped) w`,
  );
}
