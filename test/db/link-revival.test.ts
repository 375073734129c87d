import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { Store } from '../../services/store/store.js';
import { PILOT } from '../builders/member-facts.js';
import { cause, createMappedClient } from '../builders/store-world.js';
import type { TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { createMigratedDatabase, openTestStore } from '../support/store.js';

let database: TestDatabase;
let store: Store;
let direct: pg.Client;
let clientId: string;

beforeEach(async () => {
  database = await createMigratedDatabase();
  store = await openTestStore(database.url);
  direct = new pg.Client({ connectionString: database.url });
  await direct.connect();
  const mapped = [{ groupId: 'pilots', roleId: PILOT }];
  clientId = (await createMappedClient(store, mapped)).client.id;
});

afterEach(async () => {
  await direct.end();
  await store.stop();
  await database.drop();
});

const linkCarol = async () =>
  store.links.linkMember({
    clientId,
    platformUserId: 'carol',
    discordUserId: '620000000000000001',
    cause,
  });

async function somebodyWaits(): Promise<boolean> {
  const { rows } = await direct.query<{ waiting: number }>(`
    select count(*)::int as waiting from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`);
  return (rows[0]?.waiting ?? 0) > 0;
}

test('a person who links again while the ended link is being deleted is linked', async () => {
  const { linkId } = await linkCarol();
  await store.links.unlinkMember({ id: linkId, cause });

  // What a run does after removing the last role.
  await direct.query('begin');
  await direct.query(`delete from link where id = $1`, [linkId]);
  const linking = linkCarol();
  await eventually(somebodyWaits);
  await direct.query('commit');
  const again = await linking;

  const found = await store.read.findLinkByPlatformUser(clientId, 'carol');
  expect(found).toMatchObject({ id: again.linkId, state: 'PENDING' });
});
