import { sql } from 'kysely';

import type { MemberKey } from '../../model.js';
import type { Db } from '../entities/entities.js';
import { counted, saveCounted, staysRemoved } from './hand-changes.js';
import { entryTime } from './hand-entries.js';
import type { Flip } from './judge-event.js';

export interface MemberFlip extends MemberKey, Flip {
  /** The time of the mirror before the flip. */
  readonly writtenAt: string | null;
}

/** An audit log entry this young belongs to the flip that has just arrived. */
const SAME_CHANGE = sql.lit('15 seconds');

/**
 * Records mapped roles that somebody else gave or took. With `handRemovals: HOLD`, a removal is
 * held, unless its audit log entry has already decided that.
 *
 * If an entry has recorded the change before, the row is newer than the mirror, and the change is
 * not counted twice.
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
    ), changed as (
      select f.*, k.by_discord_user_id, k.by_name, k.entry_id, ${counted(1)},
        case when k.is_noted or ${entryTime(sql`k.entry_id`)} > clock_timestamp() - interval ${SAME_CHANGE} then k.is_held
          else not f.is_given and ${staysRemoved(sql`f.role_id`)} end as is_held
      from flip f join client c on c.id = f.client_id
      left join known k on k.client_id = f.client_id and k.discord_user_id = f.discord_user_id and k.role_id = f.role_id
    ) ${saveCounted}`.execute(db);
}
