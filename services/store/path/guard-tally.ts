import { sql, type Kysely } from 'kysely';

import {
  FEW_HOLDERS,
  type ClientId,
  type DiscordUserId,
  type RoleId,
} from '../../model.js';
import type { GuardTally } from '../../reconcile/records.js';

/** A removal that is about to be judged. */
export interface Removal {
  readonly discordUserId: DiscordUserId;
  readonly roleId: RoleId;
}

/** One judges at a time, so that two members at once cannot both take the last permitted removal. Until the transaction ends. */
export async function lockGuard(
  db: Kysely<unknown>,
  clientId: ClientId,
): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('guard ' || ${clientId}, 0))`.execute(
    db,
  );
}

/**
 * Removals of the last hour, with those that the platform was asked for where Discord has the say, and holders as the mirror shows them. A member counts once for each role, however often its removal
 * was tried. Holders are counted only where these removals would exceed the client's minimum: below it they decide nothing. Whoever
 * was given a role within the hour did not hold it when the hour began; who is about to lose it does not hold it any more.
 */
export async function readTally(
  db: Kysely<unknown>,
  clientId: ClientId,
  removals: readonly Removal[],
): Promise<GuardTally> {
  const { rows } = await sql<Row>`
    with managed as (select distinct role_id from role_mapping where client_id = ${clientId}),
    taken as (
      select * from unnest(${removals.map((each) => each.roleId)}::text[],
        ${removals.map((each) => each.discordUserId)}::text[]) as t (role_id, discord_user_id)
    ), removed as (
      select t.role_id, count(distinct t.discord_user_id)::int as removed from (
        select r.role_id, a.discord_user_id
        from audit_record a cross join lateral unnest(a.guarded_removed) as r (role_id)
        where a.client_id = ${clientId} and a.guarded_removed <> '{}' and a.opened_at > now() - interval '1 hour'
        union all
        select p.role_id, l.discord_user_id
        from role_mapping p join remote_membership b on b.mapping_id = p.id join link l on l.id = b.link_id
        where p.client_id = ${clientId} and b.removal_asked_at > now() - interval '1 hour'
      ) t group by t.role_id
    ), given as (
      select r.role_id, count(distinct a.discord_user_id)::int as given
      from audit_record a cross join lateral unnest(a.added) as r (role_id)
      where a.client_id = ${clientId} and a.added <> '{}' and a.opened_at > now() - interval '1 hour'
      group by r.role_id
    ), total as (select coalesce(sum(removed), 0) as removed from removed)
    select m.role_id, coalesce(r.removed, 0) as removed,
      case when total.removed + ${removals.length}::int <= c.guard_minimum then 0
        else (select count(*) from member h where h.client_id = c.id and h.role_ids @> array[m.role_id]
            and not exists (${aboutToLose}))
          - coalesce((select g.given from given g where g.role_id = m.role_id), 0) end::int as holders,
      case when coalesce(r.removed, 0) + (select count(*) from taken t where t.role_id = m.role_id) < ${FEW_HOLDERS}::int then false
        else not exists (
          select from member h where h.client_id = c.id and h.is_present and h.role_ids @> array[m.role_id]
            and not exists (select from taken t where t.role_id = m.role_id and t.discord_user_id = h.discord_user_id)
            and not exists (${aboutToLose}))
        end as is_last,
      not exists (select from membership) as has_no_memberships
    from managed m cross join total join client c on c.id = ${clientId} left join removed r using (role_id)`.execute(
    db,
  );
  const tallies = rows.map((row) => ({
    roleId: row.role_id,
    removedLastHour: row.removed,
    holders: Math.max(0, row.holders),
    isLast: row.is_last,
  }));
  return {
    roles: new Map(tallies.map((tally) => [tally.roleId, tally])),
    guild: {
      removedLastHour: tallies.reduce(
        (sum, { removedLastHour }) => sum + removedLastHour,
        0,
      ),
      holders: tallies.reduce((sum, { holders }) => sum + holders, 0),
    },
    hasNoMemberships: rows[0]?.has_no_memberships ?? false,
  };
}

const aboutToLose = sql`
  select from audit_record o where o.client_id = h.client_id and o.discord_user_id = h.discord_user_id
    and o.closed_at is null and m.role_id = any(o.planned_removed)`;

interface Row {
  readonly role_id: RoleId;
  readonly removed: number;
  readonly holders: number;
  readonly is_last: boolean;
  readonly has_no_memberships: boolean;
}
