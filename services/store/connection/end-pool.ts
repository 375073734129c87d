import type { Pool, PoolClient } from 'pg';

import { DatabaseUnavailableError } from '../../lib/errors.js';

/**
 * Returns a function that ends the pool once every statement in progress has its answer, and refuses
 * new ones meanwhile. `pool.end()` alone never answers a caller that is waiting for a connection,
 * and waits for ever when Kysely's own end comes while a connection is being opened.
 *
 * Call it after everything else that wraps `connect`: callers must await the promise that is stored
 * here, so that they have their connection before the pool ends.
 */
export function createPoolEnd(pool: Pool): () => Promise<void> {
  const checkouts = new Set<Promise<PoolClient>>();
  const connect = pool.connect.bind(pool);
  let isEnding = false;

  const checkOut = (callback?: Parameters<typeof connect>[0]): unknown => {
    // `pool.query` passes a callback; it is used only for cancelling reads, which end before.
    if (callback !== undefined) return connect(callback);
    if (isEnding) return Promise.reject(stopping());
    const checkout = connect();
    checkouts.add(checkout);
    const done = () => checkouts.delete(checkout);
    checkout.then(done, done);
    return checkout;
  };
  Object.assign(pool, { connect: checkOut });

  return async () => {
    isEnding = true;
    await Promise.allSettled(checkouts);
    await pool.end();
  };
}

const stopping = () => new DatabaseUnavailableError('The connector is stopping. Try again.');
