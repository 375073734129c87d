import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';

import type { Db } from '../entities/entities.js';
import { InputError } from '../../lib/errors.js';
import type { Cause, ClientId, NicknameStrategy, SweepKind } from '../../model.js';
import type { Database } from '../connection/database.js';
import { readRefusal, refusalOfKind } from './refusals.js';
import { findSweeps } from './sweep-views.js';
import type { Sweep } from '../../api/sweeps/sweep.types.js';

export interface StartRequest {
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

/** Null: a sweep of this client and kind already waits or runs. */
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
  const { rows } = await sql<{ id: string }>`
    update sweep set state = 'CANCELLED', finished_at = clock_timestamp(), owner = null, leased_until = null
    where id = ${id} and state in ('WAITING', 'RUNNING')
    returning id`.execute(db);
  if (rows.length > 0) return theSweep(db, id);
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
