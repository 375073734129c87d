import { type RawBuilder, sql } from 'kysely';

/** Reversals within this time make a dispute. */
const DISPUTE_WITHIN = sql.lit('10 minutes');
const MOST_REVERSALS = sql.lit(3);

const IS_SOON = sql`k.reversed_since > clock_timestamp() - interval ${DISPUTE_WITHIN}`;

/**
 * Columns of a changed row of `hand_change`, whose last row in the same direction is `k`. If
 * `k.is_noted`, that row already contains this change. `first`: the reversals of a first change.
 *
 * A change in the same direction as the last is a reversal, because the connector has changed the
 * role in between.
 */
export const counted = (first: 0 | 1): RawBuilder<unknown> => sql`
  k.disputed_since, k.next_try_at, coalesce(k.tries, 0) as tries, coalesce(k.is_noted, false) as is_noted,
  case when k.is_noted then k.changed_at else clock_timestamp() end as changed_at,
  case when k.role_id is null then ${sql.lit(first)} when k.is_noted then greatest(k.reversals, ${sql.lit(first)})
    when ${IS_SOON} then k.reversals + 1 else 1 end as reversals,
  case when k.reversals > 0 and (k.is_noted or ${IS_SOON}) then k.reversed_since else clock_timestamp() end as reversed_since`;

/** Condition on `client c`: a removal of the role by a person stays. */
export const staysRemoved = (roleId: RawBuilder<unknown>): RawBuilder<boolean> => sql`
  (c.hand_removals = 'HOLD' and exists (
    select from role_mapping p where p.client_id = c.id and p.role_id = ${roleId} and p.retired_at is null
      and coalesce(p.authority, c.authority) = 'PLATFORM'))`;

/**
 * Statement that saves the rows of the query `changed`. The third reversal within ten minutes makes
 * the role disputed. Each further one doubles the time until the next try, up to an hour. A run has
 * announced the dispute before, and has set `tries` to 1.
 */
export const saveCounted: RawBuilder<unknown> = sql`
  insert into hand_change (client_id, discord_user_id, role_id, is_given, changed_at, by_discord_user_id, by_name, entry_id, is_held,
    reversals, reversed_since, disputed_since, next_try_at, tries)
  select n.client_id, n.discord_user_id, n.role_id, n.is_given, n.changed_at, n.by_discord_user_id, n.by_name, n.entry_id, n.is_held,
    n.reversals, n.reversed_since,
    case when n.disputed_since is not null then n.disputed_since when n.reversals >= ${MOST_REVERSALS} then clock_timestamp() end,
    case when n.disputed_since is not null and n.is_noted then n.next_try_at
      when n.disputed_since is not null then clock_timestamp() + least(interval '10 minutes' * power(2, greatest(n.tries, 1)), interval '1 hour')
      when n.reversals >= ${MOST_REVERSALS} then clock_timestamp() + interval '10 minutes' end,
    case when n.disputed_since is not null and not n.is_noted then n.tries + 1 else n.tries end
  from changed n order by n.client_id, n.discord_user_id, n.role_id
  on conflict (client_id, discord_user_id, role_id) do update set is_given = excluded.is_given, changed_at = excluded.changed_at,
    by_discord_user_id = excluded.by_discord_user_id, by_name = excluded.by_name, entry_id = excluded.entry_id,
    is_held = excluded.is_held, reversals = excluded.reversals, reversed_since = excluded.reversed_since,
    disputed_since = excluded.disputed_since, next_try_at = excluded.next_try_at, tries = excluded.tries`;
