import { sql } from 'kysely';

import type { LiveMemory } from '../../discord/gateway/ports.js';
import type { ClientId } from '../../model.js';
import { inMs } from '../connection/expressions.js';
import type { Db } from '../entities/entities.js';
import { startGapListing } from '../jobs/start-listing.js';
import { isLeasedBy } from './live-bots.js';

type SavedState = Parameters<LiveMemory['saveLiveState']>[1];

/**
 * Saves how events reach the clients whose bot this process leases. A client with an open gap is
 * CATCHING_UP instead of LIVE, and gets another comparison if the last one could not close the gap.
 */
export async function saveLiveState(
  db: Db,
  owner: string,
  clientIds: readonly ClientId[],
  { state, reason, liveForMs }: SavedState,
): Promise<void> {
  if (clientIds.length === 0) return;
  const { rows } = await sql<{ clientId: ClientId | null }>`
    insert into live_guild as g (client_id, state, reason, since, live_until)
    select c.id, ${state}, ${reason}, clock_timestamp(), ${liveForMs > 0 ? inMs(liveForMs) : NEVER}
    from client c where c.id = any(${clientIds}::uuid[]) and ${isLeasedBy(owner)} order by c.id
    on conflict (client_id) do update set reason = excluded.reason, live_until = excluded.live_until,
      state = ${NEXT_STATE}, since = case when g.state = ${NEXT_STATE} then g.since else excluded.since end
    returning case when g.state = 'CATCHING_UP' then g.client_id end as "clientId"`.execute(db);
  const behind = rows.map((row) => row.clientId).filter((id) => id !== null);
  if (behind.length > 0) await startGapListing(db, behind);
}

const NEVER = sql`null::timestamptz`;

const NEXT_STATE = sql`
  case when excluded.state = 'LIVE' and g.gap_at is not null then 'CATCHING_UP' else excluded.state end`;

/** Saves the begin or end of an outage of the guild at Discord. */
export async function saveUnavailable(
  db: Db,
  owner: string,
  clientId: ClientId,
  isUnavailable: boolean,
): Promise<void> {
  await sql`
    insert into live_guild as g (client_id, state, since, unavailable_since)
    select c.id, 'CONNECTING', clock_timestamp(), ${isUnavailable ? sql`clock_timestamp()` : NEVER}
    from client c where c.id = ${clientId} and ${isLeasedBy(owner)}
    on conflict (client_id) do update set unavailable_since =
      case when excluded.unavailable_since is null then null else coalesce(g.unavailable_since, excluded.unavailable_since) end`.execute(
    db,
  );
}

/**
 * Saves that events of these clients have arrived, at most once a second. Skips rows locked by
 * others, because the time is only displayed.
 */
export async function noteEventTime(db: Db, clientIds: readonly ClientId[]): Promise<void> {
  if (clientIds.length === 0) return;
  await sql`
    update live_guild set last_event_at = clock_timestamp() where client_id = any(array(
      select g.client_id from live_guild g
      where g.client_id = any(${clientIds}::uuid[])
        and (g.last_event_at is null or g.last_event_at < statement_timestamp() - interval '1 second')
      order by g.client_id for update skip locked))`.execute(db);
}
