import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { ClientId } from '../../model.js';
import type { SweepEnding } from '../../sweep/ports.js';
import { countUnlinkedHolders } from './save-unlinked.js';

export async function saveHolders(
  db: Db,
  clientId: ClientId,
  { holders, listed }: Pick<SweepEnding, 'holders' | 'listed'>,
): Promise<void> {
  if (listed) return countUnlinkedHolders(db, { clientId, ...listed });
  if (holders === null) return;
  await (
    holders === 'asExpected'
      ? sql`update guild_listing set runs_since = runs_since + 1 where client_id = ${clientId}`
      : sql`
        insert into guild_listing (client_id, unlinked_holders)
        values (${clientId}, ${JSON.stringify(Object.fromEntries(holders))}::jsonb)
        on conflict (client_id) do update set unlinked_holders = excluded.unlinked_holders, runs_since = 0`
  ).execute(db);
}
