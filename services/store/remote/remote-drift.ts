import { sql } from 'kysely';

import type { ClientId } from '../../model.js';
import { FACT_ORDER } from './remote-facts.js';

/**
 * For the members in `actual`, the roles under authority DISCORD for which a run would grant,
 * request or update something: in SQL what `planRequests` computes for one member. The cases are in
 * the order of `remoteVerdict`. A first reading that finds both sides in agreement needs no run.
 */
export const REMOTE_DRIFT = (clientId: ClientId) => sql`
  select a.discord_user_id, m.role_id, b.link_id is null and v.is_held and g.deleted_at is null as is_given
  from actual a
  join link k on k.client_id = ${clientId} and k.discord_user_id = a.discord_user_id and k.status = 'ACTIVE'
  join client c on c.id = k.client_id
  join role_mapping m on m.client_id = c.id and m.retired_at is null
    and (m.authority = 'DISCORD' or (m.authority is null and c.authority = 'DISCORD'))
  join platform_group g on g.id = m.group_id
  left join role r on r.client_id = c.id and r.id = m.role_id
  left join platform_user u on u.id = k.platform_user_id
  left join membership s on s.platform_user_id = k.platform_user_id and s.group_id = m.group_id
  left join remote_membership b on b.link_id = k.id and b.mapping_id = m.id
  left join removal_decision d on d.client_id = c.id and d.discord_user_id = a.discord_user_id and d.role_id = m.role_id
  cross join lateral (select m.role_id = any(a.role_ids) as has_role,
    case when s.is_held then true when s.is_held = false or u.snapshot_time_us is not null then false end as is_held) v
  where a.is_known and a.is_present and not a.has_ending and r.refusal is null and case
    when g.deleted_at is not null then b.link_id is not null
    when v.is_held is null then false
    when b.link_id is null then v.has_role <> v.is_held and not (v.is_held and a.is_screened)
    when v.has_role = v.is_held then b.request is not null or b.has_role <> v.has_role
    when b.request = case when v.has_role then 'ADDED' else 'REMOVED' end
      then b.request_state = 'OPEN' and b.asked_order <> ${FACT_ORDER}
    when not v.has_role and d.verdict in ('HELD', 'REJECTED') then b.has_role or b.request is not null
    else true end`;
