/**
 * `desiredRoles` in SQL: parts of the statement that finds members out of step. In that statement,
 * `a` is the member, `s` the memberships of `a`, and `v` the verdicts.
 */
import { sql } from 'kysely';

import type { ClientId } from '../../model.js';
import { isGrantUndone } from '../live/undone.js';

/**
 * Query of the mappings to assignable roles, with the columns that are the same for every member.
 */
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
 * Query of the groups a user is known to be in, the groups the user is known not to be in, and
 * whether a snapshot exists. Runs for one user at a time, by key: for a whole page at once,
 * PostgreSQL would read all users and memberships of the platform. A membership written by a
 * snapshot proves that a snapshot exists, so the user's row is read only if there is no such
 * membership.
 */
export const standing = sql`
  select coalesce(array_agg(s.group_id) filter (where s.is_held), '{}') as held_in,
    coalesce(array_agg(s.group_id) filter (where not s.is_held), '{}') as not_held_in,
    coalesce(bool_or(s.is_snapshot), false)
      or coalesce((select u.snapshot_time_us is not null from platform_user u where u.id = a.platform_user_id), false) as has_snapshot
  from membership s where s.platform_user_id = a.platform_user_id`;

/**
 * Query of a member's roles by the verdict of each mapping: wanted, unknown and denied. Denied
 * includes only roles the member holds. The cases are in the order of `mappingVerdict`.
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
 * Combines the verdicts per role. Adds a role that any mapping grants, except while the member
 * waits for screening or is timed out. Removes a role that all its mappings deny, except if the removal is held or
 * was rejected, and except the removals that `isKept` excludes. Both columns are null for members in
 * step, who are the majority.
 */
export const changes = (clientId: ClientId, isKept = sql`false`) => sql`
  select
    case when not a.grants_wait and not v.wanted <@ a.role_ids then (
      select array_agg(distinct n.id collate "C") from unnest(v.wanted) as n (id)
      where n.id <> all(a.role_ids) and not ${isGrantUndone(clientId, sql`n.id`)}
    ) end as add,
    case when v.denied <> '{}' then (
      select array_agg(distinct n.id collate "C") from unnest(v.denied) as n (id)
      where n.id <> all(v.wanted) and n.id <> all(v.unknown) and not exists (
        select from removal_decision w where w.client_id = ${clientId} and w.discord_user_id = a.discord_user_id
          and w.role_id = n.id and w.verdict in ('HELD', 'REJECTED')) and not ${isKept}
    ) end as remove`;
