import { Socket } from 'node:net';

import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { UnavailableError } from '../../services/lib/errors.js';
import { silentLogger } from '../../services/lib/logger.js';
import { openDatabase, type Database } from '../../services/store/connection/database.js';
import type { TestDatabase } from '../support/database.js';
import { soon } from '../support/soon.js';
import { createMigratedDatabase } from '../support/store.js';

const PLACES = 2;

let home: TestDatabase;
let database: Database;

beforeEach(async () => {
  home = await createMigratedDatabase();
  const { url } = home;
  database = await openDatabase({
    url,
    poolSize: PLACES,
    logger: silentLogger,
  });
});

afterEach(async () => {
  vi.restoreAllMocks();
  await database.close();
  await home.drop();
});

/** Returns the process id of the connection. The statement fails if `divisor` is 0. */
async function ask(divisor = 1): Promise<number> {
  const { rows } = await sql<{ pid: number }>`
    select pg_backend_pid() / ${divisor}::int as pid`.execute(database.asker);
  return rows[0]?.pid ?? 0;
}

const askTimes = async (times: number) =>
  Promise.all(Array.from({ length: times }, async () => ask()));

describe('a lookup by key', () => {
  const find = async (divisor: number) =>
    sql`select pg_backend_pid() as pid, 1 / ${divisor}::int as one,
      (select count(*) from pg_prepared_statements) as planned`.execute(database.prepared);

  test('is sent with the other queries of its tick, and planned once per connection', async () => {
    const [first, second, other] = await Promise.all([find(1), find(1), ask()]);
    const later = await find(1);

    expect(first.rows).toMatchObject([{ pid: other }]);
    expect(second.rows).toMatchObject([{ pid: other, planned: '1' }]);
    expect(later.rows).toMatchObject([{ pid: other, planned: '1' }]);
  });

  test('can fail, and can be repeated', async () => {
    const asked = await Promise.allSettled([find(0), find(1), find(0)]);

    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
    expect((await find(1)).rows).toMatchObject([{ one: 1 }]);
  });
});

describe('the queries of one tick', () => {
  test('use one connection and one write', async () => {
    await ask();
    const write = vi.spyOn(Socket.prototype, '_write');
    const writev = vi.spyOn(Socket.prototype, '_writev');

    const pids = await askTimes(3);

    expect(new Set(pids).size).toBe(1);
    expect(write.mock.calls.length + writev.mock.calls.length).toBe(1);
  });

  test('use several connections if there are many', async () => {
    expect(new Set(await askTimes(5)).size).toBe(2);
  });

  test('fail individually', async () => {
    const asked = await Promise.allSettled([ask(), ask(0), ask()]);

    expect(asked.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(asked[1]).toMatchObject({ reason: { code: '22012' } });
  });

  test('wait for a connection, and release it whether they fail or not', async () => {
    await Promise.allSettled(Array.from({ length: 40 }, async () => ask(0)));

    expect(await askTimes(40)).toHaveLength(40);
    expect(database.connections()).toMatchObject({ used: 0, waiting: 0 });
  });
});

test('a query whose connection dies fails with UnavailableError', async () => {
  await ask();
  const asked = Promise.allSettled([sql`select pg_sleep(30)`.execute(database.asker), ask()]);
  await soon(() => expect(database.connections().used).toBe(1));
  database.cutAll();

  for (const each of await asked)
    expect(each).toMatchObject({ reason: expect.any(UnavailableError) });
  expect(await ask()).toBeGreaterThan(0);
});
