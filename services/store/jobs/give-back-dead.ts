import type { Pool } from 'pg';

const GIVE_BACK_MS = 1_000;

/**
 * Releases connections that died in a transaction. Their rollback fails, and Kysely releases a
 * connection only after a successful rollback, so each would leak a pool slot. One that is not
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
