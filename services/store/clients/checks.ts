import { sql } from 'kysely';

import type { KeptCheck } from '../entities/client.entity.js';
import type { Db } from '../entities/entities.js';
import type { ClientId } from '../../model.js';

export function createChecks(db: () => Db, owner: string) {
  return {
    saveChecks: async (clientId: ClientId, checks: readonly KeptCheck[]) =>
      saveChecks(db(), clientId, checks),
    claimDueChecks: async (request: DueChecksRequest) => claimDueChecks(db(), owner, request),
  };
}

interface DueChecksRequest {
  readonly limit: number;
  /** Clients that this process is checking or has tried already. */
  readonly except: readonly ClientId[];
}

/** Stored separately from the client's settings, which stay unchanged. */
async function saveChecks(db: Db, clientId: ClientId, checks: readonly KeptCheck[]): Promise<void> {
  await sql`
    update client set checks = ${JSON.stringify(checks)}::jsonb, checked_at = clock_timestamp()
    where id = ${clientId}`.execute(db);
}

/**
 * Claims clients whose last check is a day old, the longest unclaimed first. Other processes leave
 * a claimed client alone for ten minutes. A process that claimed one but does not check it, because
 * the answer to the claim was lost, gets it again at once.
 */
async function claimDueChecks(
  db: Db,
  owner: string,
  { limit, except }: DueChecksRequest,
): Promise<readonly ClientId[]> {
  const { rows } = await sql<{ id: ClientId }>`
    update client set check_claimed_by = ${owner}, check_claimed_until = clock_timestamp() + interval '10 minutes'
    where id in (
      select id from client
      where ending_at is null and is_enabled and id <> all(${except}::uuid[])
        and (checked_at is null or checked_at < clock_timestamp() - interval '1 day')
        and (check_claimed_by = ${owner} or check_claimed_until is null or check_claimed_until <= clock_timestamp())
      order by check_claimed_until nulls first, checked_at nulls first limit ${limit} for update skip locked)
    returning id`.execute(db);
  return rows.map((row) => row.id);
}
