import { sql } from 'kysely';

import type { ClientId } from '../../model.js';
import type { Db } from '../entities/entities.js';
import { startGapListing } from '../jobs/start-listing.js';

/**
 * Opens a gap: events may have been missed until now. From now on the mirror is not trusted, and a
 * sweep compares the whole guild. Any process may call this, because an unnecessary gap only costs
 * a member list.
 */
export async function openGap(db: Db, clientIds: readonly ClientId[]): Promise<void> {
  if (clientIds.length === 0) return;
  await sql`
    insert into live_guild as g (client_id, state, since, gap_at)
    select c.id, 'CONNECTING', clock_timestamp(), clock_timestamp()
    from client c where c.id = any(${clientIds}::uuid[]) order by c.id
    on conflict (client_id) do update set gap_at = excluded.gap_at,
      state = case g.state when 'LIVE' then 'CATCHING_UP' else g.state end,
      since = case g.state when 'LIVE' then excluded.since else g.since end`.execute(db);
  await startGapListing(db, clientIds);
}

/**
 * Opens a gap for a client that gets events again after it was off or stopped. Meanwhile its bot may
 * have received events for other clients, so that the session, once resumed, does not repeat those
 * of this client. A client that was never live has nothing to catch up with.
 */
export async function openGapAfterPause(db: Db, clientId: ClientId): Promise<void> {
  const { rows } = await sql`select from live_guild where client_id = ${clientId}`.execute(db);
  if (rows.length > 0) await openGap(db, [clientId]);
}

/**
 * Ends the client's gap if it was opened before this member list was requested. Call it in the
 * transaction that completes the list, after the list is in the mirror.
 */
export async function closeGap(db: Db, clientId: ClientId, askedAt: string): Promise<void> {
  await sql`
    update live_guild set gap_at = null,
      state = case state when 'CATCHING_UP' then 'LIVE' else state end,
      since = case state when 'CATCHING_UP' then clock_timestamp() else since end
    where client_id = ${clientId} and gap_at <= ${askedAt}::timestamptz`.execute(db);
}
