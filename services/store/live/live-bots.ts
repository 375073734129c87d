import { sql } from 'kysely';

import type { LiveBot } from '../../discord/gateway/ports.js';
import { REVISION } from '../clients/client-rows.js';
import type { Db } from '../entities/entities.js';
import { startGapListing } from '../jobs/start-listing.js';

/**
 * Returns the bots that this process leases and that serve at least one client that wants events.
 * Such a client is live and enabled, and neither stopped nor being deleted. Starts a member list for
 * those with an open gap, if the last one could not end it.
 */
export async function readLiveBots(db: Db, owner: string): Promise<readonly LiveBot[]> {
  const rows = await db
    .selectFrom('client as c')
    .innerJoin('bot_lease as b', 'b.applicationId', 'c.applicationId')
    .leftJoin('live_guild as g', 'g.clientId', 'c.id')
    .select([
      'c.applicationId',
      'c.id as clientId',
      'c.guildId',
      'g.state',
      REVISION.as('revision'),
    ])
    .where('b.owner', '=', owner)
    .where('b.leasedUntil', '>', sql<Date>`statement_timestamp()`)
    .where('c.isLive', '=', true)
    .where('c.isEnabled', '=', true)
    .where('c.stoppedAt', 'is', null)
    .where('c.endingAt', 'is', null)
    .orderBy('c.applicationId')
    .orderBy('c.id')
    .execute();
  const behind = rows.filter(({ state }) => state === 'CATCHING_UP');
  if (behind.length > 0)
    await startGapListing(
      db,
      behind.map(({ clientId }) => clientId),
    );
  return [...Map.groupBy(rows, (row) => row.applicationId)].map(([applicationId, clients]) => ({
    applicationId,
    clients: clients.map(({ clientId, guildId, revision }) => ({ clientId, guildId, revision })),
  }));
}

/**
 * Condition: this process leases the bot. A process that was suspended for longer than its lease
 * must not overwrite what the bot's new process has stored.
 */
export const isLeasedBy = (
  owner: string,
  applicationId = sql.ref('c.application_id'),
) => sql<boolean>`
  exists (select from bot_lease b where b.application_id = ${applicationId} and b.owner = ${owner}
    and b.leased_until > clock_timestamp())`;
