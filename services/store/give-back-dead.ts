import type { Pool } from 'pg';

const GIVE_BACK_MS = 1_000;

/**
 * A transaction whose connection dies is rolled back in vain, and Kysely gives a connection back only after a rollback that went
 * through: each such death would take a place in the pool for ever. Who was not given back a moment later never will be.
 */
export function giveBackTheDead(pool: Pool): void {
  pool.on('connect', (client) => {
    client.once('end', () => {
      setTimeout(() => {
        try {
          client.release(true);
        } catch {
          // It was given back already.
        }
      }, GIVE_BACK_MS).unref();
    });
  });
}
