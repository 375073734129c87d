import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import { FEW_HOLDERS, type ClientId, type DiscordUserId, type RoleId } from '../../model.js';
import type {
  GuardLimits,
  GuardTally,
  RoleState,
  RoleTally,
} from '../../reconcile/write/records.js';

/** A removal that is about to be judged. */
export interface Removal {
  readonly discordUserId: DiscordUserId;
  readonly roleId: RoleId;
}

/**
 * Locks the client's removal guard until the transaction ends, so that two concurrent runs cannot
 * both use the last allowed removal. Returns the client's limits.
 */
export async function lockGuard(db: Db, clientId: ClientId): Promise<GuardLimits> {
  const { rows } = await sql<GuardLimits>`
    select c.guard_minimum as minimum, c.guard_percent as percent,
      pg_advisory_xact_lock(hashtextextended('guard ' || ${clientId}, 0))::text as locked
    from (select 1) o left join client c on c.id = ${clientId}`.execute(db);
  const [row] = rows;
  return { minimum: row?.minimum ?? 0, percent: row?.percent ?? 0 };
}

/**
 * Counts the removals of the last hour and the holders according to the mirror, per mapped role of
 * the client and for the guild. Counts removals by any client of the guild, and removals requested
 * from the platform under authority DISCORD. A member counts once per role, however often the
 * removal was tried. Holders are counted only if the removals being judged could exceed a limit.
 * `countsDue` also counts removals that were allowed in earlier bursts and whose runs have not
 * begun; set it to judge another burst.
 */
export async function readTally(
  db: Db,
  clientId: ClientId,
  removals: readonly Removal[],
  countsDue = false,
): Promise<GuardTally> {
  const { rows } = await sql<TallyRow>`
    with at as (select id, guild_id, guard_minimum, guard_percent from client where id = ${clientId}),
    taken as (
      select * from unnest(${removals.map((each) => each.roleId)}::text[],
        ${removals.map((each) => each.discordUserId)}::text[]) as t (role_id, discord_user_id)
    ), removed as materialized (${REMOVED}), due as materialized (${due(countsDue)}),
    given as (
      select r.role_id, count(distinct a.discord_user_id)::int as given
      from audit_record a cross join lateral unnest(a.added) as r (role_id)
      where a.guild_id = (select guild_id from at) and a.added <> '{}' and a.opened_at > now() - interval '1 hour'
      group by r.role_id
    ), guild as (
      select (select count(*)::int from removed where is_guarded) as removed, (select count(*)::int from due) as due
    ), managed as (
      select m.role_id, coalesce(r.removed, 0) as removed, coalesce(d.due, 0) as due, coalesce(t.taken, 0) as taken
      from (select distinct role_id from role_mapping where client_id = ${clientId}) m
      left join (select role_id, count(*)::int as removed from removed group by 1) r using (role_id)
      left join (select role_id, count(*)::int as due from due group by 1) d using (role_id)
      left join (select role_id, count(*)::int as taken from taken group by 1) t using (role_id)
    )
    select m.role_id as "roleId", (select n.name from role n where n.client_id = at.id and n.id = m.role_id) as name,
      m.removed as "removedLastHour", m.due, g.removed as "guildRemoved", g.due as "guildDue",
      case when n.is_counted then h.holders - coalesce((select v.given from given v where v.role_id = m.role_id), 0) - (
        select count(*) from audit_record o join member h on h.client_id = o.client_id and h.discord_user_id = o.discord_user_id
        where o.client_id = at.id and o.closed_at is null and m.role_id = any(o.planned_removed) and m.role_id = any(h.role_ids))
        else 0 end::int as holders,
      case when n.is_few then m.removed + m.taken + h.holders - (${heldOf('removed')}) - (${heldOf('taken')}) else 0 end::int
        as "heldLastHour",
      case when m.taken = 0 then '[]' else coalesce((
        select jsonb_agg(distinct jsonb_build_object('cause', d.held_by, 'isStream', d.is_stream)) from removal_decision d
        where d.client_id = at.id and d.role_id = m.role_id and d.verdict = 'HELD' and d.held_by is not null), '[]')
        end as waiting,
      not ${countsDue}::boolean and exists (select from taken t join removal_decision d on d.client_id = at.id and d.discord_user_id = t.discord_user_id
        and d.role_id = t.role_id and d.verdict = 'HELD' where t.role_id = m.role_id) as "isHeld",
      not ${countsDue}::boolean and exists (select from taken t join reconcile_job j on j.client_id = at.id and j.discord_user_id = t.discord_user_id
        where t.role_id = m.role_id and t.role_id = any(j.removals)) as "isForeseen",
      not exists (select from membership) as "hasNoMemberships"
    from managed m cross join guild g cross join at
    cross join lateral (select g.removed + g.due + ${removals.length}::int > at.guard_minimum as is_counted,
      m.taken > 0 and m.removed + m.due + m.taken >= ${FEWEST_OVER_HALF}::int as is_few) n
    cross join lateral (select case when n.is_counted or n.is_few then (select count(*) from (
        select from member h where h.client_id = at.id and h.role_ids @> array[m.role_id]
        limit 3 * (m.removed + m.due + m.taken) + case when n.is_counted then ${enoughHolders(removals.length)} else 0 end) x)
        else 0 end as holders) h`.execute(db);
  return tallyOf(rows);
}

/**
 * Number of holders at which counting stops, because most roles have far more. With this many
 * holders, the removals are within the allowed percentage. The 1000 and the grants of the last hour
 * make up for holders that are subtracted after counting.
 */
const enoughHolders = (removals: number) => sql`
  case when at.guard_percent = 0 then 0 else
    ceil(100 * (g.removed + g.due + ${removals}::int) / at.guard_percent)::bigint + 1000
    + coalesce((select v.given from given v where v.role_id = m.role_id), 0) end`;

/** Counts the members of these removals who still hold the role according to the mirror. */
const heldOf = (removals: 'removed' | 'taken') => sql`
  select count(*) from ${sql.table(removals)} x join member y on y.client_id = at.id and y.discord_user_id = x.discord_user_id
  where x.role_id = m.role_id and m.role_id = any(y.role_ids)`;

/**
 * The fewest removals that can be more than half of a role's holders, if the role has at least
 * FEW_HOLDERS holders: three of five.
 */
const FEWEST_OVER_HALF = Math.floor(FEW_HOLDERS / 2) + 1;

/**
 * Removals of the last hour, without the ones being judged, which are counted separately. Uses NOT
 * IN, because PostgreSQL always hashes the subquery of NOT IN.
 */
const REMOVED = sql`
  select r.role_id, r.discord_user_id, bool_or(r.is_guarded) as is_guarded from (
    select g.role_id, a.discord_user_id, g.is_guarded
    from audit_record a cross join lateral (
      select unnest(a.guarded_removed) as role_id, true as is_guarded
      union all select unnest(a.taken_back), false) g
    where a.guild_id = (select guild_id from at) and (a.guarded_removed <> '{}' or a.taken_back <> '{}')
      and a.opened_at > now() - interval '1 hour'
    union all
    select q.role_id, q.discord_user_id, true from asked_removal q
    where q.guild_id = (select guild_id from at) and q.asked_at > now() - interval '1 hour'
  ) r
  where (r.role_id, r.discord_user_id) not in (select t.role_id, t.discord_user_id from taken t)
  group by r.role_id, r.discord_user_id`;

/** Allowed removals of members who wait for their run and still hold the role. */
const due = (isCounted: boolean) => sql`
  select r.role_id, j.discord_user_id
  from reconcile_job j cross join lateral unnest(j.removals) as r (role_id)
  join member h on h.client_id = j.client_id and h.discord_user_id = j.discord_user_id and r.role_id = any(h.role_ids)
  where ${isCounted}::boolean and j.client_id = (select id from at) and j.removals <> '{}' and not j.is_parked
    and (r.role_id, j.discord_user_id) not in (select t.role_id, t.discord_user_id from taken t)
    and (r.role_id, j.discord_user_id) not in (select t.role_id, t.discord_user_id from removed t)`;

interface TallyRow extends RoleTally, RoleState {
  readonly roleId: RoleId;
  readonly guildRemoved: number;
  readonly guildDue: number;
  readonly hasNoMemberships: boolean;
}

function tallyOf(rows: readonly TallyRow[]): GuardTally {
  const [first] = rows;
  const roles = rows.map((row) => ({
    roleId: row.roleId,
    name: row.name,
    removedLastHour: row.removedLastHour,
    due: row.due,
    holders: Math.max(0, row.holders),
    heldLastHour: row.heldLastHour,
    waiting: row.waiting,
    isHeld: row.isHeld,
    isForeseen: row.isForeseen,
  }));
  return {
    roles: new Map(roles.map((role) => [role.roleId, role])),
    guild: {
      removedLastHour: first?.guildRemoved ?? 0,
      due: first?.guildDue ?? 0,
      holders: roles.reduce((sum, { holders }) => sum + holders, 0),
    },
    hasNoMemberships: first?.hasNoMemberships ?? false,
  };
}
