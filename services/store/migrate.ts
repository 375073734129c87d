import { sql } from 'kysely';

import type { Database } from './database.js';
import { MIGRATIONS } from './migrations/list.js';

/** Any number; the same for every process, so that two starting at once take turns. */
const LOCK = 741_300_112;

/** Brings the database to this version of the code. Refuses one that is newer. */
export async function migrate(database: Database): Promise<void> {
  await database.transaction(async (tx) => {
    await sql`select pg_advisory_xact_lock(${LOCK})`.execute(tx.sql);
    await refuseNewer(database);
    await database.orm.migrator.up({
      transaction: tx.em.getTransactionContext(),
    });
  });
}

async function refuseNewer(database: Database): Promise<void> {
  const known = new Set<string>(MIGRATIONS.map((migration) => migration.name));
  const newer = (await database.orm.migrator.getExecuted())
    .map((row) => row.name)
    .filter((name) => !known.has(name));
  if (newer.length > 0) {
    throw new Error(
      `the database is newer than this version of the connector: it holds ${newer.join(', ')}; start the newer version, or restore a backup`,
    );
  }
}
