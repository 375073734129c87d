import { Socket } from 'node:net';

import { sql } from 'kysely';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';

import { DatabaseUnavailableError } from '../../services/lib/errors.js';
import { silentLogger } from '../../services/lib/logger.js';
import { openDatabase, type Database } from '../../services/store/connection/database.js';
import type { Db } from '../../services/store/entities/entities.js';
import { createDatabaseDoor } from '../support/database-door.js';
import { createTestDatabase } from '../support/database.js';
import { ask } from '../support/embedded-world.js';

let url: string;
let database: Database;

beforeEach(async () => {
  const made = await createTestDatabase();
  url = made.url;
  await ask(url, 'create table noted (what text unique)');
  database = await open(url);
  onTestFinished(async () => {
    await database.close();
    await made.drop();
  });
});

const open = async (address: string): Promise<Database> =>
  openDatabase({ url: address, poolSize: 2, logger: silentLogger });

const note = (db: Db, what: string) => sql`insert into noted values (${what})`.execute(db);
const noted = async () => {
  const query = sql<{ what: string }>`select what from noted order by what`;
  return (await query.execute(database.sql())).rows.map(({ what }) => what);
};

test('statements started together are sent in order, and each sees the effects of those before it', async () => {
  const counts = await database.pipeline(async (db) => {
    const count = () => sql<{ n: number }>`select count(*)::int as n from noted`.execute(db);
    const [none, , one] = await Promise.all([count(), note(db, 'first'), count()]);
    return [none, one].map(({ rows }) => rows[0]?.n);
  });

  expect(counts).toEqual([0, 1]);
  expect(await noted()).toEqual(['first']);
});

test('a statement is sent without waiting for the response to the one before it', async () => {
  const write = vi.spyOn(Socket.prototype, '_writev');
  onTestFinished(() => void vi.restoreAllMocks());
  // Node replaces each entry with its chunk as it writes.
  const sent = () => write.mock.calls.flatMap(([chunks]) => chunks.map(String));
  let sentDuringFirst = '';
  await database.pipeline(async (db) => {
    const first = sql`select pg_sleep(0.3)`.execute(db).then(() => {
      sentDuringFirst = sent().join(' ');
    });
    await Promise.all([first, sql`select 'the second'`.execute(db)]);
  });

  expect(sentDuringFirst).toContain('the second');
});

describe('a failed statement', () => {
  test('rolls the work back, and its error is thrown even if later statements reject first', async () => {
    const failing = database.pipeline(async (db) => {
      await note(db, 'first');
      const late = note(db, 'first').then(() => undefined);
      const later = sql`select 1`.execute(db);
      await Promise.all([later, late]);
    });

    await expect(failing).rejects.toMatchObject({ code: '23505' });
    expect(await noted()).toEqual([]);
  });

  test('prevents later statements of the same work', async () => {
    let late: Promise<unknown> = Promise.resolve();
    const failing = database.pipeline(async (db) => {
      const goOn = async () => {
        await sql`select pg_sleep(0)`.execute(db);
        await new Promise((resolve) => setTimeout(resolve, 50));
        late = note(db, 'late');
        await late;
      };
      await Promise.all([goOn(), sql`select 1 / 0`.execute(db)]);
    });

    await expect(failing).rejects.toMatchObject({ code: '22012' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await expect(late).rejects.toThrow('the transaction has ended');
    expect(await noted()).toEqual([]);
  });

  test.each([
    ['is awaited and ignored', async (db: Db) => sql`select 1 / 0`.execute(db).catch(() => null)],
    [
      'is not awaited',
      async (db: Db) => {
        void sql`select 1 / 0`.execute(db).catch(() => null);
      },
    ],
  ])('rolls back and rejects even if it %s', async (_, fail) => {
    const failing = database.pipeline(async (db) => {
      await note(db, 'first');
      await fail(db);
    });

    await expect(failing).rejects.toMatchObject({ code: '22012' });
    expect(await noted()).toEqual([]);
  });

  test('leaves the connection usable', async () => {
    const fail = () =>
      database.pipeline(async (db) => {
        await sql`select 1 / 0`.execute(db);
      });

    for (let times = 1; times <= 5; times += 1) await expect(fail()).rejects.toThrow('division');
    await database.pipeline(async (db) => note(db, 'after'));

    expect(await noted()).toEqual(['after']);
  });
});

test('work that throws without a failed statement is rolled back and throws its error', async () => {
  const failing = database.pipeline(async (db) => {
    await note(db, 'first');
    throw new Error('not after all');
  });

  await expect(failing).rejects.toThrow('not after all');
  expect(await noted()).toEqual([]);
});

test('a connection that dies returns its place in the pool', async () => {
  const die = () =>
    database.pipeline(async (db) => {
      await sql`select 1`.execute(db);
      await ask(
        url,
        "select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction' and datname = current_database()",
      );
      await sql`select 1`.execute(db);
    });

  for (let death = 1; death <= 4; death += 1)
    await expect(die()).rejects.toThrow(DatabaseUnavailableError);
  await database.pipeline(async (db) => note(db, 'after'));

  expect(await noted()).toEqual(['after']);
});

test('a commit whose response is lost fails as unreachable, but stays committed', async () => {
  const door = await createDatabaseDoor(url);
  const cut = await open(door.url);
  onTestFinished(async () => {
    await cut.close();
    await door.stop();
  });
  door.cutAnswer({ words: 'commit', rows: 0 }, 1);

  await expect(cut.pipeline(async (db) => note(db, 'first'))).rejects.toThrow(
    DatabaseUnavailableError,
  );
  expect(await noted()).toEqual(['first']);
});

test('work that hits a deadlock is retried', async () => {
  await Promise.all([note(database.sql(), 'a'), note(database.sql(), 'b')]);
  let tries = 0;
  const lock = (order: readonly string[]) =>
    database.pipeline(async (db) => {
      tries += 1;
      for (const what of order) {
        await sql`select from noted where what = ${what} for update`.execute(db);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    });

  await Promise.all([lock(['a', 'b']), lock(['b', 'a'])]);

  expect(tries).toBeGreaterThan(2);
});
