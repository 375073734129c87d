import { sql } from 'kysely';

import type { EnqueueEvent } from '../outbox/outbox.js';
import { saveHolders } from '../unlinked/save-unlinked.js';
import { type Cause, type DiscordUserId, LANES } from '../../model.js';
import type { Database } from '../connection/database.js';
import { closeDrained, forgetVanished } from '../decisions/forget.js';
import type { JudgePlan } from '../decisions/hold-burst.js';
import { withTime } from '../decisions/hold.js';
import { anyOf, inMs, NOW } from '../connection/expressions.js';
import type { Db } from '../entities/entities.js';
import { markMembers } from '../jobs/mark.js';
import { lockGuard } from '../path/guard-tally.js';
import { describeParked, type ParkedMembers, readParked } from '../read/parked.js';
import { answerWaiting } from './answer-waiting.js';
import { holdPlan } from './hold-plan.js';
import type { SweepEnding, SweepRun } from '../../sweep/ports.js';

/**
 * Update of the run's row; matches no row if the run was cancelled or another process has taken it
 * over.
 */
const ours = (db: Db, id: string, owner: string) =>
  db
    .updateTable('sweep')
    .where('id', '=', id)
    .where('owner', '=', owner)
    .where('state', '=', 'RUNNING');

/**
 * Columns of a released run. Any process may start it again, and the released attempt is not
 * counted.
 */
const released = {
  state: 'WAITING',
  owner: null,
  leasedUntil: null,
  attempts: sql<number>`attempts - 1`,
} as const;

/**
 * Renews the run's lease and saves its progress. Returns false if this process no longer owns the
 * run.
 */
export async function renewSweep(
  db: Db,
  lease: { readonly id: string; readonly owner: string; readonly ms: number },
  checked: number,
): Promise<boolean> {
  const { numUpdatedRows } = await ours(db, lease.id, lease.owner)
    .set({ leasedUntil: inMs(lease.ms), checked })
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/**
 * Releases an unfinished run for any process to restart. Has no effect if the run has already been
 * restarted.
 */
export async function releaseSweep(
  db: Db,
  { id, attempts }: Pick<SweepRun, 'id' | 'attempts'>,
  owner: string,
): Promise<void> {
  await ours(db, id, owner).set(released).where('attempts', '=', attempts).execute();
}

/**
 * Postpones the run and stores `reason` for display. Returns false if this process no longer owns
 * the run.
 */
export async function postponeSweep(
  db: Db,
  { id, owner }: { readonly id: string; readonly owner: string },
  { waitMs, reason }: { readonly waitMs: number; readonly reason: string },
): Promise<boolean> {
  const { numUpdatedRows } = await ours(db, id, owner)
    .set({ ...released, reason, notBefore: inMs(waitMs) })
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/**
 * Locks the run's row until the transaction ends. Returns false if this process no longer owns the
 * run; the caller must then write nothing.
 */
export async function holdSweep(db: Db, id: string, owner: string): Promise<boolean> {
  const row = await db
    .selectFrom('sweep')
    .select('id')
    .where('id', '=', id)
    .where('owner', '=', owner)
    .where('state', '=', 'RUNNING')
    .forUpdate()
    .executeTakeFirst();
  return row !== undefined;
}

export interface Finished {
  /**
   * The id of the sweep that holds this run's removals: this sweep, or an earlier sweep that still
   * waits for approval. Null: no removals are held.
   */
  readonly heldIn: string | null;
  /** True: the member list looked incomplete, and the list before it did not. */
  readonly isNewDoubt: boolean;
}

/**
 * Marks members, saves the result, holds removals and ends the run, in one transaction. Returns
 * null and writes nothing if this process no longer owns the run.
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
      const isHeld = state === 'HELD';
      await db
        .updateTable('sweep')
        .set({
          state,
          plan: ending.plan,
          checked: ending.checked,
          drifted,
          parked: parked?.members ?? 0,
          changed: ending.changed,
          failed,
          reason: isHeld ? sql<string>`${withTime(reason)}` : reason || null,
          owner: null,
          leasedUntil: null,
          finishedAt: isHeld ? null : NOW,
        })
        .where('id', '=', run.id)
        .execute();
      if (heldIn !== null) await heldIn.tell(enqueueEvent);
      await forgetInStep(db, run);
      return { heldIn: heldIn?.sweepId ?? null, isNewDoubt };
    });
}

/**
 * Counts members out of step who were already parked and are not retried. Returns null if there are
 * none, or if no member was checked.
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

/**
 * Writes what the sweep found: holders, marks and held removals. Locks jobs before plans, as runs
 * do.
 */
async function follow(db: Db, run: SweepRun, ending: SweepEnding, judgePlan: JudgePlan) {
  await saveHolders(db, run.clientId, ending);
  const isNewDoubt = await saveDoubt(db, run, ending);
  await saveCountsFault(db, run, ending);
  await mark(db, run, ending.looks, { looksAnew: true });
  await mark(db, run, ending.marks, {});
  // Runs after marking, because marking skips members with a waiting job, and this deletes such
  // jobs.
  if (ending.answered) await answerWaiting(db, run.clientId, ending.answered);
  // Locks the guard after jobs and before plans, as in a run. If new facts cause removals at the
  // same time, the removals judged second are counted together with those judged first.
  const limits = await lockGuard(db, run.clientId);
  await forgetVanished(db, run.clientId);
  await closeDrained(db, run.clientId);
  return {
    heldIn: await holdPlan(db, run, ending, { judgePlan, limits }),
    isNewDoubt,
  };
}

/**
 * Marks members, except those already waiting for a run: a second mark would make postponed jobs
 * due at once and hide their own causes.
 */
async function mark(
  db: Db,
  run: SweepRun,
  members: readonly DiscordUserId[],
  how: Pick<Cause, 'looksAnew'>,
): Promise<void> {
  if (members.length === 0) return;
  const waiting = await nameWaiting(db, run, members);
  const rows = await db
    .selectFrom('link as l')
    .leftJoin('reconcile_job as j', (join) =>
      join.onRef('j.clientId', '=', 'l.clientId').onRef('j.discordUserId', '=', 'l.discordUserId'),
    )
    .select('l.discordUserId')
    .distinct()
    .where('l.clientId', '=', run.clientId)
    .where('l.discordUserId', '=', anyOf(members))
    .where((eb) =>
      eb.or([
        eb('j.clientId', 'is', null),
        eb('j.isParked', '=', true),
        eb('j.claimedBy', 'is not', null),
      ]),
    )
    .execute();
  const marked = rows.map((row) => row.discordUserId);
  const cause = { ...namingCause(run), ...how };
  const request = { clientId: run.clientId, members: marked, cause };
  await markMembers(db, request, LANES.sweep);
  await sql`
    insert into sweep_mark (sweep_id, discord_user_id)
    select ${run.id}::uuid, m.id from unnest(${[...marked, ...waiting]}::text[]) as m (id) on conflict do nothing`.execute(
    db,
  );
}

/**
 * Deletes runs of this kind that found nothing to do, once they are a day old. Other runs are kept
 * as long as the client's settings say.
 */
async function forgetInStep(db: Db, { clientId, kind }: SweepRun): Promise<void> {
  await db
    .deleteFrom('sweep')
    .where('clientId', '=', clientId)
    .where('kind', '=', kind)
    .where('state', '=', 'DONE')
    .whereRef('drifted', '=', 'parked')
    .where('finishedAt', '<', inMs(-DAY_MS))
    .execute();
}

const DAY_MS = 24 * 60 * 60_000;

/**
 * Saves in `client.doubt` why the member list looked incomplete. The next list that looks complete
 * clears it. Returns true if the client had no doubt before.
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

/**
 * Saves why Discord's role counts could not be read. The reason is kept until the counts can be
 * read again.
 */
async function saveCountsFault(
  db: Db,
  { clientId }: SweepRun,
  { countsFault }: SweepEnding,
): Promise<void> {
  if (countsFault === undefined) return;
  await db
    .updateTable('client')
    .set({ countsFault })
    .where('id', '=', clientId)
    .where('countsFault', 'is distinct from', countsFault)
    .execute();
}

type NamingRun = Pick<SweepRun, 'id' | 'clientId' | 'kind' | 'enforceStrategy' | 'traceparent'>;

function namingCause(run: NamingRun): Cause {
  const { id, kind, enforceStrategy, traceparent } = run;
  return {
    kind: 'SWEEP',
    id,
    actor: 'connector',
    ...(kind === 'ENFORCE_NICKNAMES' && { enforcesNicknames: true as const }),
    ...(enforceStrategy !== null && { enforceStrategy }),
    ...(traceparent !== null && { traceparent }),
  };
}

/**
 * If the sweep enforces nicknames, adds its cause to jobs that already wait for a run; without this
 * cause, the run would use the client's strategy and leave disputed nicknames alone. Does not mark the members of
 * these jobs again, so the jobs keep their place in the queue. Returns these members.
 */
async function nameWaiting(
  db: Db,
  run: NamingRun,
  members: readonly DiscordUserId[],
): Promise<readonly DiscordUserId[]> {
  if (run.kind !== 'ENFORCE_NICKNAMES') return [];
  const rows = await db
    .updateTable('reconcile_job')
    .set({
      causes: sql`newest_causes(causes || ${JSON.stringify([namingCause(run)])}::jsonb)`,
    })
    .where('clientId', '=', run.clientId)
    .where('discordUserId', '=', anyOf(members))
    .where('isParked', '=', false)
    .where('claimedBy', 'is', null)
    .returning('discordUserId')
    .execute();
  return rows.map((row) => row.discordUserId);
}
