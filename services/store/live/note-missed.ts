import { sql } from 'kysely';

import type { ClientId } from '../../model.js';
import type { Db } from '../entities/entities.js';
import { isLive } from './is-live.js';

/**
 * Counts differences that a member list shows and that events should have shown. Counts nothing
 * while the client is not live or Discord reports an outage of the guild.
 */
export async function noteMissed(db: Db, clientId: ClientId, count: number): Promise<void> {
  if (count === 0) return;
  await sql`
    update live_guild g set missed = g.missed + ${count}::int
    where g.client_id = ${clientId} and g.unavailable_since is null and ${isLive(sql`g.client_id`)}`.execute(
    db,
  );
}
