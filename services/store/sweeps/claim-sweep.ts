import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { ClientId, NicknameStrategy, SweepKind } from '../../model.js';
import { REFUSAL_OF_CLIENT } from './refusals.js';
import type { SweepRun } from '../../sweep/ports.js';

/**
 * Claims the oldest sweep that is waiting, or whose lease has expired, or that this process holds
 * without running it (the response to that claim was lost, or its run broke off).
 */
export async function claimSweep(
  db: Db,
  owner: string,
  { leaseMs, inWork }: { readonly leaseMs: number; readonly inWork: readonly string[] },
): Promise<SweepRun | null> {
  const { rows } = await sql<RunRow>`
    update sweep s set state = 'RUNNING', owner = ${owner}, attempts = attempts + 1, checked = 0,
      not_before = null, reason = null,
      leased_until = ${sweepLeaseEnd(leaseMs)}, started_at = case when attempts = 0 then clock_timestamp() else started_at end
    from client c
    where c.id = s.client_id and s.id = (
      select id from sweep
      where (state = 'WAITING' and (not_before is null or not_before <= clock_timestamp())) or (state = 'RUNNING'
        and (leased_until < clock_timestamp() or (owner = ${owner} and id <> all(${inWork}::uuid[]))))
      order by id limit 1 for update skip locked)
    returning s.id, s.client_id, s.kind, s.is_dry_run, s.enforce_strategy,
      s.cause ->> 'traceparent' as traceparent, s.attempts,
      ${REFUSAL_OF_CLIENT} as refusal,
      case when c.ending_at is null and c.is_enabled and c.stopped_at is null
        then extract(epoch from c.paused_until - clock_timestamp()) * 1000 end::float8 as paused_ms`.execute(
    db,
  );
  const [row] = rows;
  if (row === undefined) return null;
  const { id, kind, traceparent, attempts, refusal } = row;
  const { client_id: clientId, is_dry_run: isDryRun } = row;
  const pausedMs = Math.max(0, row.paused_ms ?? 0);
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
    pausedMs,
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
  readonly paused_ms: number | null;
}

export const sweepLeaseEnd = (leaseMs: number) =>
  sql`clock_timestamp() + make_interval(secs => ${leaseMs / 1000}::float8)`;
