import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { Job } from '../../reconcile/job.js';
import type { Settlement } from '../../reconcile/write/records.js';
import type { EnqueueEvent } from '../outbox/enqueue-event.js';
import { holdChanges } from './hold.js';
import { nameGroups } from '../names.js';
import { explainRemoval, groupsAmong } from './removal-causes.js';

/** Forgets the decisions a run used up, and holds the removals its guard held. */
export async function settleDecisions(
  db: Db,
  job: Job,
  settlement: Settlement,
  enqueueEvent: EnqueueEvent,
): Promise<void> {
  const { clientId, discordUserId, causes } = job;
  const { settledDecisions, heldRemovals, reason } = settlement;
  if (settledDecisions.length > 0)
    await sql`
      delete from removal_decision where client_id = ${clientId} and discord_user_id = ${discordUserId}
        and role_id = any(${settledDecisions}::text[]) and verdict <> 'REJECTED'`.execute(db);
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
