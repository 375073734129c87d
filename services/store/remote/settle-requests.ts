import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { Job } from '../../reconcile/job.js';
import type { RequestsToSettle } from '../../reconcile/write/records.js';
import type { RemoteReading } from '../../reconcile/plan/remote.js';
import { holdChanges } from '../decisions/hold.js';
import { nameGroups } from '../names.js';
import type { EnqueueEvent } from '../outbox/enqueue-event.js';
import type { JudgedRequests } from './judge-requests.js';
import { saveReadings } from './save-readings.js';

/**
 * Saves the readings, makes the requests that are allowed and holds the others for approval.
 * Resolves with the requests that were made.
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

/** A request rejected while the role was missing is open again once the role is back. */
async function forgetRejections(
  db: Db,
  { clientId, discordUserId }: Job,
  { rows }: RequestsToSettle,
): Promise<void> {
  const roleIds = rows.filter(({ next }) => next?.hasRole === true).map(({ roleId }) => roleId);
  if (roleIds.length > 0)
    await sql`
      delete from removal_decision where client_id = ${clientId} and discord_user_id = ${discordUserId}
        and role_id = any(${roleIds}::text[]) and verdict = 'REJECTED'`.execute(db);
}

/** They wait together with held removals, to be approved or rejected with them. */
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
