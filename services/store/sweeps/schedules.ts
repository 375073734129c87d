import { sql } from 'kysely';

import type { Schedule } from '../../api/sweeps/sweep.types.js';
import { InputError } from '../../lib/errors.js';
import type { Cause, ClientId, NicknameStrategy, SweepKind } from '../../model.js';
import type { Database } from '../connection/database.js';
import { anyOf, NOW } from '../connection/expressions.js';
import type { ClientRow } from '../entities/client.entity.js';
import type { Db } from '../entities/entities.js';
import { gathered, type Time, toDate } from '../read/page.js';
import { insertSweep, REFUSAL_OF_CLIENT, refusalOfKind } from './start-sweep.js';
import type { ScheduleTiming } from '../../sweep/ports.js';

const COLUMNS = [
  'clientId',
  'kind',
  'cron',
  'timeZone',
  'isEnabled',
  'lastRunAt',
  'nextRunAt',
] as const;

/** Reads, changes and claims schedules. */
export function createSchedules({ database, ...usual }: Usual & { readonly database: Database }) {
  const { nextRun } = usual;
  const db = () => database.sql();
  const addAll = async () => database.transaction(async (tx) => addMissing(tx.sql, usual, null));
  return {
    /** First adds the default schedules of new clients. */
    schedulesOfClients: async (ids: readonly ClientId[]) => {
      const found = await readSchedules(db(), ids);
      if (found.every(isWhole)) return found;
      await addAll();
      return readSchedules(db(), ids);
    },
    /** Adds the default schedules to clients that have no schedule yet. */
    addMissing: addAll,
    claimDue: async () => database.transaction(async (tx) => claimDue(tx.sql, nextRun)),
    /** `change` receives the current schedule, and may throw to reject the change. */
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
  const rows = await db
    .selectFrom('schedule')
    .select(COLUMNS)
    .where('clientId', '=', anyOf(ids))
    .orderBy('clientId')
    .orderBy('kind')
    .execute();
  return gathered(ids, rows, (row) => row.clientId);
}

async function changeSchedule(
  db: Db,
  nextRun: NextRun,
  { clientId, kind }: { clientId: ClientId; kind: SweepKind },
  change: (timing: ScheduleTiming) => ScheduleTiming,
): Promise<Schedule> {
  const row = await db
    .selectFrom('schedule')
    .select(COLUMNS)
    .where('clientId', '=', clientId)
    .where('kind', '=', kind)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined)
    throw new InputError(
      'NOT_FOUND',
      `client ${clientId} has no schedule for ${kind}`,
      'input.kind',
    );
  const { cron, timeZone, isEnabled, ...timing } = change(row);
  const nextRunAt = nextRun({ ...timing, cron, timeZone, isEnabled }, await readNow(db));
  return db
    .updateTable('schedule')
    .set({ cron, timeZone, isEnabled, nextRunAt })
    .where('clientId', '=', clientId)
    .where('kind', '=', kind)
    .returning(COLUMNS)
    .executeTakeFirstOrThrow();
}

const MOST_DUE = 100;

interface DueSchedule {
  readonly clientId: ClientId;
  readonly kind: SweepKind;
  /** Why the sweep was not started. Null if it was. */
  readonly skipped: string | null;
}

/**
 * Claims each due schedule for one process, sets its next time and queues its sweep. Several missed
 * times cause one sweep. Skips a schedule until its next time if its last sweep is still running or
 * its client's guild cannot be read.
 */
async function claimDue(db: Db, nextRun: NextRun): Promise<readonly DueSchedule[]> {
  const rows = await db
    .selectFrom('schedule as s')
    .innerJoin('client as c', 'c.id', 's.clientId')
    .select(['s.clientId', 's.kind', 's.cron', 's.timeZone', 's.isEnabled'])
    .select(REFUSAL_OF_CLIENT.as('refusal'))
    .where('s.nextRunAt', '<=', NOW)
    .orderBy('s.nextRunAt')
    .limit(MOST_DUE)
    .forUpdate('s')
    .skipLocked()
    .execute();
  if (rows.length === 0) return [];
  const now = await readNow(db);
  const due: DueSchedule[] = [];
  for (const row of rows) {
    const { clientId, kind } = row;
    const skipped = row.refusal ?? refusalOfKind(kind) ?? (await begin(db, clientId, kind));
    await db
      .updateTable('schedule')
      .set({ nextRunAt: nextRun(row, now), skippedReason: skipped })
      .$if(skipped === null, (query) => query.set({ lastRunAt: NOW }))
      .where('clientId', '=', clientId)
      .where('kind', '=', kind)
      .execute();
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

/**
 * Returns the first time after `after`; null if the schedule is disabled or never occurs. It must
 * be a pure function, because transactions that call it are retried after a conflict.
 */
type NextRun = (timing: ScheduleTiming, after: Date) => Date | null;

/**
 * Computes next times and a client's default schedules. By default, nickname sweeps are enabled if
 * the client has a nickname policy.
 */
export interface Usual {
  readonly nextRun: NextRun;
  readonly defaultsOf: (
    clientId: ClientId,
    nicknames: NicknameStrategy,
  ) => readonly ScheduleTiming[];
}

/**
 * Adds the default schedules to clients without any (all clients, or the given one), and sets the
 * next time of enabled schedules that have none, as `switchNicknames` leaves them. Call it in a
 * transaction, so that a concurrent policy change waits and then finds the schedule it has to
 * switch.
 */
export async function addMissing(db: Db, usual: Usual, clientId: ClientId | null): Promise<void> {
  const rows = await db
    .selectFrom('client as c')
    .select(['c.id', 'c.nicknameStrategy'])
    .where('c.endingAt', 'is', null)
    .$if(clientId !== null, (query) => query.where('c.id', '=', clientId ?? ''))
    .where((eb) =>
      eb.not(
        eb.exists(
          eb.selectFrom('schedule as s').whereRef('s.clientId', '=', 'c.id').select('s.kind'),
        ),
      ),
    )
    .forShare()
    .execute();
  await upsert(db, usual, { clients: rows, resets: false });
  await addTimes(db, usual.nextRun);
}

type NamedClient = Pick<ClientRow, 'id' | 'nicknameStrategy'>;

async function resetSchedules(db: Db, usual: Usual, clientId: ClientId): Promise<void> {
  const rows = await db
    .selectFrom('client')
    .select(['id', 'nicknameStrategy'])
    .where('id', '=', clientId)
    .forShare()
    .execute();
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
    defaultsOf(client.id, client.nicknameStrategy).map((timing) => ({
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
  const rows = await db
    .selectFrom('schedule')
    .select(['clientId', 'kind', 'cron', 'timeZone', 'isEnabled'])
    .where('isEnabled', '=', true)
    .where('nextRunAt', 'is', null)
    .orderBy('clientId')
    .orderBy('kind')
    .forUpdate()
    .execute();
  if (rows.length === 0) return;
  const now = await readNow(db);
  for (const row of rows)
    await db
      .updateTable('schedule')
      .set({ nextRunAt: nextRun(row, now) })
      .where('clientId', '=', row.clientId)
      .where('kind', '=', row.kind)
      .execute();
}

/**
 * Enables scheduled nickname sweeps when a client gets a nickname policy, and disables them when
 * the policy is removed. The update notifies a process that can parse cron patterns, and that
 * process sets the next time.
 */
export async function switchNicknames(
  db: Db,
  clientId: ClientId,
  strategy: NicknameStrategy,
): Promise<void> {
  await db
    .updateTable('schedule')
    .set({ isEnabled: strategy !== 'NONE', nextRunAt: null })
    .where('clientId', '=', clientId)
    .where('kind', '=', 'ENFORCE_NICKNAMES')
    .execute();
}

export async function readNow(db: Db): Promise<Date> {
  const { rows } = await sql<{
    now: Time;
  }>`select clock_timestamp() as now`.execute(db);
  return toDate(rows[0]?.now ?? '');
}
