import type { Pool, PoolClient } from 'pg';

import { DatabaseUnavailableError } from '../../lib/errors.js';

/**
 * Returns a function that rejects new statements, waits for those in progress, and ends the pool.
 * `pool.end()` alone would leave callers waiting for a connection forever, and would hang if Kysely
 * destroyed the pool while a connection is being opened.
 *
 * Call it after `connect` has been wrapped in every other way, so that callers await the promise
 * stored here.
 */
export function createPoolEnd(pool: Pool): () => Promise<void> {
  const checkouts = new Set<Promise<PoolClient>>();
  const connect = pool.connect.bind(pool);
  let isEnding = false;

  const checkOut = (callback?: Parameters<typeof connect>[0]): unknown => {
    // Only `pool.query` passes a callback. `pool.query` is used only to cancel reads, and reads
    // stop before the pool does.
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
