import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';

import type { Sweep } from '../../api/sweeps/sweep.types.js';
import { InputError } from '../../lib/errors.js';
import type { Cause, ClientId, NicknameStrategy, SweepKind } from '../../model.js';
import type { Database } from '../connection/database.js';
import { inMs, NOW } from '../connection/expressions.js';
import { CROWD } from '../jobs/start-listing.js';
import type { Db } from '../entities/entities.js';
import { findSweeps } from './sweep-views.js';
import type { SweepRun } from '../../sweep/ports.js';

interface StartRequest {
  readonly clientId: ClientId;
  readonly kind: SweepKind;
  readonly dryRun: boolean;
  readonly enforceStrategy: NicknameStrategy | null;
  readonly cause: Cause;
}

/** Queues a sweep for the processes that run sweeps. */
export function createStartSweep(database: Database) {
  return async (request: StartRequest): Promise<Sweep> => {
    const { clientId, kind } = request;
    refuseKind(request);
    const db = database.sql();
    const refusal = await readRefusal(db, clientId);
    if (refusal === undefined)
      throw new InputError('NOT_FOUND', `client ${clientId} does not exist`, 'input.clientId');
    if (refusal !== null) throw new InputError('FAILED_PRECONDITION', refusal);
    const id = await insertSweep(db, request);
    if (id === null)
      throw new InputError('CONFLICT', `a ${kind} sweep of client ${clientId} is already running`);
    return theSweep(db, id);
  };
}

function refuseKind({ kind, enforceStrategy }: StartRequest): void {
  if (enforceStrategy !== null && kind !== 'ENFORCE_NICKNAMES')
    throw new InputError(
      'BAD_USER_INPUT',
      'only ENFORCE_NICKNAMES sweeps accept a strategy',
      'input.enforceStrategy',
    );
  const refusal = refusalOfKind(kind);
  if (refusal !== null) throw new InputError('FAILED_PRECONDITION', refusal);
}

/** Returns the sweep's id; null if a sweep of this client and kind already waits or runs. */
export async function insertSweep(db: Db, request: StartRequest): Promise<string | null> {
  const { clientId, kind, dryRun, enforceStrategy, cause } = request;
  const { rows } = await sql<{ id: string }>`
    insert into sweep (id, client_id, kind, state, is_dry_run, enforce_strategy, cause)
    values (${uuidv7()}, ${clientId}, ${kind}, 'WAITING', ${dryRun}, ${enforceStrategy}, ${JSON.stringify(cause)}::jsonb)
    on conflict (client_id, kind) where state in ('WAITING', 'RUNNING') do nothing
    returning id`.execute(db);
  return rows[0]?.id ?? null;
}

/**
 * Cancels the run: its process notices before its next page, and its later writes have no effect.
 */
export async function cancelSweep(db: Db, id: string): Promise<Sweep> {
  const { numUpdatedRows } = await db
    .updateTable('sweep')
    .set({ state: 'CANCELLED', finishedAt: NOW, owner: null, leasedUntil: null })
    .where('id', '=', id)
    .where('state', 'in', ['WAITING', 'RUNNING'])
    .executeTakeFirst();
  if (numUpdatedRows > 0n) return theSweep(db, id);
  const [sweep] = await findSweeps(db, [id]);
  if (sweep === undefined)
    throw new InputError('NOT_FOUND', `sweep ${id} does not exist`, 'input.id');
  throw new InputError(
    'FAILED_PRECONDITION',
    sweep.state === 'HELD'
      ? `sweep ${id} is held: decide it with approveSweep or rejectSweep`
      : `sweep ${id} is already finished: ${sweep.state}`,
  );
}

export async function theSweep(db: Db, id: string): Promise<Sweep> {
  const [sweep] = await findSweeps(db, [id]);
  if (sweep === undefined) throw new Error(`sweep ${id} no longer exists`);
  return sweep;
}

/**
 * Claims the oldest sweep that is waiting, whose lease has expired, or that this process holds
 * without running it, because the claim's response was lost or the run was abandoned.
 */
export async function claimSweep(
  db: Db,
  owner: string,
  { leaseMs, inWork }: { readonly leaseMs: number; readonly inWork: readonly string[] },
): Promise<SweepRun | null> {
  const { rows } = await sql<RunRow>`
    update sweep s set state = 'RUNNING', owner = ${owner}, attempts = attempts + 1, checked = 0,
      not_before = null, reason = null,
      leased_until = ${inMs(leaseMs)}, started_at = case when attempts = 0 then clock_timestamp() else started_at end
    from client c
    where c.id = s.client_id and s.id = (
      select id from sweep
      where (state = 'WAITING' and (not_before is null or not_before <= clock_timestamp())) or (state = 'RUNNING'
        and (leased_until < clock_timestamp() or (owner = ${owner} and id <> all(${inWork}::uuid[]))))
      order by id limit 1 for update skip locked)
    returning s.id, s.client_id as "clientId", s.kind, s.is_dry_run as "isDryRun", s.enforce_strategy as "enforceStrategy",
      s.cause ->> 'traceparent' as traceparent, coalesce(s.cause ->> 'id' = ${CROWD.id}, false) as "isForCrowd", s.attempts,
      ${REFUSAL_OF_CLIENT} as refusal,
      case when c.ending_at is null and c.is_enabled and c.stopped_at is null
        then extract(epoch from c.paused_until - clock_timestamp()) * 1000 end::float8 as "pausedMs"`.execute(
    db,
  );
  const [row] = rows;
  if (row === undefined) return null;
  return { ...row, pausedMs: Math.max(0, row.pausedMs ?? 0) };
}

type RunRow = Omit<SweepRun, 'pausedMs'> & { readonly pausedMs: number | null };

const KINDS: Partial<Readonly<Record<SweepKind, string>>> = {
  CHANGES: 'CHANGES sweeps cannot be started: the removal guard creates them',
};

/** Why a sweep of this kind cannot start at any client; null if it can. */
export const refusalOfKind = (kind: SweepKind): string | null => KINDS[kind] ?? null;

/** Why the guild of `client c` cannot be read now; null if it can. */
export const REFUSAL_OF_CLIENT = sql<string | null>`case
  when c.ending_at is not null then 'the client is being deleted'
  when not c.is_enabled then 'the client is disabled'
  when c.stopped_at is not null then 'the client is stopped: ' || coalesce(c.trouble, 'its bot token was refused')
  when c.paused_until > clock_timestamp() then 'the client is paused: ' || coalesce(c.trouble, 'its guild does not answer')
  end`;

/**
 * Returns why the client's guild cannot be read now: null if it can, undefined if the client does
 * not exist.
 */
async function readRefusal(db: Db, clientId: ClientId): Promise<string | null | undefined> {
  const row = await db
    .selectFrom('client as c')
    .select(REFUSAL_OF_CLIENT.as('refusal'))
    .where('c.id', '=', clientId)
    .executeTakeFirst();
  return row?.refusal;
}
