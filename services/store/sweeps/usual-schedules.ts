import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { ClientId, NicknameStrategy, SweepKind } from '../../model.js';
import { type Time, toDate } from '../read/page.js';
import type { ScheduleTiming } from '../../sweep/ports.js';

/** A pure function: the next time after `after`; null if the schedule is off or never occurs. */
export type NextRun = (timing: ScheduleTiming, after: Date) => Date | null;

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

export async function resetSchedules(db: Db, usual: Usual, clientId: ClientId): Promise<void> {
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
