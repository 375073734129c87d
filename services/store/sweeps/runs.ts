import { sql } from 'kysely';

import type { EnqueueEvent } from '../outbox/outbox.js';
import { saveHolders } from '../unlinked/save-unlinked.js';
import { sweepLeaseEnd } from './start-sweep.js';
import {
  type Cause,
  type ClientId,
  type DiscordUserId,
  LANES,
  type NicknameStrategy,
} from '../../model.js';
import type { Database } from '../connection/database.js';
import { closeDrained, forgetVanished } from '../decisions/forget.js';
import type { JudgePlan } from '../decisions/hold-burst.js';
import { withTime } from '../decisions/hold.js';
import type { Db } from '../entities/entities.js';
import { markMembers } from '../jobs/mark.js';
import { lockGuard } from '../path/guard-tally.js';
import { describeParked, type ParkedMembers, readParked } from '../read/parked.js';
import { holdPlan } from './hold-plan.js';
import type { SweepEnding, SweepRun } from '../../sweep/ports.js';

/** The run's row, while this process owns it: not if cancelled or taken over. */
const ours = (id: string, owner: string) =>
  sql`id = ${id} and owner = ${owner} and state = 'RUNNING'`;

/** False: this process no longer owns it. */
export async function renewSweep(
  db: Db,
  lease: { readonly id: string; readonly owner: string; readonly ms: number },
  checked: number,
): Promise<boolean> {
  const { rows } = await sql<{ id: string }>`
    update sweep set leased_until = ${sweepLeaseEnd(lease.ms)}, checked = ${checked}
    where ${ours(lease.id, lease.owner)} returning id`.execute(db);
  return rows.length > 0;
}

/**
 * Releases an unfinished run for any process to restart; no effect if it has been restarted
 * already.
 */
export async function releaseSweep(
  db: Db,
  { id, attempts }: Pick<SweepRun, 'id' | 'attempts'>,
  owner: string,
): Promise<void> {
  await sql`
    update sweep set state = 'WAITING', owner = null, leased_until = null, attempts = attempts - 1
    where ${ours(id, owner)} and attempts = ${attempts}`.execute(db);
}

/** Postpones the run for a visible reason. False: another process owns it now. */
export async function postponeSweep(
  db: Db,
  { id, owner }: { readonly id: string; readonly owner: string },
  { waitMs, reason }: { readonly waitMs: number; readonly reason: string },
): Promise<boolean> {
  const { rows } = await sql<{ id: string }>`
    update sweep set state = 'WAITING', owner = null, leased_until = null, attempts = attempts - 1, reason = ${reason},
      not_before = clock_timestamp() + make_interval(secs => ${waitMs / 1000}::float8)
    where ${ours(id, owner)} returning id`.execute(db);
  return rows.length > 0;
}

/** Call it in the transaction that writes something only if this process still owns the run. */
export async function holdSweep(db: Db, id: string, owner: string): Promise<boolean> {
  const { rows } = await sql`select 1 from sweep where ${ours(id, owner)} for update`.execute(db);
  return rows.length > 0;
}

export interface Finished {
  /** The sweep that holds its removals: this one, or an earlier one that still waits. */
  readonly heldIn: string | null;
  /** The member list cannot be believed, for the first time. */
  readonly isNewDoubt: boolean;
}

/**
 * Marks members, saves the result, holds removals and ends the run, in one transaction. Null: this
 * process no longer owns the run, and nothing was written.
 */
export function createFinishSweep({
  database,
  owner,
  enqueueEvent,
  judgePlan,
}: {
  readonly database: Database;
  readonly owner: string;
  readonly enqueueEvent: EnqueueEvent;
  readonly judgePlan: JudgePlan;
}) {
  return async (run: SweepRun, ending: SweepEnding): Promise<Finished | null> =>
    database.transaction(async ({ sql: db }) => {
      if (!(await holdSweep(db, run.id, owner))) return null;
      const { heldIn, isNewDoubt } = run.isDryRun
        ? { heldIn: null, isNewDoubt: false }
        : await follow(db, run, ending, judgePlan);
      const state = heldIn?.sweepId === run.id ? 'HELD' : ending.state;
      const parked = await readParkedBefore(db, run, ending);
      const reason = [ending.reason, heldIn?.reason ?? null, parked && describeParked(parked)]
        .filter((each) => each !== null)
        .join('; ');
      const drifted = ending.drifted + (parked?.members ?? 0);
      const failed = ending.failed + (parked?.members ?? 0);
      await sql`
        update sweep set state = ${state}, plan = ${ending.plan && JSON.stringify(ending.plan)}::jsonb, checked = ${ending.checked},
          drifted = ${drifted}, parked = ${parked?.members ?? 0}, changed = ${ending.changed}, failed = ${failed}, reason = ${state === 'HELD' ? withTime(reason) : sql`${reason || null}::text`}, owner = null,
          leased_until = null, finished_at = case when ${state} = 'HELD' then null else clock_timestamp() end
        where id = ${run.id}`.execute(db);
      if (heldIn !== null) await heldIn.tell(enqueueEvent);
      await forgetInStep(db, run);
      return { heldIn: heldIn?.sweepId ?? null, isNewDoubt };
    });
}

/**
 * Members out of step who were parked before and are not retried. Null: there are none, or no
 * member was checked.
 */
async function readParkedBefore(
  db: Db,
  { clientId }: SweepRun,
  { state, checked, driftedMembers }: SweepEnding,
): Promise<ParkedMembers | null> {
  if (state !== 'DONE' || checked === 0) return null;
  const found = driftedMembers.map(({ discordUserId }) => discordUserId);
  return readParked(db, clientId, found);
}

/** Members are locked before plans, as in a run. */
async function follow(db: Db, run: SweepRun, ending: SweepEnding, judgePlan: JudgePlan) {
  await saveHolders(db, run.clientId, ending);
  const isNewDoubt = await saveDoubt(db, run, ending);
  await saveCountsFault(db, run, ending);
  await mark(db, run, ending.looks, { looksAnew: true });
  await mark(db, run, ending.marks, {});
  // Locked after jobs and before plans, as in a run. Facts marked concurrently are either counted
  // here or count this.
  const limits = await lockGuard(db, run.clientId);
  await forgetVanished(db, run.clientId);
  await closeDrained(db, run.clientId);
  return {
    heldIn: await holdPlan(db, run, ending, { judgePlan, limits }),
    isNewDoubt,
  };
}

/**
 * Members already waiting for a run need no second mark, which would end their pause and hide their
 * own causes.
 */
async function mark(
  db: Db,
  run: SweepRun,
  members: readonly DiscordUserId[],
  how: Pick<Cause, 'looksAnew'>,
): Promise<void> {
  if (members.length === 0) return;
  const waiting = await nameWaiting(db, run, members);
  const { rows } = await sql<{ discord_user_id: DiscordUserId }>`
    select distinct l.discord_user_id from link l
    left join reconcile_job j on j.client_id = l.client_id and j.discord_user_id = l.discord_user_id
    where l.client_id = ${run.clientId} and l.discord_user_id = any(${members}::text[])
      and (j.client_id is null or j.is_parked or j.claimed_by is not null)`.execute(db);
  const marked = rows.map((row) => row.discord_user_id);
  const cause = { ...namingCause(run), ...how };
  const request = { clientId: run.clientId, members: marked, cause };
  await markMembers(db, request, { lane: LANES.sweep, windowMs: 0 });
  await sql`
    insert into sweep_mark (sweep_id, discord_user_id)
    select ${run.id}::uuid, m.id from unnest(${[...marked, ...waiting]}::text[]) as m (id) on conflict do nothing`.execute(
    db,
  );
}

/**
 * Runs that found nothing to do are kept for a day, the others as long as the client's settings
 * say.
 */
async function forgetInStep(db: Db, { clientId, kind }: SweepRun): Promise<void> {
  await sql`
    delete from sweep where client_id = ${clientId} and kind = ${kind} and state = 'DONE' and drifted = parked
      and finished_at < clock_timestamp() - interval '1 day'`.execute(db);
}

/**
 * Records whether the client is in doubt: from an unbelievable member list until the next
 * believable one. Resolves with true if the doubt is new.
 */
async function saveDoubt(
  db: Db,
  { clientId }: SweepRun,
  { state, reason, holders }: SweepEnding,
): Promise<boolean> {
  if (state !== 'FAILED' && holders === null) return false;
  const doubt = state === 'FAILED' ? reason : null;
  const { rows } = await sql<{ was_in_doubt: boolean }>`
    with before as (select doubt from client where id = ${clientId})
    update client set doubt = ${doubt}::text where id = ${clientId} and doubt is distinct from ${doubt}::text
    returning (select doubt is not null from before) as was_in_doubt`.execute(db);
  return doubt !== null && rows[0]?.was_in_doubt === false;
}

/** Kept until Discord's counts can be read again. */
async function saveCountsFault(
  db: Db,
  { clientId }: SweepRun,
  { countsFault }: SweepEnding,
): Promise<void> {
  if (countsFault === undefined) return;
  await sql`
    update client set counts_fault = ${countsFault}::text
    where id = ${clientId} and counts_fault is distinct from ${countsFault}::text`.execute(db);
}

interface NamingRun {
  readonly id: string;
  readonly clientId: ClientId;
  readonly enforceStrategy: NicknameStrategy | null;
  readonly traceparent: string | null;
}

function namingCause(run: NamingRun): Cause {
  const { id, enforceStrategy, traceparent } = run;
  return {
    kind: 'SWEEP',
    id,
    actor: 'connector',
    ...(enforceStrategy !== null && { enforceStrategy }),
    ...(traceparent !== null && { traceparent }),
  };
}

/**
 * Members already waiting for a run are not marked again. A sweep with its own nickname strategy
 * still adds its cause to them, otherwise the client's strategy would name them. They keep their
 * place in the queue. Resolves with these members.
 */
async function nameWaiting(
  db: Db,
  run: NamingRun,
  members: readonly DiscordUserId[],
): Promise<readonly DiscordUserId[]> {
  if (run.enforceStrategy === null) return [];
  const { rows } = await sql<{ discord_user_id: DiscordUserId }>`
    update reconcile_job set causes = newest_causes(causes || ${JSON.stringify([namingCause(run)])}::jsonb)
    where client_id = ${run.clientId} and discord_user_id = any(${members}::text[])
      and not is_parked and claimed_by is null
    returning discord_user_id`.execute(db);
  return rows.map((row) => row.discord_user_id);
}
