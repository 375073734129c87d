import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { LeasedBot } from '../../services/reconcile/job.js';
import type { Store, StoreOptions } from '../../services/store/store.js';
import { clientInput } from '../builders/store-world.js';
import type { TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { createMigratedDatabase, openTestStore } from '../support/store.js';
import { must } from '../support/must.js';

let database: TestDatabase;
const opened: Store[] = [];

beforeEach(async () => {
  database = await createMigratedDatabase();
});

afterEach(async () => {
  for (const store of opened.splice(0)) await store.stop();
  await database.drop();
});

interface Worker {
  readonly store: Store;
  /** Bots leased after the last renewal, without those released right after it. */
  readonly held: () => number;
  readonly renew: () => Promise<void>;
}

/** Renews like a process without active runs: it releases bots beyond its share immediately. */
async function worker(options: Partial<StoreOptions> = {}): Promise<Worker> {
  const store = await openTestStore(database.url, options);
  opened.push(store);
  let held = 0;
  return {
    store,
    held: () => held,
    async renew() {
      const { gained, surplus } = await store.jobs.renewLeases();
      await store.jobs.letGo(surplus);
      held += gained - surplus.length;
    },
  };
}

async function createBots(store: Store, count: number): Promise<void> {
  for (let at = 1; at <= count; at += 1)
    await store.clients.createClient(
      clientInput({
        guildId: `50000000000000000${at}`,
        applicationId: `80000000000000000${at}`,
      }),
    );
}

/** The lease as its process last renewed it. */
async function leaseOf(applicationId: string): Promise<LeasedBot> {
  const direct = new pg.Client({ connectionString: database.url });
  await direct.connect();
  const { rows } = await direct.query<{ until: string }>(
    "select leased_until at time zone 'UTC' || 'Z' as until from bot_lease where application_id = $1",
    [applicationId],
  );
  await direct.end();
  const leasedUntil = must(rows[0]).until;
  return { applicationId, clientIds: [], leasedUntil };
}

async function renewAll(workers: readonly Worker[]): Promise<readonly number[]> {
  for (let round = 0; round < 3; round += 1) for (const each of workers) await each.renew();
  return workers.map((each) => each.held());
}

test('one process leases all bots; each process that joins gets its share, and then the shares stay the same', async () => {
  const first = await worker();
  await createBots(first.store, 7);
  expect(await renewAll([first])).toEqual([7]);

  const second = await worker();
  expect(await renewAll([first, second])).toEqual([4, 3]);

  const third = await worker();
  const shares = await renewAll([first, second, third]);
  expect(shares.toSorted((a, b) => a - b)).toEqual([2, 2, 3]);
  expect(await renewAll([first, second, third])).toEqual(shares);
});

test('a single bot is leased by one process, and the other process stays in reserve', async () => {
  const first = await worker();
  await createBots(first.store, 1);
  const second = await worker();

  expect(await renewAll([first, second])).toEqual([1, 0]);
});

test('processes that start at the same time share the bots equally', async () => {
  const workers = await Promise.all([worker(), worker(), worker()]);
  await createBots(must(workers[0]).store, 6);

  for (let round = 0; round < 3; round += 1) await Promise.all(workers.map((each) => each.renew()));

  expect(workers.map((each) => each.held())).toEqual([2, 2, 2]);
});

test('when a process shuts down cleanly, another process leases its bots at the next renewal', async () => {
  const first = await worker();
  await createBots(first.store, 4);
  const second = await worker();
  await renewAll([first, second]);

  await first.store.jobs.releaseLeases();
  await second.renew();

  expect(second.held()).toBe(4);
});

test('when a process dies, another process leases its bots after the leases expire', async () => {
  const dying = await worker({ leaseMs: 300 });
  await createBots(dying.store, 4);
  const heir = await worker();
  await renewAll([dying, heir]);

  await eventually(async () => {
    await heir.renew();
    return heir.held() === 4;
  });
});

test('a process known to be dead neither keeps its bots nor counts towards the shares', async () => {
  const dying = await worker({ owner: 'dying' });
  await createBots(dying.store, 4);
  const isGone = (owner: string) => owner === 'dying';
  const heirs = [await worker({ isGone }), await worker({ isGone })];
  await dying.renew();

  expect(await renewAll(heirs)).toEqual([2, 2]);
});

test('a claim does not lease a released bot again', async () => {
  const { store } = await worker();
  await createBots(store, 1);
  await store.jobs.renewLeases();
  await store.jobs.letGo([await leaseOf('800000000000000001')]);

  await store.jobs.claim({
    running: new Map(),
    inWork: [],
    runsPerClient: 4,
    except: [],
  });

  expect(await store.jobs.renewLeases()).toMatchObject({ gained: 1 });
});

test('a late statement does not release a bot whose lease was renewed since', async () => {
  const { store } = await worker();
  await createBots(store, 1);
  await store.jobs.renewLeases();
  const before = await leaseOf('800000000000000001');
  await store.jobs.renewLeases();

  await store.jobs.letGo([before]);

  const other = await worker();
  expect(await other.store.jobs.renewLeases()).toMatchObject({ gained: 0 });
});
