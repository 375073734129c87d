import { randomBytes } from 'node:crypto';

import { createKeyRing } from '../../services/lib/encryption.js';
import { silentLogger } from '../../services/lib/logger.js';
import { judgePlan } from '../../services/reconcile/guard/guard.js';
import { openStore, type Store, type StoreOptions } from '../../services/store/store.js';
import { bringUpToDate } from './bring-up-to-date.js';
import { createTestDatabase, type TestDatabase } from './database.js';

/** A database of the test file's own, with today's tables. */
export async function createMigratedDatabase(): Promise<TestDatabase> {
  return createTestDatabase(bringUpToDate);
}

export const TEST_KEYS = createKeyRing([{ id: 'test', key: Buffer.alloc(32, 7) }]);

/** Opened on the given database as a process of its own. */
export async function openTestStore(
  url: string,
  options: Partial<StoreOptions> = {},
): Promise<Store> {
  const store = await openStore({
    url,
    poolSize: 5,
    owner: `test-${randomBytes(4).toString('hex')}`,
    keys: TEST_KEYS,
    isGone: () => false,
    // A test renews by hand, if at all: no lease may run out while a busy machine is slow.
    leaseMs: 600_000,
    hasBroker: true,
    judgePlan,
    clock: Date.now,
    logger: silentLogger,
    ...options,
  });
  await store.start();
  return store;
}
