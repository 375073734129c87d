import { sql } from 'kysely';
import { afterEach, expect, test } from 'vitest';

import { UnavailableError } from '../../services/lib/errors.js';
import { silentLogger } from '../../services/lib/logger.js';
import { openDatabase } from '../../services/store/connection/database.js';
import { ImpatientClient, NOTICE_DEAD_CLIENTS } from '../../services/store/connection/heartbeat.js';
import { createListener } from '../../services/store/connection/listen.js';
import { createCleanup } from '../broker/events-setting.js';
import { createTestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { createDoorTo } from '../support/tcp-door.js';

const cleanup = createCleanup();
afterEach(async () => cleanup.run());

/** The parts of the store, on a connection that can be frozen. */
async function openMemory(heartbeat: { everyMs: number; withinMs: number }) {
  const { url: direct, drop } = await createTestDatabase();
  cleanup.add(drop);
  const { door, url } = await createDoorTo(direct);
  cleanup.add(() => door.shut());
  const logger = silentLogger;
  const database = await openDatabase({ url, poolSize: 3, logger });
  cleanup.add(() => database.close());
  const { cutAll: onSilent } = database;
  const listener = createListener({ url, logger, onSilent, heartbeat });
  cleanup.add(() => listener.stop());
  return { door, database, listener };
}

const one = async (database: Awaited<ReturnType<typeof openDatabase>>) =>
  (await sql<{ one: number }>`select 1 as one`.execute(database.sql())).rows;

test('a database that vanishes is reported as unreachable, even to waiting callers, and is used again when it returns', async () => {
  const { door, database, listener } = await openMemory({
    everyMs: 20,
    withinMs: 3_000,
  });
  await listener.start();
  expect(await one(database)).toEqual([{ one: 1 }]);
  let wakes = 0;
  await listener.on('anything', () => {
    wakes += 1;
  });

  door.hold();
  // One query uses the existing connection, one needs another.
  const asked = [one(database), database.transaction(async () => 'done')];
  const answers = await Promise.allSettled(asked);
  await eventually(() => !listener.ready().ok);
  door.letGo();

  for (const answer of answers)
    expect(answer).toMatchObject({
      status: 'rejected',
      reason: expect.any(UnavailableError),
    });
  await eventually(() => listener.ready().ok);
  expect(await one(database)).toEqual([{ one: 1 }]);
  await eventually(() => wakes === 1);
});

test('a database that responds is not cut off, however often it is checked', async () => {
  const { database, listener } = await openMemory({
    everyMs: 1,
    withinMs: 5_000,
  });
  await listener.start();

  const slow = sql`select pg_sleep(0.3)`.execute(database.sql());

  expect((await slow).rows).toHaveLength(1);
  expect(listener.ready()).toEqual({ ok: true });
});

test('a start can be repeated after a failed one', async () => {
  const { door, listener } = await openMemory({
    everyMs: 1_000,
    withinMs: 5_000,
  });
  await door.shut();

  await expect(listener.start()).rejects.toThrow(UnavailableError);
  await door.open();
  await listener.start();

  expect(listener.ready()).toEqual({ ok: true });
});

test('connections are set up so that the server notices a vanished process within seconds', async () => {
  const { database, listener } = await openMemory({
    everyMs: 60_000,
    withinMs: 60_000,
  });
  await listener.start();

  const { rows } = await sql`
    select current_setting('tcp_keepalives_idle') as idle, current_setting('tcp_keepalives_interval') as every,
      current_setting('tcp_keepalives_count') as tries, current_setting('tcp_user_timeout') as unanswered`.execute(
    database.sql(),
  );
  const { rows: listening } = await sql`
    select query from pg_stat_activity where application_name = 'discord-connector listener' and datname = current_database()`.execute(
    database.sql(),
  );

  expect(rows).toEqual([{ idle: '5', every: '1', tries: '5', unanswered: '10000' }]);
  expect(listening).toEqual([{ query: NOTICE_DEAD_CLIENTS }]);
});

test('a pool connection has the password that the pool hides', () => {
  const options = Object.defineProperty({ user: 'somebody' }, 'password', {
    enumerable: false,
    value: 'sesame',
  });

  expect(new ImpatientClient(options).password).toBe('sesame');
});
