import { sql } from 'kysely';
import { describe, expect, onTestFinished, test } from 'vitest';

import { DatabaseUnavailableError, UnavailableError } from '../../services/lib/errors.js';
import { silentLogger } from '../../services/lib/logger.js';
import { afterMoment } from '../../services/lib/moment.js';
import { openDatabase, type Database } from '../../services/store/connection/database.js';
import { createDatabaseDoor } from '../support/database-door.js';
import { createTestDatabase } from '../support/database.js';
import { ask } from '../support/embedded-world.js';
import { eventually } from '../support/eventually.js';

test(
  'a transaction whose connection dies returns its place in the pool',
  { timeout: 30_000 },
  async () => {
    const { url, drop } = await createTestDatabase();
    const database = await openDatabase({
      url,
      poolSize: 2,
      logger: silentLogger,
    });
    const dieInTransaction = () =>
      database.transaction(async (tx) => {
        await sql`select 1`.execute(tx.sql);
        await ask(
          url,
          "select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction' and datname = current_database()",
        );
        await sql`select 1`.execute(tx.sql);
      });

    for (let death = 1; death <= 4; death += 1) await expect(dieInTransaction()).rejects.toThrow();

    const { rows } = await sql`select 2 as two`.execute(database.sql());
    expect(rows).toEqual([{ two: 2 }]);
    await database.close();
    await drop();
  },
);

test.each([
  ['a slow read', (database: Database) => database.reads],
  ['a lookup by key', (database: Database) => database.prepared],
  ['a batched statement', (database: Database) => database.asker],
  ['a single statement', (database: Database) => database.sql()],
])('%s whose connection breaks fails alone, and does not crash the process', async (_, over) => {
  const { url, drop } = await createTestDatabase();
  const door = await createDatabaseDoor(url);
  const database = await openDatabase({ url: door.url, poolSize: 2, logger: silentLogger });
  const uncaught: unknown[] = [];
  const note = (error: unknown) => void uncaught.push(error);
  process.on('uncaughtException', note);
  onTestFinished(async () => {
    process.off('uncaughtException', note);
    await database.close();
    await door.stop();
    await drop();
  });

  door.cutAnswer({ words: 'as cut', rows: 1 }, 1);
  const failed = sql`select 1 as cut`.execute(over(database));
  await expect(failed).rejects.toThrow(DatabaseUnavailableError);

  const { rows } = await sql`select 2 as two`.execute(over(database));
  expect(rows).toEqual([{ two: 2 }]);
  expect(uncaught).toEqual([]);
});

test('statements run without JIT compilation, which would take longer than they do', async () => {
  const { url, drop } = await createTestDatabase();
  const database = await openDatabase({
    url,
    poolSize: 2,
    logger: silentLogger,
  });

  const { rows } = await sql`show jit`.execute(database.sql());

  expect(rows).toEqual([{ jit: 'off' }]);
  await database.close();
  await drop();
});

describe('a database that closes', { timeout: 120_000 }, () => {
  const open = async (poolSize: number) => {
    const { url, drop } = await createTestDatabase();
    onTestFinished(drop);
    return { url, database: await openDatabase({ url, poolSize, logger: silentLogger }) };
  };
  const one = { rows: [{ one: 1 }] };
  const ONE = sql<{ one: number }>`select 1 as one`;
  const WAYS: readonly (readonly [string, (database: Database) => Promise<unknown>])[] = [
    ['a single statement', (database) => ONE.execute(database.sql())],
    ['a lookup by key', (database) => ONE.execute(database.prepared)],
    ['a batched statement', (database) => ONE.execute(database.asker)],
    ['a transaction', (database) => database.transaction((tx) => ONE.execute(tx.sql))],
  ];
  const holdConnection = async (database: Database) => {
    const { promise: isReleased, resolve: release } = Promise.withResolvers<void>();
    const { promise: isHeld, resolve: hold } = Promise.withResolvers<void>();
    const holder = database.transaction(async (tx) => {
      await ONE.execute(tx.sql);
      hold();
      await isReleased;
      return ONE.execute(tx.sql);
    });
    await isHeld;
    return { holder, release };
  };
  const expectNoConnection = (url: string) =>
    eventually(
      async () => {
        const left = await ask(
          url,
          `select from pg_stat_activity
           where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`,
        );
        return left.length === 0;
      },
      { what: 'the closed database has no connection left' },
    );

  /** Closes while the statement is in progress; it must be answered or rejected, never hang. */
  const expectSettled = async (database: Database, begun: Promise<unknown>) => {
    const [outcome] = await Promise.allSettled([begun, database.close()]);
    expect(outcome).toMatchObject(
      outcome.status === 'fulfilled'
        ? { value: one }
        : { reason: expect.any(DatabaseUnavailableError) },
    );
  };

  test.each(WAYS)('settles %s whose connection is being opened', async (_, begin) => {
    const { url, database } = await open(2);

    const begun = begin(database);
    while (database.connections().used === 0) await new Promise(setImmediate);
    await expectSettled(database, begun);

    await expectNoConnection(url);
  });

  test.each(WAYS)('settles %s that begins in the same tick', async (_, begin) => {
    for (const isWarm of [false, true]) {
      const { url, database } = await open(2);
      if (isWarm) await begin(database);

      await expectSettled(database, begin(database));

      await expectNoConnection(url);
    }
  });

  test.each(WAYS)('answers %s that waits for a connection in use', async (_, begin) => {
    const { url, database } = await open(1);
    const { holder, release } = await holdConnection(database);

    const waiting = [begin(database), begin(database)];
    while (database.connections().waiting < 1) await new Promise(setImmediate);
    const closed = database.close();
    release();
    const [answers] = await Promise.all([Promise.all(waiting), holder, closed]);

    expect(answers).toMatchObject([one, one]);
    await expectNoConnection(url);
  });

  test('settles reads that open a connection, take an idle one or wait for one', async () => {
    for (const isWarm of [false, true]) {
      const { url, database } = await open(1);
      if (isWarm) await ONE.execute(database.reads);

      const begun = Promise.allSettled([1, 2, 3].map(() => ONE.execute(database.reads)));
      const { promise: closed, resolve: close } = Promise.withResolvers<void>();
      // In the tick in which the reads take their connections.
      afterMoment(() => close(database.close()));
      await closed;

      for (const outcome of await begun)
        expect(outcome).toMatchObject(
          outcome.status === 'fulfilled'
            ? { value: one }
            : { reason: expect.any(UnavailableError) },
        );
      await expectNoConnection(url);
    }
  });

  test('rejects new statements while it waits for running ones', async () => {
    const { database } = await open(2);
    const { holder, release } = await holdConnection(database);

    const closed = database.close();
    // The read pool closes first.
    await eventually(async () =>
      ONE.execute(database.asker).then(
        () => false,
        () => true,
      ),
    );
    for (const [, begin] of WAYS)
      await expect(begin(database)).rejects.toThrow(DatabaseUnavailableError);
    await expect(ONE.execute(database.reads)).rejects.toThrow(UnavailableError);
    release();
    await closed;

    expect(await holder).toMatchObject(one);
  });
});
