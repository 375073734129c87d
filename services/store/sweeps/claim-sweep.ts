import { sql, type Kysely } from 'kysely';

import type { ClientId, NicknameStrategy, SweepKind } from '../../model.js';
import { REFUSAL_OF_CLIENT } from './refusals.js';
import type { SweepRun } from './runs.js';

/**
 * The oldest that waits, or whose process has let its lease run out, or that this process holds without running it: the answer to
 * that claim was lost, or its run broke off. It is given to one process.
 */
export async function claimSweep(
  db: Kysely<unknown>,
  owner: string,
  {
    leaseMs,
    inWork,
  }: { readonly leaseMs: number; readonly inWork: readonly string[] },
): Promise<SweepRun | null> {
  const { rows } = await sql<RunRow>`
    update sweep s set state = 'RUNNING', owner = ${owner}, attempts = attempts + 1, checked = 0,
      leased_until = ${leaseEnd(leaseMs)}, started_at = case when attempts = 0 then clock_timestamp() else started_at end
    from client c
    where c.id = s.client_id and s.id = (
      select id from sweep
      where state = 'WAITING' or (state = 'RUNNING'
        and (leased_until < clock_timestamp() or (owner = ${owner} and id <> all(${inWork}::uuid[]))))
      order by id limit 1 for update skip locked)
    returning s.id, s.client_id, s.kind, s.is_dry_run, s.enforce_strategy,
      s.cause ->> 'traceparent' as traceparent, s.attempts,
      ${REFUSAL_OF_CLIENT} as refusal`.execute(db);
  const [row] = rows;
  if (row === undefined) return null;
  const { id, kind, traceparent, attempts, refusal } = row;
  const { client_id: clientId, is_dry_run: isDryRun } = row;
  const own = { enforceStrategy: row.enforce_strategy };
  return {
    id,
    clientId,
    kind,
    isDryRun,
    ...own,
    traceparent,
    attempts,
    refusal,
  };
}

interface RunRow {
  readonly id: string;
  readonly client_id: ClientId;
  readonly kind: SweepKind;
  readonly is_dry_run: boolean;
  readonly enforce_strategy: NicknameStrategy | null;
  readonly traceparent: string | null;
  readonly attempts: number;
  readonly refusal: string | null;
}

export const leaseEnd = (leaseMs: number) =>
  sql`clock_timestamp() + make_interval(secs => ${leaseMs / 1000}::float8)`;
