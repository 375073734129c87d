import { sql, type Kysely } from 'kysely';

import {
  LANES,
  type Cause,
  type LinkState,
  type MemberKey,
  type MemberReading,
} from '../../model.js';
import type { Job, Postponement, Settlement } from '../../reconcile/ports.js';
import type { Database } from '../database.js';
import { clearTrouble } from '../clients/trouble.js';
import { lockJob } from '../jobs/bot-leases.js';
import type { EnqueueEvent } from '../outbox/enqueue-event.js';
import { closeRecord } from './close-record.js';
import { endDrained } from './end-drained.js';
import { saveReading } from './save-reading.js';

interface Deps {
  readonly database: Database;
  readonly owner: string;
  readonly enqueueEvent: EnqueueEvent;
}

/** Ends a run: mirror, record, written events, ended links and the job itself, in one transaction. */
export function createSettle({ database, owner, enqueueEvent }: Deps) {
  return async (job: Job, settlement: Settlement): Promise<void> =>
    database.transaction(async ({ sql: db }) => {
      const { version, claimedVersion } = await lockJob(db, job, owner);
      await saveObserved(db, job, settlement.observed, enqueueEvent);
      await saveOutcome(db, job, settlement);
      if (settlement.clearsTrouble) await clearTrouble(db, job.clientId);
      await closeAndTell(db, settlement, enqueueEvent);
      await endDrained(db, job.clientId, settlement.endedLinkIds, enqueueEvent);
      if (version !== claimedVersion) await releaseJob(db, job);
      else await (settlement.isParked ? parkJob(db, job) : deleteJob(db, job));
    });
}

/** Gives a job back unsettled. Its causes wait with it, in front of any that came meanwhile. */
export function createPostpone({ database, owner, enqueueEvent }: Deps) {
  return async (job: Job, request: Postponement): Promise<void> =>
    database.transaction(async ({ sql: db }) => {
      await lockJob(db, job, owner);
      await saveObserved(db, job, request.observed, enqueueEvent);
      await sql`
        insert into member (client_id, discord_user_id, reason) values (${job.clientId}, ${job.discordUserId}, ${request.reason})
        on conflict (client_id, discord_user_id) do update set reason = excluded.reason`.execute(
        db,
      );
      await sql`
        update reconcile_job set claimed_by = null, due_at = ${request.dueAt.toISOString()}::timestamptz,
          attempts = attempts + ${request.isFailure ? 1 : 0},
          causes = newest_causes(claimed_causes || causes), claimed_causes = '[]'
        where client_id = ${job.clientId} and discord_user_id = ${job.discordUserId}`.execute(
        db,
      );
    });
}

async function saveObserved(
  db: Kysely<unknown>,
  member: MemberKey,
  observed: MemberReading | null,
  enqueueEvent: EnqueueEvent,
): Promise<void> {
  if (observed !== null) await saveReading(db, member, observed, enqueueEvent);
}

const STATES: Readonly<Record<Settlement['outcome'], LinkState>> = {
  APPLIED: 'IN_STEP',
  UNCHANGED: 'IN_STEP',
  ABSENT: 'ABSENT',
  HELD: 'HELD',
  PARKED: 'PARKED',
};

async function saveOutcome(
  db: Kysely<unknown>,
  job: Job,
  settlement: Settlement,
): Promise<void> {
  const state = STATES[settlement.outcome];
  await sql`
    insert into member (client_id, discord_user_id, state, reason, held_role_ids, last_reconciled_at, done_version)
    values (${job.clientId}, ${job.discordUserId}, ${state}, ${settlement.reason},
      ${settlement.heldRemovals}::text[], clock_timestamp(), ${job.version})
    on conflict (client_id, discord_user_id) do update set
      state = excluded.state, reason = excluded.reason, held_role_ids = excluded.held_role_ids,
      last_reconciled_at = excluded.last_reconciled_at, done_version = excluded.done_version`.execute(
    db,
  );
}

async function closeAndTell(
  db: Kysely<unknown>,
  settlement: Settlement,
  enqueueEvent: EnqueueEvent,
): Promise<void> {
  const { closes } = settlement;
  if (closes === null) return;
  const record = await closeRecord(
    db,
    closes,
    settlement.reason,
    settlement.outcome,
  );
  if (record === null || closes.added.length + closes.removed.length === 0)
    return;
  const { clientId, discordUserId, platformUserId, causes } = record;
  const guild = await sql<{
    guild_id: string;
  }>`select guild_id from client where id = ${clientId}`.execute(db);
  await enqueueEvent(db, {
    type: 'discord.roles.changed.v1',
    key: platformUserId ?? discordUserId,
    data: {
      clientId,
      guildId: guild.rows[0]?.guild_id,
      discordUserId,
      platformUserId,
      added: closes.added,
      removed: closes.removed,
      nickname: null,
      causes: causes.map(({ kind, id, actor }) => ({ kind, id, actor })),
      auditRecordId: closes.recordId,
    },
  });
}

/** A mark came during the run: the member is looked at again, for the new causes only. */
async function releaseJob(db: Kysely<unknown>, job: Job): Promise<void> {
  await sql`
    update reconcile_job set claimed_by = null, claimed_causes = '[]', attempts = 0
    where client_id = ${job.clientId} and discord_user_id = ${job.discordUserId}`.execute(
    db,
  );
}

async function deleteJob(db: Kysely<unknown>, job: Job): Promise<void> {
  await sql`
    delete from reconcile_job
    where client_id = ${job.clientId} and discord_user_id = ${job.discordUserId}`.execute(
    db,
  );
}

/** Marks wake it at once; without one it is tried again after a day. */
async function parkJob(db: Kysely<unknown>, job: Job): Promise<void> {
  await sql`
    update reconcile_job set claimed_by = null, claimed_causes = '[]', attempts = 0, is_parked = true,
      lane = ${LANES.sweep}, causes = ${JSON.stringify([PARKED_CAUSE])}::jsonb,
      due_at = clock_timestamp() + interval '1 day'
    where client_id = ${job.clientId} and discord_user_id = ${job.discordUserId}`.execute(
    db,
  );
}

const PARKED_CAUSE: Cause = {
  kind: 'REPAIR',
  id: 'parked',
  actor: 'connector',
};
