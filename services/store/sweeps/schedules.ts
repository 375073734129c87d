import { sql } from 'kysely';

import type { Schedule } from '../../api/sweeps/sweep.types.js';
import { InputError } from '../../lib/errors.js';
import type { Cause, ClientId, NicknameStrategy, SweepKind } from '../../model.js';
import type { Database } from '../connection/database.js';
import type { Db } from '../entities/entities.js';
import { gathered, type Time, toDate, toDateOrNull } from '../read/page.js';
import { insertSweep, REFUSAL_OF_CLIENT, refusalOfKind } from './start-sweep.js';
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

interface DueSchedule {
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

/** A pure function: the next time after `after`; null if the schedule is off or never occurs. */
type NextRun = (timing: ScheduleTiming, after: Date) => Date | null;

/** A client's default schedules; nickname sweeps run if it has a nickname policy. */
export interface Usual {
  readonly nextRun: NextRun;
  readonly defaultsOf: (
    clientId: ClientId,
    nicknames: NicknameStrategy,
  ) => readonly ScheduleTiming[];
}

/**
 * Gives the default schedules to clients without one (all clients, or the named one), and sets the
 * next time of schedules that another entry point has switched on. In a transaction, so that a
 * concurrent policy change waits and finds the schedule it has to switch.
 */
export async function addMissing(db: Db, usual: Usual, clientId: ClientId | null): Promise<void> {
  const { rows } = await sql<NamedClient>`
    select c.id, c.nickname_strategy from client c
    where c.ending_at is null and (${clientId}::uuid is null or c.id = ${clientId})
      and not exists (select from schedule s where s.client_id = c.id)
    for share`.execute(db);
  await upsert(db, usual, { clients: rows, resets: false });
  await addTimes(db, usual.nextRun);
}

interface NamedClient {
  readonly id: ClientId;
  readonly nickname_strategy: NicknameStrategy;
}

async function resetSchedules(db: Db, usual: Usual, clientId: ClientId): Promise<void> {
  const { rows } = await sql<NamedClient>`
    select id, nickname_strategy from client where id = ${clientId} for share`.execute(db);
  await upsert(db, usual, { clients: rows, resets: true });
}

async function upsert(
  db: Db,
  { defaultsOf, nextRun }: Usual,
  request: {
    readonly clients: readonly NamedClient[];
    readonly resets: boolean;
  },
): Promise<void> {
  if (request.clients.length === 0) return;
  const now = await readNow(db);
  const rows = request.clients.flatMap((client) =>
    defaultsOf(client.id, client.nickname_strategy).map((timing) => ({
      client_id: client.id,
      kind: timing.kind,
      cron: timing.cron,
      time_zone: timing.timeZone,
      is_enabled: timing.isEnabled,
      next_run_at: nextRun(timing, now)?.toISOString() ?? null,
    })),
  );
  await sql`
    insert into schedule (client_id, kind, cron, time_zone, is_enabled, next_run_at)
    select n.* from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as n (client_id uuid, kind text, cron text, time_zone text, is_enabled boolean, next_run_at timestamptz)
    join client c on c.id = n.client_id
    order by n.client_id, n.kind
    on conflict (client_id, kind) do update set cron = excluded.cron, time_zone = excluded.time_zone,
      is_enabled = excluded.is_enabled, next_run_at = excluded.next_run_at
    where ${request.resets}::boolean`.execute(db);
}

async function addTimes(db: Db, nextRun: NextRun): Promise<void> {
  const { rows } = await sql<{
    client_id: ClientId;
    kind: SweepKind;
    cron: string;
    time_zone: string;
  }>`
    select client_id, kind, cron, time_zone from schedule where is_enabled and next_run_at is null
    order by client_id, kind for update`.execute(db);
  if (rows.length === 0) return;
  const now = await readNow(db);
  for (const { client_id: clientId, kind, cron, time_zone: timeZone } of rows) {
    const next = nextRun({ kind, cron, timeZone, isEnabled: true }, now);
    await sql`
      update schedule set next_run_at = ${next?.toISOString() ?? null}::timestamptz
      where client_id = ${clientId} and kind = ${kind}`.execute(db);
  }
}

/**
 * Starts nickname sweeps when a client gets a nickname policy, and stops them when the policy is
 * removed. The next time is added by a process that can read time patterns; this wakes it.
 */
export async function switchNicknames(
  db: Db,
  clientId: ClientId,
  strategy: NicknameStrategy,
): Promise<void> {
  await sql`
    update schedule set is_enabled = ${strategy !== 'NONE'}, next_run_at = null
    where client_id = ${clientId} and kind = 'ENFORCE_NICKNAMES'`.execute(db);
}

export async function readNow(db: Db): Promise<Date> {
  const { rows } = await sql<{
    now: Time;
  }>`select clock_timestamp() as now`.execute(db);
  return toDate(rows[0]?.now ?? '');
}
