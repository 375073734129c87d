import { setTimeout as sleep } from 'node:timers/promises';

import { sql } from 'kysely';

import type { Db } from './entities/entities.js';
import type { Database } from './connection/database.js';
import { COMMENTS } from './migrations/2026-11-30-first.js';
import { SQUASHED } from './migrations/list.js';

/** Key of the advisory lock that makes concurrent migrations take turns; an arbitrary number. */
const LOCK = 741_300_112;

/**
 * Writers lock a table before the tables it references; a migration locks tables in its own order,
 * so the two may deadlock. This lock timeout makes the migration give up and start over before
 * PostgreSQL aborts the other statement (after a second).
 */
const PATIENCE = { lockMs: 200, tries: 200, pauseMs: 500 } as const;

/**
 * Migrates the database to this version's schema. Throws if the database is newer. Only reads if
 * nothing is pending, so that a role without DDL rights can run the service after a migration.
 */
export async function migrate(database: Database, version = 'unnamed'): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    if ((await plan(database, database.sql(), version)).pending.length === 0) return;
    try {
      return await migrateAtOnce(database, version);
    } catch (error) {
      if (!hasCode(error, LOCK_TIMEOUT) || tries === PATIENCE.tries) throw error;
      await sleep(Math.random() * PATIENCE.pauseMs);
    }
  }
}

async function migrateAtOnce(database: Database, version: string): Promise<void> {
  await database.transaction(async (tx) => {
    await sql`select pg_advisory_xact_lock(${LOCK})`.execute(tx.sql);
    await sql`select set_config('lock_timeout', ${String(PATIENCE.lockMs)}, true)`.execute(tx.sql);
    const { pending, isSquashed } = await plan(database, tx.sql, version);
    if (pending.length === 0) return;
    await translated(pending, async () => {
      if (isSquashed) await replaceSquashed(tx.sql, pending[0]);
      await database.orm.migrator.up({
        transaction: tx.em.getTransactionContext(),
      });
      await sql`comment on table migration is ${sql.lit(WRITTEN_BY + version)}`.execute(tx.sql);
    });
  });
}

/**
 * Records the first migration in place of the squashed ones. The schema is already the same, except
 * for the comments, which this adds.
 */
async function replaceSquashed(db: Db, first: string | undefined): Promise<void> {
  for (const comment of COMMENTS) await sql.raw(comment).execute(db);
  await sql`delete from migration where name = any(${SQUASHED}::text[])`.execute(db);
  await sql`insert into migration (name, executed_at) values (${first}, now())`.execute(db);
}

/**
 * Start of the comment on table `migration`. The connector's version follows, so that an older
 * version can name the newer one in its error.
 */
const WRITTEN_BY = 'discord-connector ';

interface Plan {
  /** The migrations the database does not have yet. */
  readonly pending: readonly string[];
  /** The database was migrated with the migrations that the first one replaces. */
  readonly isSquashed: boolean;
}

async function plan(database: Database, db: Db, version: string): Promise<Plan> {
  const known = namesOf(database);
  const executed = await readExecuted(db);
  const newer = executed.filter((name) => !known.includes(name) && !SQUASHED.includes(name));
  if (newer.length > 0) throw await tooNew(db, { version, newer, last: known.at(-1) });
  const isSquashed = executed.some((name) => SQUASHED.includes(name));
  const lacking = SQUASHED.filter((name) => !executed.includes(name));
  if (isSquashed && lacking.length > 0) throw tooOld(lacking);
  return { pending: known.filter((name) => !executed.includes(name)), isSquashed };
}

function namesOf({ orm }: Database): readonly string[] {
  const { migrationsList = [] } = orm.config.get('migrations');
  return migrationsList.map((migration) =>
    'name' in migration ? migration.name : String(migration),
  );
}

function tooOld(lacking: readonly string[]): Error {
  return new Error(
    `the database is from a version before 0.1.0 and lacks its last migrations (${lacking.join(', ')}), so nothing was changed: run "npm run migrate" of the last version that had ${lacking.at(-1)}, then start this one; or use an empty database`,
  );
}

async function readExecuted(db: Db): Promise<readonly string[]> {
  const { rows: tables } = await sql<{ exists: boolean }>`
    select to_regclass('migration') is not null as exists`.execute(db);
  if (tables[0]?.exists !== true) return [];
  const { rows } = await sql<{ name: string }>`
    select name from migration order by id`.execute(db);
  return rows.map((row) => row.name);
}

async function tooNew(
  db: Db,
  {
    version,
    newer,
    last,
  }: {
    readonly version: string;
    readonly newer: readonly string[];
    readonly last: string | undefined;
  },
): Promise<Error> {
  const { rows } = await sql<{ comment: string | null }>`
    select obj_description('migration'::regclass, 'pg_class') as comment`.execute(db);
  const comment = rows[0]?.comment ?? '';
  const writer = comment.startsWith(WRITTEN_BY)
    ? `version ${comment.slice(WRITTEN_BY.length)}`
    : 'a newer version';
  return new Error(
    `the database is newer than this version of the connector: ${writer} applied ${newer.join(', ')}, but the last migration of version ${version} is ${last}. Start the newer version, or restore a backup made before it`,
  );
}

async function translated(pending: readonly string[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!hasCode(error, NOT_ALLOWED)) throw error;
    throw new Error(
      `the database lacks ${pending.join(', ')}, and this database role may not alter its tables: run "npm run migrate" with the DATABASE_URL of a role that may`,
      { cause: error },
    );
  }
}

const NOT_ALLOWED = '42501';
const LOCK_TIMEOUT = '55P03';

function hasCode(error: unknown, code: string): boolean {
  for (let each = error; each instanceof Error; each = each.cause)
    if ('code' in each && each.code === code) return true;
  return false;
}
