import type { Db } from '../entities/entities.js';
import type { RoleId } from '../../model.js';
import type { Job } from '../../reconcile/job.js';
import type { GuardVerdict, RequestsToSettle, Settlement } from '../../reconcile/write/records.js';
import { lockGuard, readTally } from '../path/guard-tally.js';

/** A settlement whose requests may be made, and the requests that wait for approval first. */
export interface JudgedRequests {
  readonly settlement: Settlement;
  readonly requests: RequestsToSettle | null;
  readonly held: readonly RoleId[];
}

/**
 * Requests for removal are counted and judged like removals, under the same lock. If the member was
 * marked during the run, nothing is requested: its facts may be old, and the next run follows at
 * once.
 */
export async function judgeRequests(
  db: Db,
  job: Job,
  settlement: Settlement,
  isStale: boolean,
): Promise<JudgedRequests> {
  const { requests } = settlement;
  if (requests === null) return { settlement, requests, held: [] };
  if (isStale) return { settlement: unsettled(settlement), requests: null, held: [] };
  if (requests.counted.length === 0) return { settlement, requests, held: [] };
  const { clientId, discordUserId } = job;
  await lockGuard(db, clientId);
  const removals = requests.counted.map((roleId) => ({
    discordUserId,
    roleId,
  }));
  const verdict = requests.judge(await readTally(db, clientId, removals));
  const held = verdict.heldRemovals;
  if (held.length === 0) return { settlement, requests, held };
  return {
    settlement: heldBack(settlement, verdict),
    requests: { ...requests, rows: withoutHeld(requests, held) },
    held,
  };
}

/** An approval is kept until its request was made. */
function unsettled(settlement: Settlement): Settlement {
  const asked = settlement.requests?.rows.map(({ roleId }) => roleId) ?? [];
  return {
    ...settlement,
    settledDecisions: settlement.settledDecisions.filter((roleId) => !asked.includes(roleId)),
  };
}

function heldBack(settlement: Settlement, { reason }: GuardVerdict): Settlement {
  const { outcome } = settlement;
  return {
    ...settlement,
    outcome: outcome === 'PARKED' ? outcome : 'HELD',
    reason: [settlement.reason, reason].filter((each) => each !== null).join('; ') || null,
  };
}

function withoutHeld(
  { rows }: RequestsToSettle,
  held: readonly RoleId[],
): RequestsToSettle['rows'] {
  return rows.map((row) =>
    row.asks === 'REMOVED' && held.includes(row.roleId)
      ? { ...row, asks: null, next: { hasRole: false, request: null } }
      : row,
  );
}
