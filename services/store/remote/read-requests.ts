import { sql } from 'kysely';

import type { ClientId, LinkId } from '../../model.js';
import type { RequestedChange, RequestState } from '../../reconcile/plan/remote.js';
import type { Asker } from '../connection/together.js';
import { columns, type RawRow } from '../entities/columns.js';
import { isGrantUndone } from '../live/undone.js';
import { namedInSql } from '../names.js';
import { gathered, type Time, toDate } from '../read/page.js';

/** Text that describes the requests to the platform for `link l`; null: none. */
export const SAID_OF_REQUESTS = sql`(
  select string_agg('the platform was asked to '
      || case r.request when 'ADDED' then 'add the user to ' else 'remove the user from ' end
      || ${namedInSql('group', sql`p.group_id`, sql`g.name`)}
      || case r.request_state when 'OPEN' then ' but has not done so yet' else ' but reports the opposite' end,
    '; ' order by r.asked_at, r.request_id)
  from remote_membership r join role_mapping p on p.id = r.mapping_id join platform_group g on g.id = p.group_id
  where r.link_id = l.id and r.request is not null)`;

/** Returns the requests to the platform for each link, oldest first. */
export async function requestsOfLinks(db: Asker, linkIds: readonly LinkId[]) {
  const { rows } = await sql<RequestRow>`
    select r.request_id as id, r.link_id as "linkId", ${columns<'role_mapping'>(['clientId', 'groupId', 'roleId'], 'm')},
      r.request as change, r.request_state as state, r.asked_at as "askedAt"
    from remote_membership r join role_mapping m on m.id = r.mapping_id
    where r.link_id = any(${linkIds}::uuid[]) and r.request is not null
    order by r.asked_at, r.request_id`.execute(db);
  return gathered(linkIds, rows.map(withDate), (request) => request.linkId);
}

interface RequestRow
  extends
    RawRow<'remote_membership', 'linkId'>,
    RawRow<'role_mapping', 'clientId' | 'groupId' | 'roleId'> {
  readonly id: string;
  readonly change: RequestedChange;
  readonly state: RequestState;
  readonly askedAt: Time;
}

const withDate = (row: RequestRow) => ({ ...row, askedAt: toDate(row.askedAt) });

/**
 * Identifies the current fact about a user and a group. The text is only compared for equality.
 * Null: no fact. Uses `membership s` and `platform_user u`. Without a membership row, the current
 * fact is the user's last snapshot, which says that the user is not in the group.
 */
const FACT_ORDER = sql<string | null>`case
  when s.group_id is not null then concat_ws('/', coalesce(s.sequence::text, '-'), s.time_us, s.is_snapshot)
  when u.snapshot_time_us is not null then concat_ws('/', coalesce(u.snapshot_sequence::text, '-'), u.snapshot_time_us, true)
end`;

/**
 * RemoteFacts as a JSON value, if the mapping is active, its authority is DISCORD and the account
 * has an active link; otherwise null. Uses `role_mapping m` of `client c`, `platform_group g` and
 * the active link `a`.
 */
export const REMOTE_FACTS = sql`case
  when coalesce(m.authority, c.authority) = 'DISCORD' and m.retired_at is null and a.id is not null then jsonb_build_object(
    'baseline', (
      select jsonb_build_object('hasRole', b.has_role, 'request', case when b.request is not null then
        jsonb_build_object('change', b.request, 'state', b.request_state, 'askedOrder', b.asked_order) end)
      from remote_membership b where b.link_id = a.id and b.mapping_id = m.id),
    'factOrder', ${FACT_ORDER}, 'isGroupDeleted', g.deleted_at is not null)
end`;

/**
 * Query of the roles under authority DISCORD for which a run would grant the role, make a request
 * or update a reading, for the members in `actual`. It does in SQL what `planRequests` does for one
 * member. The cases are in the order of `remoteVerdict`. If the first reading finds that Discord
 * and the platform agree, no run is needed.
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
    when b.link_id is null then v.has_role <> v.is_held and not (v.is_held and (a.grants_wait or ${isGrantUndone(clientId, sql`m.role_id`)}))
    when v.has_role = v.is_held then b.request is not null or b.has_role <> v.has_role
    when b.request = case when v.has_role then 'ADDED' else 'REMOVED' end
      then b.request_state = 'OPEN' and b.asked_order <> ${FACT_ORDER}
    when not v.has_role and d.verdict in ('HELD', 'REJECTED') then b.has_role or b.request is not null
    else true end`;
