import { Migration } from '@mikro-orm/migrations';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { silentLogger } from '../../../services/lib/logger.js';
import { openDatabase } from '../../../services/store/connection/database.js';
import { migrate as migrateDatabase } from '../../../services/store/migrate.js';
import { MIGRATIONS } from '../../../services/store/migrations/list.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { openTestStore } from '../../support/store.js';

const newest = MIGRATIONS.at(-1)?.name ?? '';

let database: TestDatabase;
let sql: pg.Client;

beforeEach(async () => {
  database = await createTestDatabase();
  sql = new pg.Client({ connectionString: database.url });
  await sql.connect();
});

afterEach(async () => {
  await sql.end();
  await database.drop();
});

async function migrate(url = database.url, version = '0.9.0'): Promise<void> {
  const store = await openTestStore(url, { version });
  try {
    await store.migrate();
  } finally {
    await store.stop();
  }
}

/** Migrates as a later version with one more migration. */
async function migrateFurther(url = database.url): Promise<void> {
  const later = await openDatabase({ url, poolSize: 2, logger: silentLogger });
  try {
    const { migrationsList = [], ...settings } = later.orm.config.get('migrations');
    later.orm.config.set('migrations', {
      ...settings,
      migrationsList: [...migrationsList, { name: LATER, class: LaterMigration }],
    });
    await migrateDatabase(later, '0.10.0');
  } finally {
    await later.close();
  }
}

const LATER = '2031-01-01-flying-cars';

class LaterMigration extends Migration {
  override up(): void {
    this.addSql('alter table sweep add column flights integer not null default 0');
    this.addSql('alter table client add column hangar text');
  }
}

const executed = async () =>
  (await sql.query<{ name: string }>('select name from migration order by id')).rows.map(
    ({ name }) => name,
  );

/** A role that may only read and write rows, as a careful operator would give the service. */
async function urlOfWriter(): Promise<string> {
  const name = `writer_${Date.now()}_${Math.round(Math.random() * 1e6)}`;
  await sql.query(`create role ${name} login`);
  await sql.query(`grant select, insert, update, delete on all tables in schema public to ${name}`);
  await sql.query(`grant usage on all sequences in schema public to ${name}`);
  const url = new URL(database.url);
  url.username = name;
  return url.toString();
}

describe('a database that is newer than the code', () => {
  test('is refused with an error that names both versions', async () => {
    await migrate();
    await sql.query(`insert into migration (name, executed_at) values ('${LATER}', now())`);

    const migrating = migrate(database.url, '0.2.0');

    await expect(migrating).rejects.toThrow(
      `version 0.9.0 applied ${LATER}, but the last migration of version 0.2.0 is ${newest}`,
    );
  });
});

describe('a database role without DDL rights', () => {
  test('runs the service if the database is already migrated', async () => {
    await migrate();

    const store = await openTestStore(await urlOfWriter());
    await store.migrate();

    expect(await store.clients.listClients()).toEqual([]);
    await store.stop();
  });

  test('fails with an error that names the missing migration and what to do', async () => {
    await migrate();

    const migrating = migrateFurther(await urlOfWriter());

    await expect(migrating).rejects.toThrow(/lacks 2031-01-01-flying-cars.*npm run migrate/);
    expect(await executed()).not.toContain(LATER);
  });
});

describe('migrations', () => {
  test('run without breaking the statements of an older version that is still running', async () => {
    await migrate();
    const before = await addClient('100000000000000001');
    const writer = keepWriting(before);

    await migrateFurther();
    await writer.wroteAgain();
    await writer.stop();

    expect(writer.failures()).toEqual([]);
    expect(await executed()).toEqual([...MIGRATIONS.map(({ name }) => name), LATER]);
    const after = await addClient('100000000000000002');
    expect(after).not.toBe(before);
  });

  test.each([
    ['sweep', 'client'],
    ['client', 'sweep'],
  ])(
    'let a transaction that has locked %s and wants %s finish, and succeed afterwards',
    async (first, second) => {
      await migrate();
      const other = new pg.Client({ connectionString: database.url });
      await other.connect();
      // PostgreSQL aborts the side that checks for a deadlock first
      await other.query(`set deadlock_timeout = '400ms'`);
      const lock = (table: string) => other.query(`lock table ${table} in row exclusive mode`);
      await other.query('begin');
      await lock(first);

      const migrating = migrateFurther();
      await eventually(async () => (await waitingLocks()) > 0);
      await lock(second);
      await other.query('commit');
      await other.end();
      await migrating;

      expect(await executed()).toEqual([...MIGRATIONS.map(({ name }) => name), LATER]);
    },
  );

  test('run once if several processes start at the same time', async () => {
    await Promise.all([migrate(), migrate(), migrate()]);

    expect(await executed()).toEqual(MIGRATIONS.map(({ name }) => name));
  });
});

async function waitingLocks(): Promise<number> {
  const { rows } = await sql.query<{ count: number }>(
    `select count(*)::int from pg_locks where not granted and locktype = 'relation'
       and database = (select oid from pg_database where datname = current_database())`,
  );
  return rows[0]?.count ?? 0;
}

async function addClient(guildId: string): Promise<string> {
  const { rows } = await sql.query<{ id: string }>(
    `insert into client (id, name, guild_id, application_id, client_secret, bot_token, is_enabled, authority, unknown_membership,
       nickname_strategy, guard_minimum, guard_percent, email_rule, keeps_tokens, whole_list_writes, api_base, authorize_url,
       token_url, revoke_url, created_at, updated_at)
     values (gen_random_uuid(), 'of before', $1, '1', 'x', 'x', true, 'PLATFORM', 'KEEP', 'NONE', 10, 20, 'NONE', false, true,
       'http://127.0.0.1:1/api/v10', 'http://127.0.0.1:1', 'http://127.0.0.1:1', 'http://127.0.0.1:1', now(), now())
     returning id`,
    [guildId],
  );
  return rows[0]?.id ?? '';
}

/** Writes as the older version, which does not know the new columns. */
function keepWriting(clientId: string) {
  const failures: unknown[] = [];
  const stopping = new AbortController();
  const written = { count: 0 };
  const work = (async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    while (!stopping.signal.aborted) {
      await client
        .query(
          `insert into sweep (id, client_id, kind, state, is_dry_run, cause, finished_at)
           values (gen_random_uuid(), $1, 'VERIFY_GROUPS', 'DONE', false, '{}', now())`,
          [clientId],
        )
        .then(() => (written.count += 1))
        .catch((error: unknown) => failures.push(error));
    }
    await client.end();
  })();
  return {
    failures: () => failures,
    async wroteAgain() {
      const before = written.count;
      await eventually(() => written.count > before + 2 || failures.length > 0, {
        what: 'the older version has written again',
      });
    },
    async stop() {
      stopping.abort();
      await work;
    },
  };
}
