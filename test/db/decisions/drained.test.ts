import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Store } from '../../../services/store/store.js';
import { clientInput } from '../../builders/store-world.js';
import type { TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { createMigratedDatabase, openTestStore } from '../../support/store.js';

let database: TestDatabase;
let store: Store;
let clientId: string;
let one: pg.Client;
let other: pg.Client;
let looker: pg.Client;

beforeEach(async () => {
  database = await createMigratedDatabase();
  store = await openTestStore(database.url);
  clientId = (await store.clients.createClient(clientInput())).id;
  [one, other, looker] = [await connect(), await connect(), await connect()];
});

afterEach(async () => {
  for (const client of [one, other, looker]) await client.end();
  await store.stop();
  await database.drop();
});

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  return client;
}

async function planOfTwo(verdict: 'APPROVED' | 'HELD'): Promise<string> {
  const { rows } = await looker.query<{ id: string }>(`
    insert into sweep (id, client_id, kind, state, is_dry_run, cause)
    values (gen_random_uuid(), '${clientId}', 'CHANGES', '${verdict}', false, '{}') returning id`);
  const id = rows[0]?.id ?? '';
  await looker.query(`
    insert into removal_decision (client_id, discord_user_id, role_id, verdict, ground, sweep_id, reason)
    select '${clientId}', u.id, '7', '${verdict}', 'LIMIT', '${id}', 'a test' from (values ('1'), ('2')) as u (id)`);
  return id;
}

async function somebodyWaits(): Promise<boolean> {
  const { rows } = await looker.query<{ waiting: number }>(`
    select count(*)::int as waiting from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`);
  return (rows[0]?.waiting ?? 0) > 0;
}

const take = async (client: pg.Client, discordUserId: string) =>
  client.query(`delete from removal_decision where discord_user_id = $1`, [discordUserId]);

describe('a plan whose last two removals are settled at the same time', () => {
  test.each([
    ['APPROVED', 'DONE'],
    ['HELD', 'CANCELLED'],
  ] as const)('changes from %s to %s immediately', async (verdict, state) => {
    const id = await planOfTwo(verdict);

    await one.query('begin');
    await other.query('begin');
    await take(one, '1');
    let isTaken = false;
    const taking = take(other, '2').then(() => (isTaken = true));
    await eventually(async () => isTaken || somebodyWaits());
    await one.query('commit');
    await taking;
    await other.query('commit');

    const [sweep] = await store.sweeps.findSweeps([id]);
    expect(sweep?.state).toBe(state);
    expect(sweep?.finishedAt).not.toBeNull();
  });
});
