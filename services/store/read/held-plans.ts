import { sql } from 'kysely';

import type { ClientId } from '../../model.js';
import type { Asker } from '../connection/together.js';
import { toDate, type Time } from './page.js';

/** What waits for an admin to approve or reject. */
export interface HeldPlans {
  readonly plans: number;
  readonly removals: number;
  readonly oldestSince: Date;
}

interface Row {
  readonly id: ClientId;
  readonly plans: number;
  readonly removals: number;
  readonly oldest_since: Time;
}

/** When a plan was held: at the end of a sweep, or at the start of one of kind CHANGES. */
export const HELD_SINCE = sql`coalesce(s.finished_at, s.started_at)`;

/** Null: this client has no held plan. */
export async function heldPlansOfClients(
  db: Asker,
  ids: readonly ClientId[],
): Promise<readonly (HeldPlans | null)[]> {
  const { rows } = await sql<Row>`
    select s.client_id as id, count(*)::int as plans, min(${HELD_SINCE}) as oldest_since,
      sum((select count(*) from removal_decision d where d.sweep_id = s.id and d.verdict = 'HELD'))::int as removals
    from sweep s where s.client_id = any(${ids}::uuid[]) and s.state = 'HELD'
    group by s.client_id`.execute(db);
  const found = new Map(rows.map((row) => [row.id, toHeldPlans(row)]));
  return ids.map((id) => found.get(id) ?? null);
}

const toHeldPlans = (row: Row): HeldPlans => ({
  plans: row.plans,
  removals: row.removals,
  oldestSince: toDate(row.oldest_since),
});
