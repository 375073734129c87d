import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Store } from '../../../services/store/store.js';
import { clientInput } from '../../builders/store-world.js';
import type { TestDatabase } from '../../support/database.js';
import { createMigratedDatabase, openTestStore } from '../../support/store.js';

let database: TestDatabase;
let store: Store;
beforeAll(async () => {
  database = await createMigratedDatabase();
  store = await openTestStore(database.url);
});
afterAll(async () => {
  await store.stop();
  await database.drop();
});

test('a client found by id equals the one in the full list, with optional fields unset and set', async () => {
  const { id } = await store.clients.createClient(clientInput());
  const [bare] = await store.clients.findClients([id]);
  const [bareInList] = await store.clients.listClients();
  const direct = new pg.Client({ connectionString: database.url });
  await direct.connect();
  await direct.query(
    `update client set callback_url = 'https://a.example', invite_url = 'https://b.example', bot_user_id = '1',
      nickname_template = '%username', trouble = 'why', doubt = 'what', checks = '[{"name":"bot token","result":"OK","explanation":"x"}]',
      roles_read_at = '2026-11-22T17:00:00.123Z', stopped_at = '2026-11-22T17:00:01Z', paused_until = '2026-11-22T17:00:02Z',
      ending_at = '2026-11-22T17:00:03Z', checked_at = '2026-11-22T17:00:04Z' where id = $1`,
    [id],
  );
  await direct.end();

  const missing = '0192f000-0000-7000-8000-000000000000';
  const [none, full, again] = await store.clients.findClients([missing, id, id]);
  const [inList] = await store.clients.listClients();

  expect(bare).toEqual(bareInList);
  expect(full).toEqual(inList);
  expect(full?.rolesReadAt).toEqual(new Date('2026-11-22T17:00:00.123Z'));
  expect(full?.createdAt).toBeInstanceOf(Date);
  expect(again).toEqual(full);
  expect(none).toBeUndefined();
});
