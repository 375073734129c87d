import { sql } from 'kysely';

import type { OutboxEvent } from '../../model.js';
import type { Database } from '../connection/database.js';
import type { Listener } from '../connection/listen.js';

/**
 * An arbitrary number. One process drains at a time, so that events are sent in the order they were
 * written.
 */
const LOCK = 741_300_113;

/**
 * Holds no transaction and no pool connection while waiting for the broker. It may be unreachable
 * for long, and an open transaction would hold back vacuum and be ended by the server's timeouts.
 * If a process dies between sending and deleting, the next one sends the same events again, with
 * the same ids.
 */
export function createDrainOutbox(deps: {
  readonly database: Database;
  readonly lock: Listener['tryLock'];
}) {
  return async (
    limit: number,
    send: (events: readonly OutboxEvent[]) => Promise<void>,
  ): Promise<number> => {
    const unlock = await deps.lock(LOCK);
    if (unlock === null) return 0;
    try {
      const events = await oldest(deps.database, limit);
      if (events.length === 0) return 0;
      await send(events);
      await forget(deps.database, events);
      return events.length;
    } finally {
      await unlock();
    }
  };
}

async function oldest(database: Database, limit: number): Promise<readonly OutboxEvent[]> {
  const { rows } = await sql<Row>`
    select position, id, key, type, subject, time, data from outbox order by position limit ${limit}`.execute(
    database.sql(),
  );
  return rows.map((row) => ({
    ...row,
    position: Number(row.position),
    time: new Date(row.time),
  }));
}

/**
 * Deletes exactly these positions, not all up to the last: a transaction that began earlier may
 * have added an event before it meanwhile.
 */
async function forget(database: Database, events: readonly OutboxEvent[]): Promise<void> {
  const positions = events.map(({ position }) => position);
  await sql`delete from outbox where position = any(${positions}::bigint[])`.execute(
    database.sql(),
  );
}

interface Row {
  readonly position: string;
  readonly id: string;
  readonly key: string;
  readonly type: string;
  readonly subject: string | null;
  readonly time: string;
  readonly data: unknown;
}
