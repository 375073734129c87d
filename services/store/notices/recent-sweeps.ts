import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { ClientId } from '../../model.js';
import { every } from '../read/page.js';

/** Maximum per read, newest first. */
const LIMIT = 200;

/** Sweeps that are in progress or ended recently. */
export async function recentSweepIds(
  db: Db,
  request: {
    /** Null: all clients. */
    readonly clientIds: readonly ClientId[] | null;
    readonly finishedWithinMs: number;
  },
): Promise<readonly string[]> {
  const { clientIds, finishedWithinMs } = request;
  const { rows } = await sql<{ id: string }>`
    select id from sweep
    where ${every([
      clientIds && sql`client_id = any(${clientIds}::uuid[])`,
      sql`(finished_at is null or finished_at > clock_timestamp() - make_interval(secs => ${finishedWithinMs / 1000}::float8))`,
    ])}
    order by id desc limit ${LIMIT}`.execute(db);
  return rows.map((row) => row.id);
}
