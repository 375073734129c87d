import { sql } from 'kysely';

import { HELD_PLAN, type HeldPlan, toShownPlan } from './held-plan.js';
import type { Db } from '../entities/entities.js';
import { InputError } from '../../lib/errors.js';
import {
  LANES,
  type Cause,
  type ClientId,
  type DiscordUserId,
  type SweepState,
} from '../../model.js';
import type { Database } from '../connection/database.js';
import { markMembers } from '../jobs/mark.js';

export interface Decision {
  readonly id: string;
  /** The hash of the reviewed plan; null: decide on the plan as it is now. */
  readonly hash: string | null;
  readonly verdict: 'APPROVED' | 'REJECTED';
  readonly cause: Cause;
}

/**
 * Approves or rejects a held plan as reviewed. Its members are marked, and the path then carries
 * out only what is still desired. Members are locked before the plan, in the same order as in a
 * run.
 */
export function createDecideSweep(database: Database) {
  return async (decision: Decision): Promise<void> =>
    database.transaction(async ({ sql: db }) => {
      const { id, verdict, cause } = decision;
      const { client_id: clientId } = await readHeld(db, decision, 'share');
      const members = await membersOf(db, id);
      const marked = { kind: 'SWEEP', id, actor: cause.actor } as const;
      const marking = { lane: LANES.sweep, windowMs: 0 };
      await markMembers(db, { clientId, members, cause: marked }, marking);
      const { plan } = await readHeld(db, decision, 'update');
      if (plan === null || (decision.hash ?? plan.hash) !== plan.hash)
        throw changed(decision, plan);
      await sql`
        update removal_decision set verdict = ${verdict}, decided_at = clock_timestamp()
        where sweep_id = ${id} and verdict = 'HELD'`.execute(db);
      await sql`
        update sweep set state = ${verdict}, decided_by = ${cause.actor}, decided_at = clock_timestamp(),
          plan = ${JSON.stringify(toShownPlan(plan))}::jsonb, drifted = ${plan.members},
          finished_at = case when ${verdict} = 'REJECTED' then clock_timestamp() end
        where id = ${id}`.execute(db);
      await sql`
        insert into sweep_mark (sweep_id, discord_user_id)
        select ${id}::uuid, m.id from unnest(${members}::text[]) as m (id) on conflict do nothing`.execute(
        db,
      );
    });
}

interface HeldRow {
  readonly client_id: ClientId;
  readonly state: SweepState;
  readonly plan: HeldPlan | null;
}

async function readHeld(
  db: Db,
  { id, verdict }: Decision,
  lock: 'share' | 'update',
): Promise<HeldRow> {
  if (lock === 'update') await sql`select from sweep where id = ${id} for update`.execute(db);
  const { rows } = await sql<HeldRow>`
    select s.client_id, s.state, ${HELD_PLAN} as plan from sweep s where s.id = ${id}`.execute(db);
  const [row] = rows;
  if (row === undefined)
    throw new InputError('NOT_FOUND', `sweep ${id} does not exist`, 'input.id');
  if (row.state !== 'HELD')
    throw new InputError(
      'FAILED_PRECONDITION',
      `sweep ${id} is ${row.state}: only a held sweep can be ${verdict.toLowerCase()}`,
      'input.id',
    );
  return row;
}

async function membersOf(db: Db, id: string): Promise<readonly DiscordUserId[]> {
  const { rows } = await sql<{ discord_user_id: DiscordUserId }>`
    select distinct discord_user_id from removal_decision where sweep_id = ${id} and verdict = 'HELD'`.execute(
    db,
  );
  return rows.map((row) => row.discord_user_id);
}

function changed({ id }: Decision, plan: HeldPlan | null): InputError {
  return new InputError(
    'CONFLICT',
    plan === null
      ? `the plan of sweep ${id} has nothing left to do`
      : `the plan of sweep ${id} changed: its hash is now ${plan.hash} and it removes ${plan.removals === 1 ? 'one role' : `${plan.removals} roles`}; review it again`,
    'input.hash',
  );
}
