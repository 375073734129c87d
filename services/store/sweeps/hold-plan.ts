import { sql, type Kysely } from 'kysely';

import type { ClientId, DiscordUserId, RoleId } from '../../model.js';
import {
  insertHeld,
  lockHeldSweep,
  tellHeld,
  type HeldRemoval,
} from '../decisions/hold.js';
import type { EnqueueEvent } from '../outbox/enqueue-event.js';
import { readTally } from '../path/guard-tally.js';
import type { JudgePlan, SweepEnding, SweepRun } from './runs.js';

export interface HeldIn {
  readonly sweepId: string;
  readonly reason: string;
  /** To be called once the sweep says that it is held; for a plan that waits already it says nothing. */
  readonly tell: (enqueueEvent: EnqueueEvent) => Promise<void>;
}

/**
 * What a sweep wants to take away is judged as a whole, before any of it is taken: it goes the way of the path, or all of it waits
 * for a person; what somebody loses with a link that a person ended is no part of it. It joins the plan of an earlier sweep of this kind that waits still. Null: nothing is held.
 */
export async function holdPlan(
  db: Kysely<unknown>,
  run: SweepRun,
  { driftedMembers }: SweepEnding,
  judgePlan: JudgePlan,
): Promise<HeldIn | null> {
  const { clientId, kind } = run;
  const leaving = await readLeaving(db, clientId, driftedMembers);
  const removals = driftedMembers
    .filter(({ discordUserId }) => !leaving.has(discordUserId))
    .flatMap(removalsOf);
  if (removals.length === 0) return null;
  const tally = await readTally(db, clientId, removals);
  const limits = await readLimits(db, clientId);
  const reason = judgePlan(countByRole(removals), tally, limits);
  if (reason === null) return null;
  const earlier = await lockHeldSweep(db, clientId, kind);
  const sweepId = earlier ?? run.id;
  const held = await insertHeld(db, sweepId, {
    clientId,
    ground: 'LIMIT',
    reason,
    removals,
  });
  // All of them were held elsewhere since drift was looked for: there is no plan to show.
  if (earlier === null && held === 0) return null;
  return earlier === null
    ? {
        sweepId,
        reason,
        tell: async (enqueueEvent) => tellHeld(db, sweepId, enqueueEvent),
      }
    : {
        sweepId,
        reason: `${reason}; they wait in sweep ${earlier}`,
        tell: async () => undefined,
      };
}

/** Those whose links end because a person named them: what they held for those is taken whatever the guard says of the others. */
async function readLeaving(
  db: Kysely<unknown>,
  clientId: ClientId,
  members: SweepEnding['driftedMembers'],
): Promise<ReadonlySet<DiscordUserId>> {
  const accounts = members.map(({ discordUserId }) => discordUserId);
  const { rows } = await sql<{ id: DiscordUserId }>`
    select discord_user_id as id from link
    where client_id = ${clientId} and discord_user_id = any(${accounts}::text[])
      and status = 'ENDING'
    group by discord_user_id having bool_and(is_end_asked_for)`.execute(db);
  return new Set(rows.map(({ id }) => id));
}

function removalsOf({
  discordUserId,
  remove,
}: SweepEnding['driftedMembers'][number]): readonly HeldRemoval[] {
  return remove.map((roleId) => ({
    discordUserId,
    roleId,
    why: 'holds a role that no group gives',
  }));
}

function countByRole(
  removals: readonly HeldRemoval[],
): ReadonlyMap<RoleId, number> {
  const byRole = Map.groupBy(removals, ({ roleId }) => roleId);
  return new Map([...byRole].map(([roleId, each]) => [roleId, each.length]));
}

async function readLimits(db: Kysely<unknown>, clientId: string) {
  const { rows } = await sql<{ minimum: number; percent: number }>`
    select guard_minimum as minimum, guard_percent as percent from client where id = ${clientId}`.execute(
    db,
  );
  return rows[0] ?? { minimum: 0, percent: 0 };
}
