import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import pg from 'pg';

import { createTestDatabase, type TestDatabase } from './database.js';
import { createMigratedDatabase } from './store.js';

const run = promisify(execFile);

export interface TakenBackup {
  /**
   * `pg_dump` as operators run it, or its rows alone where there is none that may read this server.
   */
  readonly by: 'pg_dump' | 'rows';
  /** Into a new database, as often as wanted. */
  restore(): Promise<TestDatabase>;
  forget(): Promise<void>;
}

/** All tables as of one moment, while others go on writing. */
export async function takeBackup(url: string): Promise<TakenBackup> {
  if (!(await canDump(url))) {
    const backup = await backUp(url);
    const restoreRows = async () => {
      const database = await createMigratedDatabase();
      await restore(database.url, backup);
      return database;
    };
    return { by: 'rows', restore: restoreRows, forget: async () => {} };
  }
  const folder = await mkdtemp(join(tmpdir(), 'discord-connector-backup-'));
  const file = join(folder, 'connector.dump');
  await run('pg_dump', ['-Fc', '--no-owner', `--file=${file}`, url]);
  return {
    by: 'pg_dump',
    async restore() {
      const database = await createTestDatabase();
      const into = `--dbname=${database.url}`;
      await run('pg_restore', ['--no-owner', '--exit-on-error', into, file]);
      return database;
    },
    forget: async () => rm(folder, { recursive: true }),
  };
}

/** It refuses servers that are newer than itself. */
async function canDump(url: string): Promise<boolean> {
  const said = await run('pg_dump', ['--version']).catch(() => undefined);
  const ours = Number(/ (\d+)/.exec(said?.stdout ?? '')?.[1] ?? 0);
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ major: number }>(
      `select current_setting('server_version_num')::int / 10000 as major`,
    );
    return ours >= (rows[0]?.major ?? Infinity);
  });
}

/** Tables with their rows. */
type Backup = readonly {
  readonly table: string;
  readonly rows: readonly unknown[];
}[];

async function backUp(url: string): Promise<Backup> {
  return withClient(url, async (client) => {
    await client.query('begin isolation level repeatable read, read only');
    const { rows: tables } = await client.query<{ table: string }>(
      `select quote_ident(tablename) as table from pg_tables where schemaname = 'public' and tablename <> 'migration'`,
    );
    const backup: { table: string; rows: readonly unknown[] }[] = [];
    for (const { table } of tables) {
      const { rows } = await client.query<{ row: unknown }>(
        `select to_jsonb(t) as row from ${table} t`,
      );
      backup.push({ table, rows: rows.map(({ row }) => row) });
    }
    await client.query('commit');
    return backup;
  });
}

/**
 * Into a database with the same tables and no rows. Triggers and references are left out, as
 * pg_restore does.
 */
async function restore(url: string, backup: Backup): Promise<void> {
  await withClient(url, async (client) => {
    await client.query('begin');
    await client.query('set local session_replication_role = replica');
    for (const { table, rows } of backup)
      await client.query(
        `insert into ${table} overriding system value
         select * from jsonb_populate_recordset(null::${table}, $1::jsonb)`,
        [JSON.stringify(rows)],
      );
    await client.query(`
      select setval('reconcile_version', greatest((select max(version) from reconcile_job), (select max(done_version) from member), 1)),
        setval(pg_get_serial_sequence('outbox', 'position'), greatest((select max(position) from outbox), 1))`);
    await client.query('commit');
  });
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
