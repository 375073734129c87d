import { afterEach, beforeEach, expect, test } from 'vitest';

import type { Store } from '../../services/store/store.js';
import { PILOT } from '../builders/member-facts.js';
import {
  createMappedClient,
  link,
  membership,
} from '../builders/store-world.js';
import type { TestDatabase } from '../support/database.js';
import { createMigratedDatabase, openTestStore } from '../support/store.js';

let database: TestDatabase;
let store: Store;
let clientId: string;

beforeEach(async () => {
  database = await createMigratedDatabase();
  store = await openTestStore(database.url, { poolSize: 12 });
  const { client } = await createMappedClient(store, [
    { groupId: 'pilots', roleId: PILOT },
  ]);
  clientId = client.id;
});

afterEach(async () => {
  await store.stop();
  await database.drop();
});

const account = (index: number) => String(620000000000000000n + BigInt(index));

test('links and facts about the same people, all at once, all come through', async () => {
  const people = Array.from({ length: 60 }, (_, index) => index);

  await Promise.all([
    ...people.map(async (index) =>
      link(store, clientId, `person-${index}`, account(index)),
    ),
    ...people.map(async (index) =>
      store.applyFacts([membership(`person-${index}`, 'pilots')]),
    ),
    ...people.map(async (index) =>
      store.applyFacts([
        membership(`person-${59 - index}`, 'pilots', 'removed'),
      ]),
    ),
  ]);

  expect(await store.read.countLinks(clientId, {})).toBe(60);
});

test('two claims of one account at once make one link and one refusal', async () => {
  const claims = await Promise.allSettled(
    Array.from({ length: 8 }, async (_, index) =>
      link(store, clientId, `person-${index}`, account(1)),
    ),
  );

  expect(claims.filter((claim) => claim.status === 'fulfilled')).toHaveLength(
    1,
  );
  const refusals = claims.flatMap((claim) =>
    claim.status === 'rejected' ? [claim.reason] : [],
  );
  expect(refusals).toEqual(
    Array(7).fill(expect.objectContaining({ code: 'CONFLICT' })),
  );
});

test('a person who links two accounts at once ends with one active link', async () => {
  await Promise.allSettled(
    [1, 2, 3, 4].map(async (index) =>
      link(store, clientId, 'alice', account(index)),
    ),
  );

  const { rows } = await store.read.pageLinks(
    clientId,
    {},
    { limit: 20, after: null },
  );
  expect(rows.filter((row) => row.state !== 'ENDING')).toHaveLength(1);
});
