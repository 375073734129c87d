import { sql } from 'kysely';

import { HELD_PLAN, type HeldPlan, toShownPlan } from './held-plan.js';
import { NOW } from '../connection/expressions.js';
import type { Db, Row } from '../entities/entities.js';
import { InputError } from '../../lib/errors.js';
import { LANES, type Cause, type DiscordUserId } from '../../model.js';
import type { Database } from '../connection/database.js';
import { markMembers } from '../jobs/mark.js';

export interface Decision {
  readonly id: string;
  /** The hash of the reviewed plan; null: decide on the current plan. */
  readonly hash: string | null;
  readonly verdict: 'APPROVED' | 'REJECTED';
  readonly cause: Cause;
}

/**
 * Approves or rejects a held plan. Throws CONFLICT if the plan has changed since the review. Marks
 * the plan's members; their runs then make only the removals that are still due. Locks jobs before
 * the plan, in the same order as a run.
 */
export function createDecideSweep(database: Database) {
  return async (decision: Decision): Promise<void> =>
    database.transaction(async ({ sql: db }) => {
      const { id, verdict, cause } = decision;
      const { clientId } = await readHeld(db, decision, 'share');
      const members = await membersOf(db, id);
      const marked = { kind: 'SWEEP', id, actor: cause.actor } as const;
      await markMembers(db, { clientId, members, cause: marked }, LANES.sweep);
      const { plan } = await readHeld(db, decision, 'update');
      if (plan === null || (decision.hash ?? plan.hash) !== plan.hash)
        throw changed(decision, plan);
      await db
        .updateTable('removal_decision')
        .set({ verdict, decidedAt: NOW })
        .where('sweepId', '=', id)
        .where('verdict', '=', 'HELD')
        .execute();
      await db
        .updateTable('sweep')
        .set({
          state: verdict,
          decidedBy: cause.actor,
          decidedAt: NOW,
          plan: toShownPlan(plan),
          drifted: plan.members,
          finishedAt: verdict === 'REJECTED' ? NOW : null,
        })
        .where('id', '=', id)
        .execute();
      await sql`
        insert into sweep_mark (sweep_id, discord_user_id)
        select ${id}::uuid, m.id from unnest(${members}::text[]) as m (id) on conflict do nothing`.execute(
        db,
      );
    });
}

type HeldRow = Pick<Row<'sweep'>, 'clientId' | 'state'> & { readonly plan: HeldPlan | null };

async function readHeld(
  db: Db,
  { id, verdict }: Decision,
  lock: 'share' | 'update',
): Promise<HeldRow> {
  if (lock === 'update')
    await db.selectFrom('sweep').select('id').where('id', '=', id).forUpdate().execute();
  const { rows } = await sql<HeldRow>`
    select s.client_id as "clientId", s.state, ${HELD_PLAN} as plan from sweep s where s.id = ${id}`.execute(
    db,
  );
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
  const rows = await db
    .selectFrom('removal_decision')
    .select('discordUserId')
    .distinct()
    .where('sweepId', '=', id)
    .where('verdict', '=', 'HELD')
    .execute();
  return rows.map((row) => row.discordUserId);
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
