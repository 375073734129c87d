import { sql } from 'kysely';

import type { ClientId, PlatformUserId } from '../../model.js';
import type { Asker } from '../connection/together.js';

interface Row {
  readonly id: string;
  readonly count: number;
}

/** Members waiting for a reconcile or being reconciled, without parked ones. */
export async function pendingOfClients(
  db: Asker,
  ids: readonly ClientId[],
): Promise<readonly number[]> {
  const { rows } = await sql<Row>`
    select client_id as id, count(*)::int as count from reconcile_job
    where client_id = any(${ids}::uuid[]) and not is_parked
    group by client_id`.execute(db);
  return counts(ids, rows);
}

export async function pendingOfPlatformUsers(
  db: Asker,
  ids: readonly PlatformUserId[],
): Promise<readonly number[]> {
  const { rows } = await sql<Row>`
    select l.platform_user_id as id, count(*)::int as count
    from link l join reconcile_job j on j.client_id = l.client_id and j.discord_user_id = l.discord_user_id
    where l.platform_user_id = any(${ids}::text[]) and not j.is_parked
    group by l.platform_user_id`.execute(db);
  return counts(ids, rows);
}

function counts(ids: readonly string[], rows: readonly Row[]) {
  const found = new Map(rows.map(({ id, count }) => [id, count]));
  return ids.map((id) => found.get(id) ?? 0);
}
