import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { ClientId, SendingPause } from '../../model.js';
import type { Listener } from '../connection/listen.js';

/** Pauses shared between processes. */
export function createSending(db: () => Db, listener: Pick<Listener, 'on'>) {
  return {
    saveSending: async (clientId: ClientId, pause: SendingPause | null) =>
      saveSending(db(), clientId, pause),
    tellTryNow: async (clientId: ClientId) => tellTryNow(db(), clientId),
    onTryNow: async (tryNow: (clientId: ClientId) => void) =>
      listener.on('try_now', (clientId) => {
        if (clientId) tryNow(clientId);
      }),
  };
}

/**
 * Shares this process's pause with all others; null: calls succeed again, and postponed work is due
 * at once.
 */
async function saveSending(db: Db, clientId: ClientId, pause: SendingPause | null): Promise<void> {
  if (pause === null) return clearSending(db, clientId);
  await sql`
    update client set sending_cause = ${pause.cause}, sending_since = ${pause.since.toISOString()}::timestamptz,
      sending_until = ${pause.until.toISOString()}::timestamptz
    where id = ${clientId}`.execute(db);
}

async function clearSending(db: Db, clientId: ClientId): Promise<void> {
  await sql`
    with due as (
      update sweep set not_before = null, reason = null
      where client_id = ${clientId} and state = 'WAITING' and not_before is not null)
    update client set sending_cause = null, sending_since = null, sending_until = null
    where id = ${clientId} and sending_until is not null`.execute(db);
}

/** Makes every process try its next call for this client, even during a pause. */
async function tellTryNow(db: Db, clientId: ClientId): Promise<void> {
  await sql`select pg_notify('try_now', ${clientId}::text)`.execute(db);
}
