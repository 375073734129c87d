import { sql, type Kysely } from 'kysely';

import type { ClientId } from '../../model.js';

export interface KeptCheck {
  readonly name: string;
  readonly result: 'OK' | 'WARNING' | 'FAILED';
  readonly message: string;
  readonly remedy: string | null;
}

/** Kept beside the client, whose settings are not touched by it. */
export async function saveChecks(
  db: Kysely<unknown>,
  clientId: ClientId,
  checks: readonly KeptCheck[],
): Promise<void> {
  await sql`
    update client set checks = ${JSON.stringify(checks)}::jsonb, checked_at = clock_timestamp()
    where id = ${clientId}`.execute(db);
}

/** Clients whose last check is a day old, at most `limit`; each is given to one process. */
export async function claimDueChecks(
  db: Kysely<unknown>,
  limit: number,
): Promise<readonly ClientId[]> {
  const { rows } = await sql<{ id: ClientId }>`
    update client set checked_at = clock_timestamp() where id in (
      select id from client
      where ending_at is null and is_enabled
        and (checked_at is null or checked_at < clock_timestamp() - interval '1 day')
      order by checked_at nulls first limit ${limit} for update skip locked)
    returning id`.execute(db);
  return rows.map((row) => row.id);
}
