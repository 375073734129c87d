import { randomBytes } from 'node:crypto';

import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { clientInput } from '../../builders/store-world.js';
import type { TestDatabase } from '../../support/database.js';
import { createMigratedDatabase, openTestStore } from '../../support/store.js';
import { NEW, OLD, ring } from './key-world.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createMigratedDatabase();
  const store = await openTestStore(database.url, { keys: ring(OLD) });
  for (const [at, name] of ['First', 'Second'].entries())
    await store.clients.createClient(
      clientInput({
        name,
        guildId: `10000000000000000${at}`,
        applicationId: `80000000000000000${at}`,
      }),
    );
  await store.stop();
});

afterAll(async () => database.drop());

async function refuseWrong(keys: ReturnType<typeof ring>): Promise<void> {
  const store = await openTestStore(database.url, { keys });
  try {
    await store.keys.refuseWrong();
  } finally {
    await store.stop();
  }
}

describe('a start', () => {
  test.each([
    ['alone', ring({ id: OLD.id, key: randomBytes(32) })],
    ['behind a right one', ring(NEW, { id: OLD.id, key: randomBytes(32) })],
  ])('is refused if a key has the right id but a different value, %s', async (_where, keys) => {
    await expect(refuseWrong(keys)).rejects.toThrow(
      /^ENCRYPTION_KEYS: the key "old" is not the one that encrypted the secrets of client First \(/,
    );
  });

  test.each([
    ['the right key', ring(OLD)],
    ['a key that has encrypted nothing yet', ring(NEW, OLD)],
    ['a key whose place is empty, which is a lost one', ring(NEW)],
  ])('succeeds with %s', async (_what, keys) => {
    await expect(refuseWrong(keys)).resolves.toBeUndefined();
  });

  test('succeeds if only one secret is unreadable', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(
      `update client set bot_token = split_part(bot_token, '.', 1) || '.AAAA.AAAA.AAAA' where name = 'First'`,
    );
    await client.end();

    await expect(refuseWrong(ring(OLD))).resolves.toBeUndefined();
  });
});
