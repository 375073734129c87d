import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { afterEach, beforeEach } from 'vitest';

import {
  createSubscriptions,
  type Subscriptions,
} from '../../services/api/subscriptions/subscriptions.js';
import type { Published } from '../../services/api/subscriptions/stream.js';
import { silentLogger } from '../../services/lib/logger.js';
import type { Store } from '../../services/store/store.js';
import { clientInput } from '../builders/store-world.js';
import type { TestDatabase } from './database.js';
import { createMigratedDatabase, openTestStore } from './store.js';

/** Only notices wake anybody: a look without one comes after the test. */
const NEVER_MS = 3_600_000;

const SUBSCRIBER = {
  name: 'tests',
  endOf: async () => null,
  forget: () => undefined,
};

/**
 * A database, a process that serves subscriptions on it, and connections of other processes that
 * write.
 */
export function useNotices() {
  let database: TestDatabase;
  let store: Store;
  let subscriptions: Subscriptions;
  let clientId: string;
  const connections: pg.Client[] = [];

  beforeEach(async () => {
    database = await createMigratedDatabase();
    store = await openTestStore(database.url);
    ({ id: clientId } = await store.clients.createClient(clientInput()));
    subscriptions = createSubscriptions({
      notices: store.notices,
      sweeps: store.sweeps,
      lookAgainMs: NEVER_MS,
      clock: Date.now,
      logger: silentLogger,
    });
  });

  afterEach(async () => {
    await subscriptions.stop();
    for (const connection of connections.splice(0)) await connection.end();
    await store.stop();
    await database.drop();
  });

  return {
    store: () => store,
    url: () => database.url,
    clientId: () => clientId,
    /** As another process has it. */
    async connect(): Promise<pg.Client> {
      const connection = new pg.Client({ connectionString: database.url });
      await connection.connect();
      connections.push(connection);
      return connection;
    },
    records: async (filter = {}) => collect(await subscriptions.records(SUBSCRIBER, filter)),
    sweeps: async () =>
      collect(
        await subscriptions.sweeps(SUBSCRIBER, {
          sweepId: null,
          clientIds: null,
        }),
      ),
  };
}

export interface Collected<Value> {
  readonly values: readonly Value[];
  readonly end: () => Promise<unknown>;
}

/** Reads on, as a browser that keeps up does. */
function collect<Value>(
  stream: AsyncIterableIterator<Published<Value>> & {
    return(): Promise<unknown>;
  },
): Collected<Value> {
  const values: Value[] = [];
  const read = async () => {
    for await (const told of stream) if (!told.fault) values.push(told.value);
  };
  void read();
  return { values, end: () => stream.return() };
}

/** Opened by a process at work; the answer is its id. */
export async function openRecord(connection: pg.Client, clientId: string): Promise<string> {
  const id = uuidv7();
  await connection.query(
    `insert into audit_record (id, client_id, discord_user_id, causes, planned_added, planned_removed, guarded_removed, opened_at)
     values ($1::uuid, $2, $1::text, '[]', '{}', '{}', '{}', clock_timestamp())`,
    [id, clientId],
  );
  return id;
}

export async function closeRecord(connection: pg.Client, id: string): Promise<void> {
  await connection.query(
    `update audit_record set outcome = 'APPLIED', closed_at = clock_timestamp() where id = $1`,
    [id],
  );
}
