import { sql } from 'kysely';

import type { OutboxEvent } from '../../model.js';
import type { Database } from '../database.js';

/** Any number; one process drains at a time, so that events leave in the order they were written. */
const LOCK = 741_300_113;

export function createDrainOutbox(database: Database) {
  return async (
    limit: number,
    send: (events: readonly OutboxEvent[]) => Promise<void>,
  ): Promise<number> =>
    database.transaction(async ({ sql: db }) => {
      const lock = await sql<{
        is_ours: boolean;
      }>`select pg_try_advisory_xact_lock(${LOCK}) as is_ours`.execute(db);
      if (lock.rows[0]?.is_ours !== true) return 0;
      const { rows } = await sql<Row>`
        select position, id, key, type, subject, time, data from outbox order by position limit ${limit}`.execute(
        db,
      );
      if (rows.length === 0) return 0;
      await send(
        rows.map((row) => ({
          ...row,
          position: Number(row.position),
          time: new Date(row.time),
        })),
      );
      await sql`delete from outbox where position = any(${rows.map((row) => row.position)}::bigint[])`.execute(
        db,
      );
      return rows.length;
    });
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
