import { sql } from 'kysely';

/**
 * The position of the current fact about a user and a group, as text that is only compared for
 * equality. Null: there is none. Uses `membership s` and `platform_user u`; a group without a row
 * of its own is denied by the last snapshot.
 */
export const FACT_ORDER = sql<string | null>`case
  when s.group_id is not null then concat_ws('/', coalesce(s.sequence::text, '-'), s.time_us, s.is_snapshot)
  when u.snapshot_time_us is not null then concat_ws('/', coalesce(u.snapshot_sequence::text, '-'), u.snapshot_time_us, true)
end`;

/**
 * Uses `role_mapping m` of `client c`, `platform_group g` and the active link `a`: RemoteFacts as a
 * JSON value, null unless the authority is DISCORD.
 */
export const REMOTE_FACTS = sql`case
  when coalesce(m.authority, c.authority) = 'DISCORD' and m.retired_at is null and a.id is not null then jsonb_build_object(
    'baseline', (
      select jsonb_build_object('hasRole', b.has_role, 'request', case when b.request is not null then
        jsonb_build_object('change', b.request, 'state', b.request_state, 'askedOrder', b.asked_order) end)
      from remote_membership b where b.link_id = a.id and b.mapping_id = m.id),
    'factOrder', ${FACT_ORDER}, 'isGroupDeleted', g.deleted_at is not null)
end`;
