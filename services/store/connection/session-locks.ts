import { UnavailableError } from '../../lib/errors.js';
import type { SharedClient } from './shared-client.js';

/**
 * Null if another process or this one holds the lock. Otherwise resolves with a function that
 * releases it.
 */
export type TryLock = (key: number) => Promise<(() => Promise<void>) | null>;

/** Locks shared by all processes; PostgreSQL releases them when the connection ends. */
export function createSessionLocks(session: () => SharedClient | null): TryLock {
  const held = new Set<number>();
  return async (key) => {
    const client = session();
    if (client === null) throw new UnavailableError('database unreachable');
    if (held.has(key)) return null; // PostgreSQL would grant a session its own lock again
    held.add(key);
    try {
      const { rows } = await client.ask<{ is_ours: boolean }>(
        'select pg_try_advisory_lock($1) as is_ours',
        [key],
      );
      if (rows[0]?.is_ours === true) return () => unlock(client, key, held);
      held.delete(key);
      return null;
    } catch (error) {
      held.delete(key);
      throw new UnavailableError('database unreachable', { cause: error });
    }
  };
}

/** If the connection has ended, there is nothing left to unlock. */
async function unlock(client: SharedClient, key: number, held: Set<number>): Promise<void> {
  await client.ask('select pg_advisory_unlock($1)', [key]).catch(() => undefined);
  held.delete(key);
}
