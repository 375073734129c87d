import { sql, type Kysely } from 'kysely';

import type { ClientId, GroupId, MappingId, RoleId } from '../../model.js';
import { previewOf, type ChangePreview } from './preview.js';

/**
 * Whom a mapping change would give the role to or take it from, as the mirror shows them: linked members, all mappings of the role as
 * they would then be.
 */
export async function previewMapping(
  db: Kysely<unknown>,
  change: {
    readonly clientId: ClientId;
    readonly roleId: RoleId;
    /** The group of the new mapping; null: none. */
    readonly mappedGroupId: GroupId | null;
    /** The mapping that would be retired; null: none. */
    readonly retiredId: MappingId | null;
    /** The first reading under Discord's authority removes nothing. */
    readonly takesNothing: boolean;
  },
): Promise<ChangePreview> {
  const { clientId, roleId, mappedGroupId, retiredId, takesNothing } = change;
  return previewOf(
    db,
    sql`
    with mapped as (
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
    select discord_user_id, platform_user_id,
      case when is_granted then array[${roleId}::text] else '{}' end as add,
      case when is_granted then '{}' else array[${roleId}::text] end as remove,
      case when is_granted then 'in group ' || granted_by else 'in no group that gives the role' end as reason
    from verdict
    where is_granted and not holds or holds and not is_granted and not is_unknown and not ${takesNothing}::boolean`,
  );
}
