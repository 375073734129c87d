import type { Pool } from 'pg';

const GIVE_BACK_MS = 1_000;

/**
 * Rolling back a transaction fails if its connection died, and Kysely only releases a connection
 * after a successful rollback: each such death would leak a pool slot for ever. A connection not
 * released a moment later never will be.
 */
export function giveBackTheDead(pool: Pool): void {
  pool.on('connect', (client) => {
    client.once('end', () => {
      setTimeout(() => {
        try {
          client.release(true);
        } catch {
          // Already released.
        }
      }, GIVE_BACK_MS).unref();
    });
  });
}
