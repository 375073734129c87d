import { sql } from 'kysely';

import { HELD_PLAN, HELD_SINCE, type HeldPlan, toShownPlan } from '../decisions/held-plan.js';
import type { Db } from '../entities/entities.js';
import type { ClientId } from '../../model.js';
import type { Asker } from '../connection/together.js';
import { columns, type RawRow } from '../entities/columns.js';
import {
  type Counted,
  rowCount,
  every,
  inOrder,
  limitOf,
  toDate,
  toDateOrNull,
  toRows,
} from '../read/page.js';
import type { Page, Rows } from '../../api/kit/ports.js';
import type { SweepFilter } from '../../api/sweeps/ports.js';
import type { Sweep } from '../../api/sweeps/sweep.types.js';

const SWEEP = [
  'id',
  'clientId',
  'kind',
  'state',
  'isDryRun',
  'plan',
  'decidedBy',
  'decidedAt',
  'checked',
  'drifted',
  'parked',
  'reason',
  'startedAt',
  'finishedAt',
] as const;

type SweepRow = RawRow<'sweep', (typeof SWEEP)[number] | 'changed' | 'failed'> & {
  readonly heldPlan: HeldPlan | null;
};

/**
 * Query of sweeps. Counts the results of marked members from the rows that their runs wrote: audit
 * records with this sweep among their causes, and members who were parked or refused a nickname
 * since the sweep started. Finds the audit records by the index on client and member.
 */
const sweepsWhere = (condition: ReturnType<typeof sql>) => sql`
  select ${columns<'sweep'>(SWEEP, 's')}, ${HELD_PLAN} as "heldPlan",
    s.changed + coalesce(m.changed, 0)::int as changed, s.failed + coalesce(m.failed, 0)::int as failed
  from sweep s
  left join lateral (
    select count(*) filter (where r.is_changed) as changed,
      count(*) filter (where (a.state = 'PARKED' and a.last_reconciled_at >= s.started_at)
        or a.nickname_refused_at >= s.started_at) as failed
    from sweep_mark k
    left join member a on a.client_id = s.client_id and a.discord_user_id = k.discord_user_id
    cross join lateral (select exists (
      select from audit_record o
      where o.client_id = s.client_id and o.discord_user_id = k.discord_user_id and o.id > s.id
        and (cardinality(o.added) + cardinality(o.removed) > 0 or o.nickname is not null)
        and o.causes @> jsonb_build_array(jsonb_build_object('kind', 'SWEEP', 'id', s.id::text))) as is_changed) r
    where k.sweep_id = s.id
  ) m on true
  where ${condition}`;

export async function findSweeps(db: Db, ids: readonly string[]): Promise<(Sweep | undefined)[]> {
  const { rows } = await sql<SweepRow>`${sweepsWhere(sql`s.id = any(${ids}::uuid[])`)}`.execute(db);
  return inOrder(ids, rows.map(toSweep), (sweep) => sweep.id);
}

/**
 * Returns the client's held sweeps, at most one of each kind, longest held first. Uses the index of
 * held sweeps.
 */
export async function heldSweeps(db: Asker, clientId: ClientId): Promise<readonly Sweep[]> {
  const { rows } = await sql<SweepRow>`
    ${sweepsWhere(sql`s.client_id = ${clientId} and s.state = 'HELD'`)}
    order by ${HELD_SINCE}, s.id`.execute(db);
  return rows.map(toSweep);
}

/** Returns the newest sweeps first; ids are UUIDv7. */
export async function pageSweeps(db: Asker, filter: SweepFilter, page: Page): Promise<Rows<Sweep>> {
  const condition = every([
    ...conditions(filter),
    page.after === null ? null : sql`s.id < ${page.after}::uuid`,
  ]);
  const { rows } = await sql<SweepRow>`
    ${sweepsWhere(sql`${condition}`)} order by s.id desc ${limitOf(page)}`.execute(db);
  return toRows(rows, page, toSweep);
}

export async function countSweeps(db: Asker, filter: SweepFilter): Promise<number> {
  const { rows } = await sql<Counted>`
    select count(*) from sweep s where ${every(conditions(filter))}`.execute(db);
  return rowCount(rows);
}

function conditions({ clientId, kind, states }: SweepFilter) {
  return [
    sql`s.client_id = ${clientId}`,
    kind === null ? null : sql`s.kind = ${kind}`,
    states ? sql`s.state = any(${states}::text[])` : null,
  ];
}

function toSweep({ heldPlan, ...row }: SweepRow) {
  return {
    ...row,
    plan: heldPlan === null ? row.plan : toShownPlan(heldPlan),
    decidedAt: toDateOrNull(row.decidedAt),
    startedAt: toDate(row.startedAt),
    finishedAt: toDateOrNull(row.finishedAt),
  };
}
