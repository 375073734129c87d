import type { Database } from '../connection/database.js';
import type { TryLock } from '../connection/session-locks.js';
import { stepsOf, type Kind } from './steps.js';

/** An arbitrary advisory lock: one process at a time deletes expired rows. */
const LOCK = 741_300_116;

export interface Removed {
  /** Kinds without deletions are left out. */
  readonly counts: Readonly<Partial<Record<Kind, number>>>;
  /** More rows have expired than one run may delete. */
  readonly hasMore: boolean;
}

interface Deps {
  readonly database: Database;
  readonly lock: TryLock;
}

/**
 * Deletes expired rows in small statements with pauses, at most `most` statements; all kinds and
 * clients take turns. Null: another process is doing it.
 */
export function createRetention({ database, lock }: Deps) {
  return async (request: {
    readonly most: number;
    readonly pause: () => Promise<void>;
  }): Promise<Removed | null> => {
    const unlock = await lock(LOCK);
    if (unlock === null) return null;
    try {
      return await removeOver(database, request);
    } finally {
      await unlock();
    }
  };
}

async function removeOver(
  database: Database,
  { most, pause }: { readonly most: number; readonly pause: () => Promise<void> },
): Promise<Removed> {
  const counts: Partial<Record<Kind, number>> = {};
  const steps = await stepsOf(database.sql());
  let taken = 0;
  // Repeats until a round finds nothing, because deleted marks allow their sweep to be deleted.
  for (let isOver = false; !isOver;) {
    isOver = true;
    for (const step of steps) {
      const removed = await database.transaction(async (tx) => step.remove(tx.sql));
      if (removed === 0) continue;
      isOver = false;
      counts[step.kind] = (counts[step.kind] ?? 0) + removed;
      taken += 1;
      if (taken >= most) return { counts, hasMore: true };
      await pause();
    }
  }
  return { counts, hasMore: false };
}
