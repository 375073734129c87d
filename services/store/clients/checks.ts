import { sql } from 'kysely';

import { inMs, NOW } from '../connection/expressions.js';
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
  /** Clients to skip, because this process is checking them or has tried to. */
  readonly except: readonly ClientId[];
}

/** Saves the check results. Leaves `updatedAt` unchanged, because the settings did not change. */
async function saveChecks(db: Db, clientId: ClientId, checks: readonly KeptCheck[]): Promise<void> {
  await db
    .updateTable('client')
    .set({ checks, checkedAt: NOW })
    .where('id', '=', clientId)
    .execute();
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/**
 * Claims enabled clients whose last check is a day old or missing, least recently claimed first.
 * Other processes skip a claimed client for ten minutes. If the response to a claim is lost, this
 * process's next call claims the same client again.
 */
async function claimDueChecks(
  db: Db,
  owner: string,
  { limit, except }: DueChecksRequest,
): Promise<readonly ClientId[]> {
  const rows = await db
    .updateTable('client')
    .set({ checkClaimedBy: owner, checkClaimedUntil: inMs(10 * MINUTE_MS) })
    .where('id', 'in', (query) =>
      query
        .selectFrom('client')
        .select('id')
        .where('endingAt', 'is', null)
        .where('isEnabled', '=', true)
        .where('id', '!=', sql<ClientId>`all(${except})`)
        .where((eb) => eb.or([eb('checkedAt', 'is', null), eb('checkedAt', '<', inMs(-DAY_MS))]))
        .where((eb) =>
          eb.or([
            eb('checkClaimedBy', '=', owner),
            eb('checkClaimedUntil', 'is', null),
            eb('checkClaimedUntil', '<=', NOW),
          ]),
        )
        .orderBy('checkClaimedUntil', (order) => order.asc().nullsFirst())
        .orderBy('checkedAt', (order) => order.asc().nullsFirst())
        .limit(limit)
        .forUpdate()
        .skipLocked(),
    )
    .returning('id')
    .execute();
  return rows.map((row) => row.id);
}
