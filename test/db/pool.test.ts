import { sql } from 'kysely';
import { expect, test } from 'vitest';

import { silentLogger } from '../../services/lib/logger.js';
import { openDatabase } from '../../services/store/database.js';
import { createTestDatabase } from '../support/database.js';
import { ask } from '../support/embedded-world.js';

test(
  'a transaction whose connection dies gives its place in the pool back',
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
