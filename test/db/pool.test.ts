import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';

import { DatabaseUnavailableError } from '../../services/lib/errors.js';
import { silentLogger } from '../../services/lib/logger.js';
import { openDatabase, type Database } from '../../services/store/connection/database.js';
import { createDatabaseDoor } from '../support/database-door.js';
import { createTestDatabase } from '../support/database.js';
import { ask } from '../support/embedded-world.js';

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
  ['a lookup by key', (database: Database) => database.byKey],
  ['a batched statement', (database: Database) => database.asker],
  ['a single statement', (database: Database) => database.sql()],
])('%s whose connection breaks fails alone, and the process lives on', async (_, over) => {
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

test('statements are not compiled, which would take longer than they do', async () => {
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
