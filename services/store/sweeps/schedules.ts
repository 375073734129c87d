import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import { InputError } from '../../lib/errors.js';
import type { Cause, ClientId, SweepKind } from '../../model.js';
import type { Database } from '../connection/database.js';
import { type Time, gathered, toDateOrNull } from '../read/page.js';
import { REFUSAL_OF_CLIENT, refusalOfKind } from './refusals.js';
import { insertSweep } from './start-sweep.js';
import {
  type NextRun,
  type Usual,
  addMissing,
  readNow,
  resetSchedules,
} from './usual-schedules.js';
import type { Schedule } from '../../api/sweeps/sweep.types.js';
import type { ScheduleTiming } from '../../sweep/ports.js';

interface ScheduleRow {
  readonly client_id: ClientId;
  readonly kind: SweepKind;
  readonly cron: string;
  readonly time_zone: string;
  readonly is_enabled: boolean;
  readonly last_run_at: Time | null;
  readonly next_run_at: Time | null;
}

const COLUMNS = sql`client_id, kind, cron, time_zone, is_enabled, last_run_at, next_run_at`;

/** Reads, changes and claims schedules. */
export function createSchedules({ database, ...usual }: Usual & { readonly database: Database }) {
  const { nextRun } = usual;
  const db = () => database.sql();
  const addAll = async () => database.transaction(async (tx) => addMissing(tx.sql, usual, null));
  return {
    /** Includes new clients that no process has seen yet. */
    schedulesOfClients: async (ids: readonly ClientId[]) => {
      const found = await readSchedules(db(), ids);
      if (found.every(isWhole)) return found;
      await addAll();
      return readSchedules(db(), ids);
    },
    /** Gives the default schedules to clients that have none yet. */
    addMissing: addAll,
    claimDue: async () => database.transaction(async (tx) => claimDue(tx.sql, nextRun)),
    /** `change` gets the current schedule, and may throw to reject. */
    changeSchedule: async (
      key: { readonly clientId: ClientId; readonly kind: SweepKind },
      change: (timing: ScheduleTiming) => ScheduleTiming,
    ) =>
      database.transaction(async (tx) => {
        await addMissing(tx.sql, usual, key.clientId);
        return changeSchedule(tx.sql, nextRun, key, change);
      }),
    loadDefaultSchedule: async (clientId: ClientId) =>
      database.transaction(async (tx) => {
        await resetSchedules(tx.sql, usual, clientId);
        const [schedules = []] = await readSchedules(tx.sql, [clientId]);
        if (schedules.length === 0)
          throw new InputError('NOT_FOUND', `client ${clientId} does not exist`, 'input.clientId');
        return schedules;
      }),
  };
}

function isWhole(schedules: readonly Schedule[]): boolean {
  return (
    schedules.length > 0 &&
    schedules.every(({ isEnabled, nextRunAt }) => !isEnabled || nextRunAt !== null)
  );
}

async function readSchedules(db: Db, ids: readonly ClientId[]): Promise<(readonly Schedule[])[]> {
  const { rows } = await sql<ScheduleRow>`
    select ${COLUMNS} from schedule where client_id = any(${ids}::uuid[]) order by client_id, kind`.execute(
    db,
  );
  return gathered(ids, rows.map(toSchedule), (row) => row.clientId);
}

async function changeSchedule(
  db: Db,
  nextRun: NextRun,
  { clientId, kind }: { clientId: ClientId; kind: SweepKind },
  change: (timing: ScheduleTiming) => ScheduleTiming,
): Promise<Schedule> {
  const { rows } = await sql<ScheduleRow>`
    select ${COLUMNS} from schedule where client_id = ${clientId} and kind = ${kind} for update`.execute(
    db,
  );
  const [row] = rows;
  if (row === undefined)
    throw new InputError(
      'NOT_FOUND',
      `client ${clientId} has no schedule for ${kind}`,
      'input.kind',
    );
  const next = change(toSchedule(row));
  const nextRunAt = nextRun(next, await readNow(db));
  const { rows: changed } = await sql<ScheduleRow>`
    update schedule set cron = ${next.cron}, time_zone = ${next.timeZone}, is_enabled = ${next.isEnabled},
      next_run_at = ${nextRunAt?.toISOString() ?? null}::timestamptz
    where client_id = ${clientId} and kind = ${kind} returning ${COLUMNS}`.execute(db);
  return toSchedule(changed[0] ?? row);
}

const MOST_DUE = 100;

export interface DueSchedule {
  readonly clientId: ClientId;
  readonly kind: SweepKind;
  /** Why the sweep was not started. Null if it was. */
  readonly skipped: string | null;
}

/**
 * Gives each due schedule to one process, which sets its next time and queues its sweep. Several
 * missed times cause one sweep. A schedule is skipped until its next time if its last sweep is
 * still running or its client cannot be worked.
 */
async function claimDue(db: Db, nextRun: NextRun): Promise<readonly DueSchedule[]> {
  const { rows } = await sql<ScheduleRow & { refusal: string | null }>`
    select s.*, ${REFUSAL_OF_CLIENT} as refusal from schedule s join client c on c.id = s.client_id
    where s.next_run_at <= clock_timestamp()
    order by s.next_run_at limit ${MOST_DUE} for update of s skip locked`.execute(db);
  if (rows.length === 0) return [];
  const now = await readNow(db);
  const due: DueSchedule[] = [];
  for (const row of rows) {
    const { client_id: clientId, kind } = row;
    const skipped = row.refusal ?? refusalOfKind(kind) ?? (await begin(db, clientId, kind));
    const nextRunAt = nextRun(toSchedule(row), now)?.toISOString() ?? null;
    await sql`
      update schedule set next_run_at = ${nextRunAt}::timestamptz, skipped_reason = ${skipped}::text,
        last_run_at = case when ${skipped}::text is null then clock_timestamp() else last_run_at end
      where client_id = ${clientId} and kind = ${kind}`.execute(db);
    due.push({ clientId, kind, skipped });
  }
  return due;
}

async function begin(db: Db, clientId: ClientId, kind: SweepKind): Promise<string | null> {
  const cause: Cause = { kind: 'SWEEP', id: 'schedule', actor: 'connector' };
  const request = { clientId, kind, dryRun: false, enforceStrategy: null };
  const id = await insertSweep(db, { ...request, cause });
  return id === null ? 'the previous sweep is still running' : null;
}

function toSchedule(row: ScheduleRow) {
  return {
    clientId: row.client_id,
    kind: row.kind,
    cron: row.cron,
    timeZone: row.time_zone,
    isEnabled: row.is_enabled,
    lastRunAt: toDateOrNull(row.last_run_at),
    nextRunAt: toDateOrNull(row.next_run_at),
  };
}
