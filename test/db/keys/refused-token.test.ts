import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Store } from '../../../services/store/store.js';
import { cause, clientInput } from '../../builders/store-world.js';
import type { TestDatabase } from '../../support/database.js';
import { createMigratedDatabase, openTestStore } from '../../support/store.js';

let database: TestDatabase;
let store: Store;
let clientId: string;

beforeEach(async () => {
  database = await createMigratedDatabase();
  store = await openTestStore(database.url);
  clientId = (await store.clients.createClient(clientInput())).id;
});

afterEach(async () => {
  await store.stop();
  await database.drop();
});

const revision = async () => (await store.readCredentials(clientId)).revision;

const refuse = async (of?: string) =>
  store.memory.saveTrouble(clientId, {
    kind: 'STOPPED',
    reason: 'Discord refuses the token',
    ...(of !== undefined && { revision: of }),
  });

const stoppedAt = async () => (await store.clients.findClients([clientId]))[0]?.stoppedAt;

describe('a token that Discord refuses', () => {
  test('does not stop a client that received another token in the meantime', async () => {
    const before = await revision();
    await store.clients.updateClient(clientId, { botToken: 'new' }, cause);

    await refuse(before);

    expect(await stoppedAt()).toBeNull();
  });

  test('stops the client that still uses it', async () => {
    await refuse(await revision());

    expect(await stoppedAt()).toBeInstanceOf(Date);
  });

  test('stops the client if the token’s revision is unknown', async () => {
    await refuse();

    expect(await stoppedAt()).toBeInstanceOf(Date);
  });
});
