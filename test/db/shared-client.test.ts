import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { SharedClient } from '../../services/store/connection/heartbeat.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { soon } from '../support/soon.js';

let database: TestDatabase;
let client: SharedClient;

beforeEach(async () => {
  database = await createTestDatabase();
  client = new SharedClient({ connectionString: database.url });
  await client.connect();
});

afterEach(async () => {
  await client.end();
  await database.drop();
});

test('a shared connection runs the queries of concurrent callers one at a time and answers each', async () => {
  const query = vi.spyOn(client, 'query');

  const first = client.ask('select pg_sleep(0.1)');
  const wrong = client.ask('select nothing').catch((error: unknown) => error);
  const last = client.ask('select $1::int as given', [7]);

  await soon(() => expect(query).toHaveBeenCalledTimes(1));
  await first;
  expect(await wrong).toMatchObject({ message: /"nothing" does not exist/ });
  expect((await last).rows).toEqual([{ given: 7 }]);
  expect(query).toHaveBeenCalledTimes(3);
});
