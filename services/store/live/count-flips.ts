import { sql } from 'kysely';

import type { MemberKey } from '../../model.js';
import type { Db } from '../entities/entities.js';
import { entryTime } from './hand-entries.js';
import type { Flip } from './judge-event.js';

export interface MemberFlip extends MemberKey, Flip {
  /** The time of the mirror before the flip. */
  readonly writtenAt: string | null;
}

/** Reversals within this time make a dispute. */
const DISPUTE_WITHIN = sql.lit('10 minutes');
const MOST_REVERSALS = sql.lit(3);
/** An audit log entry this young belongs to the flip that has just arrived. */
const SAME_CHANGE = sql.lit('15 seconds');

/**
 * Records mapped roles that somebody else gave or took. A flip in the same direction as the last
 * one is a reversal, because the connector has changed the role in between; after three within ten
 * minutes the role is disputed. Each further reversal doubles the time until the next try, up to an
 * hour.
 *
 * An audit log entry may have recorded the change already. The mirror is then older than the row,
 * and the change is not counted twice.
 */
export async function countFlips(db: Db, flips: readonly MemberFlip[]): Promise<void> {
  if (flips.length === 0) return;
  const rows = flips.map(({ clientId, discordUserId, roleId, isGiven, writtenAt }) => ({
    client_id: clientId,
    discord_user_id: discordUserId,
    role_id: roleId,
    is_given: isGiven,
    written_at: writtenAt,
  }));
  await sql`
    with flip as (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as f (client_id uuid, discord_user_id text, role_id text,
        is_given boolean, written_at timestamptz)
    ), known as materialized (
      select h.*, h.changed_at >= f.written_at as is_noted from flip f
      join hand_change h on h.client_id = f.client_id and h.discord_user_id = f.discord_user_id and h.role_id = f.role_id
        and h.is_given = f.is_given
      order by h.client_id, h.discord_user_id, h.role_id for update of h
    ), counted as (
      select f.*, k.by_discord_user_id, k.by_name, k.entry_id, k.disputed_since, k.next_try_at, coalesce(k.is_noted, false) as is_noted,
        coalesce(k.tries, 0) as tries, case when k.is_noted then k.changed_at else clock_timestamp() end as changed_at,
        case when k.is_noted then greatest(k.reversals, 1)
          when k.reversed_since > clock_timestamp() - interval ${DISPUTE_WITHIN} then k.reversals + 1 else 1 end as reversals,
        case when k.reversals > 0 and (k.is_noted or k.reversed_since > clock_timestamp() - interval ${DISPUTE_WITHIN})
          then k.reversed_since else clock_timestamp() end as reversed_since,
        case when k.is_noted or ${entryTime(sql`k.entry_id`)} > clock_timestamp() - interval ${SAME_CHANGE} then k.is_held
          else c.hand_removals = 'HOLD' and not f.is_given end as is_held
      from flip f join client c on c.id = f.client_id
      left join known k on k.client_id = f.client_id and k.discord_user_id = f.discord_user_id and k.role_id = f.role_id
    )
    insert into hand_change (client_id, discord_user_id, role_id, is_given, changed_at, by_discord_user_id, by_name, entry_id, is_held,
      reversals, reversed_since, disputed_since, next_try_at, tries)
    select n.client_id, n.discord_user_id, n.role_id, n.is_given, n.changed_at, n.by_discord_user_id, n.by_name, n.entry_id, n.is_held,
      n.reversals, n.reversed_since, ${DISPUTE}
    from counted n order by n.client_id, n.discord_user_id, n.role_id
    on conflict (client_id, discord_user_id, role_id) do update set is_given = excluded.is_given, changed_at = excluded.changed_at,
      by_discord_user_id = excluded.by_discord_user_id, by_name = excluded.by_name, entry_id = excluded.entry_id,
      is_held = excluded.is_held, reversals = excluded.reversals, reversed_since = excluded.reversed_since,
      disputed_since = excluded.disputed_since, next_try_at = excluded.next_try_at, tries = excluded.tries`.execute(
    db,
  );
}

/** The columns disputed_since, next_try_at and tries of the counted row `n`. */
const DISPUTE = sql`
  case when n.disputed_since is not null then n.disputed_since when n.reversals >= ${MOST_REVERSALS} then clock_timestamp() end,
  case when n.is_noted and n.disputed_since is not null then n.next_try_at
    when n.disputed_since is not null then clock_timestamp() + least(interval '10 minutes' * power(2, n.tries + 1), interval '1 hour')
    when n.reversals >= ${MOST_REVERSALS} then clock_timestamp() + interval '10 minutes' end,
  case when n.disputed_since is not null and not n.is_noted then n.tries + 1 else n.tries end`;
