import type { EnqueueEvent } from '../outbox/outbox.js';
import type { RoleId } from '../../model.js';
import type { Job } from '../../reconcile/job.js';
import type { RemoteReading } from '../../reconcile/plan/remote.js';
import type { GuardVerdict, RequestsToSettle, Settlement } from '../../reconcile/write/records.js';
import { anyOf } from '../connection/expressions.js';
import { holdChanges } from '../decisions/hold.js';
import type { Db } from '../entities/entities.js';
import { nameGroups } from '../names.js';
import { lockGuard, readTally } from '../path/guard-tally.js';
import { saveReadings } from './save-readings.js';

/**
 * Saves the readings, makes the allowed requests and holds the other requests for approval. Returns
 * the requests it made.
 */
export async function settleRequests(
  db: Db,
  job: Job,
  judged: JudgedRequests,
  enqueueEvent: EnqueueEvent,
): Promise<readonly RemoteReading[]> {
  const { requests } = judged;
  if (requests === null) return [];
  await forgetRejections(db, job, requests);
  const asked = await saveReadings(db, job, requests, enqueueEvent);
  await holdRequests(db, job, judged, enqueueEvent);
  return asked;
}

/**
 * Deletes the rejection of a removal request once the member has the role again, so that a later
 * removal is requested anew.
 */
async function forgetRejections(
  db: Db,
  { clientId, discordUserId }: Job,
  { rows }: RequestsToSettle,
): Promise<void> {
  const roleIds = rows.filter(({ next }) => next?.hasRole === true).map(({ roleId }) => roleId);
  if (roleIds.length > 0)
    await db
      .deleteFrom('removal_decision')
      .where('clientId', '=', clientId)
      .where('discordUserId', '=', discordUserId)
      .where('roleId', '=', anyOf(roleIds))
      .where('verdict', '=', 'REJECTED')
      .execute();
}

/**
 * Holds requests for removal in the same plan as held removals, so that both are approved or
 * rejected together.
 */
async function holdRequests(
  db: Db,
  job: Job,
  { settlement, requests, held }: JudgedRequests,
  enqueueEvent: EnqueueEvent,
): Promise<void> {
  if (held.length === 0 || requests === null) return;
  const { clientId, discordUserId } = job;
  const rows = requests.rows.filter(({ roleId }) => held.includes(roleId));
  const groups = await nameGroups(
    db,
    rows.map(({ groupId }) => groupId),
  );
  const hold = {
    clientId,
    ground: 'LIMIT' as const,
    reason: settlement.reason ?? 'removal guard',
    removals: rows.map(({ roleId, groupId }) => ({
      discordUserId,
      roleId,
      why: `the role was removed on Discord, which decides who holds it: the platform would be asked to remove them from ${groups(groupId)}`,
      cause: null,
      isStream: false,
    })),
  };
  await holdChanges(db, hold, enqueueEvent);
}

/**
 * A settlement, the requests that may be made, and the roles whose requests need approval first.
 */
interface JudgedRequests {
  readonly settlement: Settlement;
  readonly requests: RequestsToSettle | null;
  readonly held: readonly RoleId[];
}

/**
 * Judges requests for removal like removals, counting both under the guard's lock. Drops all
 * requests if the member was marked during the run, because the facts may be old and the next run
 * follows at once.
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

/** Keeps the approvals of requests that have not been made yet. */
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
