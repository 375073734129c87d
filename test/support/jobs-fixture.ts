import pg from 'pg';
import { afterEach, beforeEach } from 'vitest';

import type { Job } from '../../services/reconcile/job.js';
import type { Store } from '../../services/store/store.js';
import { DIRECTOR, PILOT } from '../builders/member-facts.js';
import { NOTHING_SETTLED } from '../../services/reconcile/settle/settlement.js';
import { createMappedClient, link } from '../builders/store-world.js';
import type { TestDatabase } from './database.js';
import { createMigratedDatabase, openTestStore } from './store.js';

export const ALICE = '600000000000000001';

/**
 * A store of its own for each test, which works the one bot there is: of a client with two mapped
 * groups, where alice is linked.
 */
export function useJobs() {
  let database: TestDatabase;
  let store: Store;
  let clientId: string;
  const opened: Store[] = [];
  const claimed = new WeakMap<Store, readonly Job[]>();

  /** Another process on the same database. */
  async function open(options: Parameters<typeof openTestStore>[1] = {}): Promise<Store> {
    const another = await openTestStore(database.url, options);
    opened.push(another);
    return another;
  }

  /** As a worker does that runs for ever what it was given. */
  async function claim(by = store, capacity = 10): Promise<readonly Job[]> {
    const inWork = claimed.get(by) ?? [];
    const { jobs } = await by.jobs.claim({
      running: new Map(),
      inWork,
      runsPerClient: capacity,
      except: [],
    });
    claimed.set(by, [...inWork, ...jobs]);
    return jobs;
  }

  async function query(text: string): Promise<void> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(text);
    await client.end();
  }

  beforeEach(async () => {
    database = await createMigratedDatabase();
    store = await open();
    const { client } = await createMappedClient(store, [
      { groupId: 'pilots', roleId: PILOT },
      { groupId: 'directors', roleId: DIRECTOR },
    ]);
    clientId = client.id;
    await link(store, clientId, 'alice', ALICE);
    await store.jobs.renewLeases();
    for (const job of await claim()) await store.memory.settle(job, NOTHING_SETTLED);
  });

  afterEach(async () => {
    for (const each of opened.splice(0)) await each.stop();
    await database.drop();
  });

  return {
    store: () => store,
    clientId: () => clientId,
    databaseUrl: () => database.url,
    open,
    claim,
    query,
    /** As if no process had renewed its leases in time. */
    endLeases: async () =>
      query(`
        update worker set live_until = clock_timestamp();
        update bot_lease set leased_until = clock_timestamp()`),
    /** As if the time had come for which all jobs wait. */
    letJobsBeDue: async () => query('update reconcile_job set due_at = clock_timestamp()'),
  };
}
