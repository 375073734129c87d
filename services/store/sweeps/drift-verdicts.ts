/**
 * What a member should have, in SQL as `desiredRoles` says it: parts of the statement that finds
 * who is out of step. `a` is the member there, `s` their standing, `v` the verdicts.
 */
import { sql } from 'kysely';

import type { ClientId } from '../../model.js';

/** Of each mapping to a role that can be given and taken, what is the same for everybody. */
export const mapped = (clientId: ClientId) => sql`
  select m.role_id, m.group_id, coalesce(m.authority, c.authority) <> 'PLATFORM' as is_not_platforms,
    m.retired_at is not null as is_retired, g.deleted_at is not null as is_deleted,
    c.unknown_membership = 'REMOVE' as takes_unknown
  from client c
  join role_mapping m on m.client_id = c.id
  join platform_group g on g.id = m.group_id
  left join role r on r.client_id = c.id and r.id = m.role_id
  where c.id = ${clientId} and r.refusal is null`;

/**
 * What is known of a person: the groups that hold them, those that do not, and whether all were
 * told at once. For one person at a time, by the key: asked of a page at once it is answered by
 * reading the people and the memberships of all the platform. A membership that a snapshot wrote
 * tells that there was one; the person is looked up where none does.
 */
export const standing = sql`
  select coalesce(array_agg(s.group_id) filter (where s.is_held), '{}') as held_in,
    coalesce(array_agg(s.group_id) filter (where not s.is_held), '{}') as not_held_in,
    coalesce(bool_or(s.is_snapshot), false)
      or coalesce((select u.snapshot_time_us is not null from platform_user u where u.id = a.platform_user_id), false) as has_snapshot
  from membership s where s.platform_user_id = a.platform_user_id`;

/**
 * Roles by what their mappings say, each mapping by itself; of those that one denies, the ones that
 * the member holds. The cases stand in the order of `mappingVerdict`.
 */
export const verdicts = sql`
  select coalesce(array_agg(m.role_id) filter (where v.verdict = 'yes'), '{}') as wanted,
    coalesce(array_agg(m.role_id) filter (where v.verdict = 'unknown'), '{}') as unknown,
    coalesce(array_agg(m.role_id) filter (where v.verdict = 'no' and m.role_id = any(a.role_ids)), '{}') as denied
  from mapped m
  cross join lateral (select case
    when m.is_not_platforms then 'unknown'
    when m.is_retired or a.is_ending then 'no'
    when m.is_deleted then 'no'
    when m.group_id = any(s.held_in) then 'yes'
    when m.group_id = any(s.not_held_in) or s.has_snapshot then 'no'
    when a.has_ending or m.takes_unknown then 'no'
    else 'unknown' end as verdict) v
  where a.is_known and a.is_present`;

/**
 * What all mappings to a role say together: one that gives it is enough, and it is taken where all
 * deny it. Null for the many who are in step.
 */
export const changes = (clientId: ClientId) => sql`
  select
    case when not a.is_screened and not v.wanted <@ a.role_ids then (
      select array_agg(distinct n.id collate "C") from unnest(v.wanted) as n (id) where n.id <> all(a.role_ids)
    ) end as add,
    case when v.denied <> '{}' then (
      select array_agg(distinct n.id collate "C") from unnest(v.denied) as n (id)
      where n.id <> all(v.wanted) and n.id <> all(v.unknown) and not exists (
        select from removal_decision w where w.client_id = ${clientId} and w.discord_user_id = a.discord_user_id
          and w.role_id = n.id and w.verdict in ('HELD', 'REJECTED'))
    ) end as remove`;
