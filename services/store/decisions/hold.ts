import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';

import type { EnqueueEvent } from '../outbox/outbox.js';
import type { Cause, ClientId, GroupId, SweepKind } from '../../model.js';
import type { Job } from '../../reconcile/job.js';
import type { RemovalCause, Settlement } from '../../reconcile/write/records.js';
import { HELD_PLAN, type HeldPlan } from './held-plan.js';
import { anyOf } from '../connection/expressions.js';
import type { Db, Row } from '../entities/entities.js';
import { nameGroups } from '../names.js';
import type { Removal } from '../path/guard-tally.js';

interface HeldRemoval extends Removal {
  /** Why the removal is planned. */
  readonly why: string;
  /**
   * The kind of cause. Later removals of the role with the same kind of cause join the plan; null:
   * none join it.
   */
  readonly cause: RemovalCause | null;
  readonly isStream: boolean;
}

interface Hold {
  readonly clientId: ClientId;
  readonly ground: 'LIMIT' | 'NEW_MAPPING';
  /** Why the removals are held, for example the exceeded limit with its numbers. */
  readonly reason: string;
  readonly removals: readonly HeldRemoval[];
}

/**
 * Holds removals that no sweep planned, in the client's one held sweep of kind CHANGES. Skips
 * removals that already have a decision. Resolves to the sweep's id; null if every removal had a
 * decision.
 */
export async function holdChanges(
  db: Db,
  hold: Hold,
  enqueueEvent: EnqueueEvent,
): Promise<string | null> {
  const { clientId } = hold;
  if (!(await hasNew(db, hold))) return null;
  const made = await makeHeldSweep(db, hold);
  const sweepId = made ?? (await lockHeldSweep(db, clientId, 'CHANGES'));
  // The earlier plan was decided between these two statements, so the removals need a new plan.
  if (sweepId === null) return holdChanges(db, hold, enqueueEvent);
  await insertHeld(db, sweepId, hold);
  if (made !== null) await publishHeld(db, sweepId, enqueueEvent);
  return sweepId;
}

async function hasNew(db: Db, { clientId, removals }: Hold): Promise<boolean> {
  const { rows } = await sql`
    select from ${rowsOf(removals)} where not exists (
      select from removal_decision d where d.client_id = ${clientId} and d.discord_user_id = r.discord_user_id
        and d.role_id = r.role_id)
    limit 1`.execute(db);
  return rows.length > 0;
}

const rowsOf = (removals: readonly HeldRemoval[]) => sql`
  unnest(${removals.map((each) => each.discordUserId)}::text[], ${removals.map((each) => each.roleId)}::text[],
    ${removals.map((each) => each.why)}::text[], ${removals.map((each) => each.cause)}::text[],
    ${removals.map((each) => each.isStream)}::boolean[]) as r (discord_user_id, role_id, why, held_by, is_stream)`;

/** Appends the current time in readable form, as in every reason of a held plan. */
export const withTime = (reason: string) => sql`${reason}::text
  || to_char(clock_timestamp() at time zone 'UTC', '", held at "YYYY-MM-DD HH24:MI:SS "UTC"')`;

async function makeHeldSweep(db: Db, { clientId, reason }: Hold): Promise<string | null> {
  const cause = { kind: 'SWEEP', id: 'guard', actor: 'connector' };
  const { rows } = await sql<{ id: string }>`
    insert into sweep (id, client_id, kind, state, is_dry_run, reason, cause)
    values (${uuidv7()}, ${clientId}, 'CHANGES', 'HELD', false, ${withTime(reason)}, ${JSON.stringify(cause)}::jsonb)
    on conflict (client_id, kind) where state = 'HELD' do nothing
    returning id`.execute(db);
  return rows[0]?.id ?? null;
}

/**
 * Locks the client's held plan of this kind against decisions until the transaction ends. Resolves
 * to its id; null: none.
 */
export async function lockHeldSweep(
  db: Db,
  clientId: ClientId,
  kind: SweepKind,
): Promise<string | null> {
  const row = await db
    .selectFrom('sweep')
    .select('id')
    .where('clientId', '=', clientId)
    .where('kind', '=', kind)
    .where('state', '=', 'HELD')
    .forUpdate()
    .executeTakeFirst();
  return row?.id ?? null;
}

/**
 * Adds the removals to the held plan, except those that already have a decision. Resolves to the
 * number of added removals.
 */
export async function insertHeld(
  db: Db,
  sweepId: string,
  { clientId, ground, removals }: Hold,
): Promise<number> {
  const { numAffectedRows } = await sql`
    insert into removal_decision (client_id, discord_user_id, role_id, verdict, ground, sweep_id, reason, held_by, is_stream)
    select ${clientId}::uuid, r.discord_user_id, r.role_id, 'HELD', ${ground}, ${sweepId}::uuid, r.why, r.held_by, r.is_stream
    from ${rowsOf(removals)} order by r.discord_user_id, r.role_id
    on conflict do nothing`.execute(db);
  return Number(numAffectedRows ?? 0);
}

/** Publishes `discord.sweep.held.v1`. Call it once per plan, in the transaction that creates it. */
export async function publishHeld(
  db: Db,
  sweepId: string,
  enqueueEvent: EnqueueEvent,
): Promise<void> {
  const { rows } = await sql<HeldSweep>`
    select s.client_id as "clientId", c.guild_id as "guildId", s.kind, s.reason, ${HELD_PLAN} as plan
    from sweep s join client c on c.id = s.client_id where s.id = ${sweepId}`.execute(db);
  const [row] = rows;
  if (row === undefined || row.plan === null) return;
  await enqueueEvent(db, {
    type: 'discord.sweep.held.v1',
    key: row.clientId,
    data: {
      clientId: row.clientId,
      guildId: row.guildId,
      sweepId,
      kind: row.kind,
      planHash: row.plan.hash,
      removals: row.plan.removals,
      additions: 0,
      members: row.plan.members,
      reason: row.reason ?? '',
    },
  });
}

type HeldSweep = Pick<Row<'sweep'>, 'clientId' | 'kind' | 'reason'> &
  Pick<Row<'client'>, 'guildId'> & { readonly plan: HeldPlan | null };

/** Resolves to a function that explains a removal by the causes of its member's mark. */
export async function readCauses(
  db: Db,
  clientId: ClientId,
  removals: readonly Removal[],
): Promise<(removal: Pick<Removal, 'discordUserId'>) => string> {
  const accounts = removals.map(({ discordUserId }) => discordUserId);
  const rows = await db
    .selectFrom('reconcile_job')
    .select(['discordUserId', 'causes'])
    .where('clientId', '=', clientId)
    .where('discordUserId', '=', anyOf(accounts))
    .execute();
  const causes = new Map(rows.map((row) => [row.discordUserId, row.causes] as const));
  const groups = await nameGroups(db, groupsAmong([...causes.values()].flat()));
  return ({ discordUserId }) => explainRemoval(causes.get(discordUserId) ?? [], groups);
}

const groupsAmong = (causes: readonly Cause[]): readonly GroupId[] => [
  ...new Set(causes.flatMap(({ groupId }) => groupId ?? [])),
];

/**
 * Explains the removal by the newest cause that names a group. If no cause names one, uses the
 * newest cause.
 */
function explainRemoval(causes: readonly Cause[], nameGroup: (id: GroupId) => string): string {
  const why = 'no group grants it any more';
  const cause = causes.findLast((each) => each.groupId !== undefined) ?? causes.at(-1);
  if (cause === undefined) return why;
  const { kind, id, actor, groupId } = cause;
  const group = groupId === undefined ? '' : `, ${nameGroup(groupId)}`;
  return `${why} (${kind.toLowerCase()} ${id} of ${actor}${group})`;
}

/**
 * Deletes the decisions that the run has settled, and stores the removals that the guard held
 * during the run.
 */
export async function settleDecisions(
  db: Db,
  job: Job,
  settlement: Settlement,
  enqueueEvent: EnqueueEvent,
): Promise<void> {
  const { clientId, discordUserId, causes } = job;
  const { settledDecisions, heldRemovals, reason } = settlement;
  if (settledDecisions.length > 0)
    await db
      .deleteFrom('removal_decision')
      .where('clientId', '=', clientId)
      .where('discordUserId', '=', discordUserId)
      .where('roleId', '=', anyOf(settledDecisions))
      .where('verdict', '!=', 'REJECTED')
      .execute();
  if (heldRemovals.length === 0) return;
  const groups = await nameGroups(db, groupsAmong(causes));
  const hold = {
    clientId,
    ground: 'LIMIT' as const,
    reason: reason ?? 'removal guard',
    removals: heldRemovals.map((roleId) => ({
      discordUserId,
      roleId,
      why: explainRemoval(causes, groups),
      cause: settlement.removalCause ?? ('OTHER' as const),
      isStream: true,
    })),
  };
  await holdChanges(db, hold, enqueueEvent);
}
