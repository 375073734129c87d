import { sql } from 'kysely';

import type { EnqueueEvent } from '../outbox/outbox.js';
import { anyOf } from '../connection/expressions.js';
import type { Db } from '../entities/entities.js';
import type { ClientId, DiscordUserId } from '../../model.js';
import type { GuardLimits } from '../../reconcile/write/records.js';
import { insertHeld, lockHeldSweep, publishHeld } from '../decisions/hold.js';
import { type JudgePlan, addDue, judgeRemovals } from '../decisions/hold-burst.js';
import type { Removal } from '../path/guard-tally.js';
import type { CausedRemoval } from '../decisions/burst-removals.js';
import type { SweepEnding, SweepRun } from '../../sweep/ports.js';

interface HeldIn {
  readonly sweepId: string;
  readonly reason: string;
  /**
   * Publishes the plan. Does nothing if the removals joined an earlier plan. Call it after the
   * sweep is marked as held.
   */
  readonly tell: (enqueueEvent: EnqueueEvent) => Promise<void>;
}

/**
 * Judges the removals of a sweep together, before any is carried out: per role, either all proceed
 * or all wait for approval. Does not judge removals for links that a person ended, nor removals
 * already allowed when the member was marked. Held removals join the plan of an earlier sweep that
 * still waits. Returns null if nothing is held.
 */
export async function holdPlan(
  db: Db,
  run: SweepRun,
  { driftedMembers }: SweepEnding,
  guard: { readonly judgePlan: JudgePlan; readonly limits: GuardLimits },
): Promise<HeldIn | null> {
  const { clientId } = run;
  const leaving = await readLeaving(db, clientId, driftedMembers);
  const foreseen = await readForeseen(db, clientId);
  const removals = driftedMembers
    .filter(({ discordUserId }) => !leaving.has(discordUserId))
    .flatMap(removalsOf)
    .filter((removal) => !foreseen.has(keyOf(removal)));
  if (removals.length === 0) return null;
  const burst = { clientId, removals, limits: guard.limits };
  const { held, passing } = await judgeRemovals(db, guard, burst);
  await addDue(db, clientId, passing);
  const [first] = held;
  if (first === undefined) return null;
  const { reason } = first;
  const earlier = await lockEarlierSweep(db, run, held);
  const sweepId = earlier ?? run.id;
  const added = await insertHeld(db, sweepId, {
    clientId,
    ground: 'LIMIT',
    reason,
    removals: held.map((each) => ({ ...each, why: WHY })),
  });
  // Since the drift was read, other plans have held all of these removals, so this plan would be
  // empty.
  if (earlier === null && added === 0) return null;
  return earlier === null
    ? {
        sweepId,
        reason,
        tell: async (enqueueEvent) => publishHeld(db, sweepId, enqueueEvent),
      }
    : {
        sweepId,
        reason: `${reason}; they wait in sweep ${earlier}`,
        tell: async () => undefined,
      };
}

const WHY = 'holds a role that no group grants';

/**
 * Locks a held sweep that already holds removals of these roles. If there is none, locks the held
 * sweep of this kind. Returns the sweep's id; null if neither exists.
 */
async function lockEarlierSweep(
  db: Db,
  { clientId, kind }: SweepRun,
  held: readonly Removal[],
): Promise<string | null> {
  const { rows } = await sql<{ id: string }>`
    select s.id from sweep s
    where s.client_id = ${clientId} and s.state = 'HELD' and s.kind <> 'CHANGES' and exists (
      select from removal_decision d where d.sweep_id = s.id and d.verdict = 'HELD' and d.held_by = 'SWEEP'
        and d.role_id = any(${held.map(({ roleId }) => roleId)}::text[]))
    order by s.kind = ${kind} desc, s.id limit 1 for update`.execute(db);
  return rows[0]?.id ?? lockHeldSweep(db, clientId, kind);
}

/** Returns the members whose links a person ended. The guard does not judge their removals. */
async function readLeaving(
  db: Db,
  clientId: ClientId,
  members: SweepEnding['driftedMembers'],
): Promise<ReadonlySet<DiscordUserId>> {
  const accounts = members.map(({ discordUserId }) => discordUserId);
  const rows = await db
    .selectFrom('link')
    .select('discordUserId')
    .where('clientId', '=', clientId)
    .where('discordUserId', '=', anyOf(accounts))
    .where('status', '=', 'ENDING')
    .groupBy('discordUserId')
    .having((eb) => eb.fn<boolean>('bool_and', ['isEndAskedFor']))
    .execute();
  return new Set(rows.map((row) => row.discordUserId));
}

/** Returns due removals, which the guard allowed when their members were marked. */
async function readForeseen(db: Db, clientId: ClientId): Promise<ReadonlySet<string>> {
  const { rows } = await sql<Removal>`
    select j.discord_user_id as "discordUserId", r.id as "roleId"
    from reconcile_job j cross join lateral unnest(j.removals) as r (id)
    where j.client_id = ${clientId} and j.removals <> '{}' and not j.is_parked`.execute(db);
  return new Set(rows.map(keyOf));
}

function keyOf({ discordUserId, roleId }: Removal): string {
  return `${discordUserId} ${roleId}`;
}

function removalsOf({
  discordUserId,
  remove,
}: SweepEnding['driftedMembers'][number]): readonly CausedRemoval[] {
  return remove.map((roleId) => ({ discordUserId, roleId, cause: 'SWEEP' }));
}
