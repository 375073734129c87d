import { sql, type Kysely } from 'kysely';

import type { Database } from './database.js';
import { MIGRATIONS } from './migrations/list.js';

/** Any number; the same for every process, so that two starting at once take turns. */
const LOCK = 741_300_112;

/**
 * Brings the database to this version of the code. Refuses one that is newer. Where there is nothing to do it only looks, so that
 * a role which may not change tables can run the service once somebody else has migrated.
 */
export async function migrate(
  database: Database,
  version = 'unnamed',
): Promise<void> {
  if ((await missing(database.sql(), version)).length === 0) return;
  await database.transaction(async (tx) => {
    await sql`select pg_advisory_xact_lock(${LOCK})`.execute(tx.sql);
    const pending = await missing(tx.sql, version);
    if (pending.length === 0) return;
    await translated(pending, async () => {
      await database.orm.migrator.up({
        transaction: tx.em.getTransactionContext(),
      });
      await sql`comment on table migration is ${sql.lit(WRITTEN_BY + version)}`.execute(
        tx.sql,
      );
    });
  });
}

/** Stands in the database, so that an older version can name the newer one. */
const WRITTEN_BY = 'discord-connector ';

/** The migrations that the database lacks. */
async function missing(
  db: Kysely<unknown>,
  version: string,
): Promise<readonly string[]> {
  const known = MIGRATIONS.map((migration) => migration.name as string);
  const executed = await readExecuted(db);
  const newer = executed.filter((name) => !known.includes(name));
  if (newer.length > 0) throw await tooNew(db, version, newer);
  return known.filter((name) => !executed.includes(name));
}

async function readExecuted(db: Kysely<unknown>): Promise<readonly string[]> {
  const { rows: tables } = await sql<{ exists: boolean }>`
    select to_regclass('migration') is not null as exists`.execute(db);
  if (tables[0]?.exists !== true) return [];
  const { rows } = await sql<{ name: string }>`
    select name from migration order by id`.execute(db);
  return rows.map((row) => row.name);
}

async function tooNew(
  db: Kysely<unknown>,
  version: string,
  newer: readonly string[],
): Promise<Error> {
  const { rows } = await sql<{ comment: string | null }>`
    select obj_description('migration'::regclass, 'pg_class') as comment`.execute(
    db,
  );
  const comment = rows[0]?.comment ?? '';
  const writer = comment.startsWith(WRITTEN_BY)
    ? `version ${comment.slice(WRITTEN_BY.length)}`
    : 'a newer version';
  return new Error(
    `the database is newer than this version of the connector: ${writer} has brought ${newer.join(', ')}, and this is version ${version}, whose last migration is ${MIGRATIONS.at(-1)?.name}; start the newer version, or restore a backup from before it`,
  );
}

/** 42501 insufficient privilege. */
async function translated(
  pending: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw new Error(
      `the database lacks ${pending.join(', ')}, and this role may not change its tables: run "npm run migrate" with the DATABASE_URL of one that may`,
      { cause: error },
    );
  }
}

function isRefusal(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause)
    if ('code' in each && each.code === '42501') return true;
  return false;
}
