import { sql } from 'kysely';

import type { Logger } from '../../lib/logger.js';
import { type ClientId, type DiscordUserId, LANES, type SendingPause } from '../../model.js';
import type { ClientTrouble } from '../../reconcile/ports.js';
import { NOW } from '../connection/expressions.js';
import type { Listener } from '../connection/listen.js';
import type { Db, Row } from '../entities/entities.js';
import { REVISION } from './client-rows.js';
import { openGapAfterPause } from '../live/gaps.js';
import { markMembers } from '../jobs/mark.js';

/**
 * Saves why a client is stopped or paused. Pauses double from one minute to six hours, so that a
 * guild the bot has left costs only a few calls a day.
 */
export async function saveTrouble(
  db: Db,
  clientId: ClientId,
  { kind, reason, revision, tryAgain = [] }: ClientTrouble,
): Promise<void> {
  // Jobs of a paused client are not claimed, so these jobs run when the pause ends.
  if (tryAgain.length > 0) await markAgain(db, clientId, tryAgain);
  const saving = db.updateTable('client').set({ trouble: reason }).where('id', '=', clientId);
  await (
    kind === 'STOPPED'
      ? saving
          .set({ stoppedAt: sql`coalesce(stopped_at, clock_timestamp())` })
          .$if(Boolean(revision), (query) => query.where(REVISION, '=', revision ?? ''))
      : saving
          .set((eb) => ({ pauseCount: eb('pauseCount', '+', 1), pausedUntil: NEXT_PAUSE }))
          .where((eb) => eb.or([eb('pausedUntil', 'is', null), eb('pausedUntil', '<=', NOW)]))
  ).execute();
}

const NEXT_PAUSE = sql<Date>`
  clock_timestamp() + least(interval '1 minute' * power(2, least(pause_count, 10)), interval '6 hours')`;

/**
 * Marks members again whose calls Discord refused because of the guild, not because of the member.
 */
export async function markAgain(
  db: Db,
  clientId: ClientId,
  members: readonly DiscordUserId[],
): Promise<void> {
  const cause = {
    kind: 'REPAIR',
    id: 'the guild refused too many calls',
    actor: 'connector',
  } as const;
  await markMembers(db, { clientId, members, cause }, LANES.bulk);
}

/**
 * Ends a client's stop or pause. After a stop, changes `updated_at` so that every process re-reads
 * the bot token, even one that saw it rejected. Resolves to the reason of the ended trouble; null:
 * there was none, or another transaction ended it first.
 */
export async function clearTrouble(db: Db, clientId: ClientId): Promise<string | null> {
  const { rows } = await sql<Pick<Row<'client'>, 'trouble'> & { readonly wasStopped: boolean }>`
    update client c set trouble = null, stopped_at = null, paused_until = null, pause_count = 0,
      updated_at = case when c.stopped_at is null then c.updated_at else clock_timestamp() end
    from (select id, trouble, stopped_at is not null as was_stopped from client where id = ${clientId} for update) before
    where c.id = before.id
    returning before.trouble, before.was_stopped as "wasStopped"`.execute(db);
  if (rows[0]?.wasStopped === true) await openGapAfterPause(db, clientId);
  return rows[0]?.trouble ?? null;
}

/** Logs the end of a trouble. Call it only after the transaction has committed. */
export function logTroubleEnd(
  logger: Pick<Logger, 'info'>,
  clientId: ClientId,
  trouble: string | null,
): void {
  if (trouble !== null) logger.info({ clientId, trouble }, 'client recovered');
}

/** Shares pauses of calls to Discord between processes. */
export function createSending(db: () => Db, listener: Pick<Listener, 'on'>) {
  return {
    saveSending: async (clientId: ClientId, pause: SendingPause | null) =>
      saveSending(db(), clientId, pause),
    notifyTryNow: async (clientId: ClientId) => notifyTryNow(db(), clientId),
    readUntriedPauses: async () => readUntriedPauses(db()),
    /**
     * Calls `tryNow` with the client whose next call to Discord is to be tried at once. After a
     * lost connection, calls it with null, because requests may have been missed.
     */
    onTryNow: async (tryNow: (clientId: ClientId | null) => void) => listener.on('try_now', tryNow),
  };
}

/**
 * Stores this process's pause for the other processes. Null: calls succeed again, so the pause is
 * cleared and postponed sweeps are due at once.
 */
async function saveSending(db: Db, clientId: ClientId, pause: SendingPause | null): Promise<void> {
  if (pause === null) return clearSending(db, clientId);
  await db
    .updateTable('client')
    .set({ sendingCause: pause.cause, sendingSince: pause.since, sendingUntil: pause.until })
    .where('id', '=', clientId)
    .execute();
}

async function clearSending(db: Db, clientId: ClientId): Promise<void> {
  await db
    .with('due', (query) =>
      query
        .updateTable('sweep')
        .set({ notBefore: null, reason: null })
        .where('clientId', '=', clientId)
        .where('state', '=', 'WAITING')
        .where('notBefore', 'is not', null),
    )
    .updateTable('client')
    .set({ sendingCause: null, sendingSince: null, sendingUntil: null })
    .where('id', '=', clientId)
    .where('sendingUntil', 'is not', null)
    .execute();
}

/** `notifyTryNow` appends this to the cause of a stored pause. */
const ASKED = '; retrying one call now';

/**
 * Makes every process try its next call for this client, even during a pause. Also stores the
 * request with the pause, because a process may miss the notification. The next call of the process
 * that paused clears or replaces the stored pause, and with it the request.
 */
async function notifyTryNow(db: Db, clientId: ClientId): Promise<void> {
  await sql`
    with asked as (
      update client set sending_cause = sending_cause || ${ASKED}::text
      where id = ${clientId} and sending_cause not like ${`%${ASKED}`}
    )
    select pg_notify('try_now', ${clientId}::text)`.execute(db);
}

/** Returns the clients with a stored pause and no request to try a call. */
async function readUntriedPauses(db: Db): Promise<ReadonlySet<ClientId>> {
  const rows = await db
    .selectFrom('client')
    .select('id')
    .where('sendingCause', 'not like', `%${ASKED}`)
    .execute();
  return new Set(rows.map((row) => row.id));
}
