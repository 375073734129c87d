import { sql } from 'kysely';

import type { LiveMemory } from '../../discord/gateway/ports.js';
import type { Database } from '../connection/database.js';
import { inMs } from '../connection/expressions.js';
import type { Db } from '../entities/entities.js';

/** Discord accepts one identify per bot in this time. */
const SPACING_MS = 5_000;
/**
 * Identifies that are never used. At zero Discord ends all sessions of the bot and resets its
 * token.
 */
const KEPT = 3;
/**
 * The last identifies are spread over the time until Discord's reset. A session that fails again
 * and again, in any process, then slows down, but is still tried several times a day.
 */
const SPREAD = 50;
/** Two readings of Discord's limit whose resets are this close belong to the same period. */
const SAME_RESET_MS = 60_000;
const LEAST_WAIT_MS = 1_000;

/**
 * Takes one of the bot's identifies, which all processes share. Resolves to 0, or to the time to
 * wait before asking again.
 */
export function createTakeStart(database: Database): LiveMemory['takeStart'] {
  return async (applicationId, said) =>
    database.transaction(async ({ sql: db }) => {
      const left = await lockStarts(db, applicationId, said);
      if (left.waitMs > 0) return left.waitMs;
      if (left.remaining <= KEPT) return Math.max(left.resetAfterMs, LEAST_WAIT_MS);
      const spacingMs =
        left.remaining > SPREAD
          ? SPACING_MS
          : Math.max(SPACING_MS, left.resetAfterMs / (left.remaining - KEPT));
      await db
        .updateTable('gateway_start')
        .set({ remaining: left.remaining - 1, nextAt: inMs(spacingMs) })
        .where('applicationId', '=', applicationId)
        .execute();
      return 0;
    });
}

interface StartsLeft {
  readonly remaining: number;
  readonly resetAfterMs: number;
  /** How long the last identify blocks the next. */
  readonly waitMs: number;
}

/**
 * Locks the bot's row and merges Discord's reading into it. Within a period the smaller number
 * counts, because another process may have identified since this one asked Discord.
 */
async function lockStarts(
  db: Db,
  applicationId: string,
  said: Parameters<LiveMemory['takeStart']>[1],
): Promise<StartsLeft> {
  const resetsAt = inMs(said.resetAfterMs);
  const { rows } = await sql<StartsLeft>`
    insert into gateway_start as s (application_id, remaining, resets_at, next_at)
    values (${applicationId}, ${said.remaining}, ${resetsAt}, clock_timestamp())
    on conflict (application_id) do update set resets_at = excluded.resets_at,
      remaining = case when s.resets_at > clock_timestamp()
          and abs(extract(epoch from s.resets_at - excluded.resets_at)) * 1000 < ${SAME_RESET_MS}::int
        then least(s.remaining, excluded.remaining) else excluded.remaining end
    returning s.remaining, greatest(0, extract(epoch from s.resets_at - clock_timestamp()) * 1000)::float8 as "resetAfterMs",
      greatest(0, ceil(extract(epoch from s.next_at - clock_timestamp()) * 1000))::float8 as "waitMs"`.execute(
    db,
  );
  const [left] = rows;
  if (left === undefined) throw new Error(`no identifies stored for bot ${applicationId}`);
  return left;
}
