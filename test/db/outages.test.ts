import { randomBytes } from 'node:crypto';

import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { publicError } from '../../services/api/kit/errors.js';
import { silentLogger } from '../../services/lib/logger.js';
import type { Store } from '../../services/store/store.js';
import { cause, nextOrder } from '../builders/store-world.js';
import type { TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { createMigratedDatabase, openTestStore } from '../support/store.js';

let database: TestDatabase;
let name: string;
let role: string;
/** Connected to another database of the server, so that this one can reject connections. */
let admin: pg.Client;
let store: Store;
const lines: unknown[] = [];

beforeEach(async () => {
  database = await createMigratedDatabase();
  const address = new URL(database.url);
  name = address.pathname.slice(1);
  role = `app_${randomBytes(4).toString('hex')}`;
  const setUp = new pg.Client({ connectionString: database.url });
  await setUp.connect();
  await setUp.query(`create role ${role} login password 'not-to-be-shown'`);
  await setUp.query(`grant all on all tables in schema public to ${role}`);
  await setUp.query(`grant all on all sequences in schema public to ${role}`);
  await setUp.end();
  const other = new URL(database.url);
  other.pathname = '/postgres';
  admin = new pg.Client({ connectionString: other.href });
  await admin.connect();
  address.username = role;
  address.password = 'not-to-be-shown';
  lines.length = 0;
  const tell = (...said: readonly unknown[]) => void lines.push(said);
  store = await openTestStore(address.href, {
    logger: { ...silentLogger, warn: tell, info: tell },
  });
});
afterEach(async () => {
  await store.stop();
  await admin.query(`alter database ${name} allow_connections true`);
  const clean = new pg.Client({ connectionString: database.url });
  await clean.connect();
  await clean.query(`drop owned by ${role}`);
  await clean.end();
  await database.drop();
  await admin.query(`drop role ${role}`);
  await admin.end();
});

const terminate = async () =>
  admin.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()',
    [name],
  );

/** Runs statements as the database owner, because the service's role may not run them. */
async function asOwner(...statements: readonly string[]): Promise<void> {
  const owner = new pg.Client({ connectionString: database.url });
  await owner.connect();
  for (const statement of statements) await owner.query(statement);
  await owner.end();
}

const write = async () =>
  store.applyFacts([
    {
      kind: 'userChanged',
      platformUserId: 'erin',
      username: 'Erin',
      order: nextOrder(),
      cause,
    },
  ]);

/** The error that a caller would receive; null if `work` succeeds. */
const answerOf = async (work: () => Promise<unknown>) =>
  work().then(
    () => null,
    (error: unknown) => publicError(error, 'request'),
  );

const expectOutage = async (words: string) => {
  await eventually(async () => (await answerOf(write))?.message === words, {
    what: `a write answers: ${words}`,
  });
  expect(await answerOf(write)).toEqual({
    message: words,
    extensions: { code: 'UNAVAILABLE', requestId: 'request' },
  });
  await eventually(
    () => {
      const readiness = store.ready();
      return !readiness.ok && readiness.reason === words;
    },
    { what: `not ready: ${words}` },
  );
};

const expectRecovery = async () => {
  await eventually(() => store.ready().ok, { what: 'ready again' });
  expect(await answerOf(write)).toBeNull();
  expect(JSON.stringify(lines)).toContain('database writes recovered');
  for (const secret of ['not-to-be-shown', role, '/var/lib/secret'])
    expect(JSON.stringify(lines)).not.toContain(secret);
};

/** Makes writes fail with an error raised by PostgreSQL itself. */
const failing = (sqlState: string, ...tables: readonly string[]) => [
  `create function fail_write() returns trigger language plpgsql as $$ begin raise exception 'could not extend file "/var/lib/secret"' using errcode = '${sqlState}'; end $$`,
  ...tables.map(
    (table) =>
      `create trigger fail_write before insert or update on ${table} for each row execute function fail_write()`,
  ),
];
const HEALED = 'drop function fail_write() cascade';

describe('a database that cannot be written to', () => {
  test.each([
    ['53100', 'the database is out of disk space'],
    ['53200', 'the database is out of memory'],
    ['53400', 'the database is out of resources'],
    ['58030', 'the database cannot read or write its disk'],
  ])(
    'with error %s is reported to callers and in readiness until a write succeeds',
    async (sqlState, words) => {
      await asOwner(...failing(sqlState, 'platform_user', 'write_probe'));

      await expectOutage(words);

      await asOwner(HEALED);
      await expectRecovery();
    },
  );

  test('because it is read-only is reported the same way, and reads continue', async () => {
    await admin.query(`alter database ${name} set default_transaction_read_only = on`);
    await terminate();

    await expectOutage('the database is read-only');
    expect(await store.read.findPlatformUsers(['erin'])).toHaveLength(1);

    await admin.query(`alter database ${name} reset default_transaction_read_only`);
    await terminate();
    await expectRecovery();
  });

  test('because statement_timeout cancels writes is reported the same way', async () => {
    await asOwner(
      `create function slow_write() returns trigger language plpgsql as $$ begin perform pg_sleep(5); return new; end $$`,
      'create trigger slow_write before insert or update on platform_user for each row execute function slow_write()',
      'create trigger slow_write before insert or update on write_probe for each row execute function slow_write()',
      `alter database ${name} set statement_timeout = '200ms'`,
    );
    await terminate();

    await expectOutage('the database cancelled a statement that ran too long');

    await asOwner('drop function slow_write() cascade');
    await expectRecovery();
  });
});

describe('a database that rejects connections', () => {
  const closings: readonly (readonly [string, string, (is: boolean) => string])[] = [
    [
      'because it is closed',
      'the database is not accepting connections',
      (is) => `alter database ${name} allow_connections ${!is}`,
    ],
    [
      'because the role may not log in',
      'the database rejected the user name or password',
      (is) => `alter role ${role} ${is ? 'nologin' : 'login'}`,
    ],
    [
      'because there are too many connections',
      'the database has no free connections',
      (is) => `alter role ${role} connection limit ${is ? 0 : -1}`,
    ],
    [
      'because it has another name',
      'the database does not exist',
      (is) =>
        is
          ? `alter database ${name} rename to ${name}_gone`
          : `alter database ${name}_gone rename to ${name}`,
    ],
  ];

  test.each(closings)(
    '%s is reported to callers and in readiness until it accepts them again',
    async (_, words, change) => {
      await write();
      await eventually(
        async () => {
          await terminate();
          await admin.query(change(true));
          return true;
        },
        { what: 'the database is closed' },
      );
      await terminate();

      await expectOutage(words);
      expect(await answerOf(() => store.read.findPlatformUsers(['erin']))).toMatchObject({
        message: words,
        extensions: { code: 'UNAVAILABLE' },
      });

      await admin.query(change(false));
      await expectRecovery();
    },
  );
});

test('one statement that takes too long does not make the process unready', async () => {
  await write();
  const seen: boolean[] = [];
  const watching = setInterval(() => void seen.push(store.ready().ok), 5);
  await asOwner(...failing('57014', 'platform_group'));

  const slow = await answerOf(() =>
    store.applyFacts([
      {
        kind: 'groupChanged',
        groupId: 'g',
        name: 'G',
        order: nextOrder(),
        cause,
      },
    ]),
  );
  await write();
  clearInterval(watching);

  expect(slow).toMatchObject({ extensions: { code: 'UNAVAILABLE' } });
  expect(new Set(seen)).not.toContain(false);
});
