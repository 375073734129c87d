import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { GroupId, PlatformUserId } from '../../model.js';
import { storedFence } from './deletion-fence.js';
import type { Known } from './known.js';
import type { Folded } from './touched.js';

export interface EndedMembership {
  readonly platformUserId: PlatformUserId;
  readonly groupId: GroupId;
}

/**
 * Ends the memberships that are not newer than the deletion of their group, including those of this
 * batch. The ended memberships keep their positions in the order, so that no older fact restores
 * them. Skips deleted users, who have no desired roles. Returns the ended memberships of linked
 * users.
 */
export async function endMemberships(
  db: Db,
  { lives }: Known,
  { groupDeletions }: Folded,
): Promise<readonly EndedMembership[]> {
  const fences = [...new Set(groupDeletions.map(({ groupId }) => groupId))]
    .sort()
    .flatMap((groupId) => {
      const fence = lives.get(groupId)?.fence;
      return fence ? [{ groupId, fence: storedFence(fence) }] : [];
    });
  if (fences.length === 0) return [];
  const { rows } = await sql<EndedMembership>`
    with covered as materialized (
      select m.platform_user_id, m.group_id
      from jsonb_to_recordset(${JSON.stringify(fences)}::jsonb) as f ("groupId" text, fence jsonb)
      join membership m on m.group_id = f."groupId"
      where m.is_held and case when m.sequence is not null
          then coalesce(m.sequence <= (f.fence ->> 0)::bigint, false) or coalesce(m.time_us <= (f.fence ->> 1)::bigint, false)
          else m.time_us <= (f.fence ->> 2)::bigint end
        and not exists (select from platform_user u where u.id = m.platform_user_id and u.deleted_at is not null)
      order by m.platform_user_id collate "C", m.group_id collate "C"
      for update of m),
    ended as (
      update membership m set is_held = false from covered c
      where m.platform_user_id = c.platform_user_id and m.group_id = c.group_id
      returning m.platform_user_id, m.group_id)
    select e.platform_user_id as "platformUserId", e.group_id as "groupId" from ended e
    where exists (select from link l where l.platform_user_id = e.platform_user_id)`.execute(db);
  return rows;
}
