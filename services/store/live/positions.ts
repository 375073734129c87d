import { sql } from 'kysely';

import type { SessionPosition } from '../../discord/gateway/ports.js';
import type { Db } from '../entities/entities.js';
import { isLeasedBy } from './live-bots.js';

export async function readPosition(
  db: Db,
  applicationId: string,
  shardId: number,
): Promise<SessionPosition | null> {
  const row = await db
    .selectFrom('gateway_session')
    .select(['shardId', 'shardCount', 'sessionId', 'resumeUrl', 'sequence'])
    .where('applicationId', '=', applicationId)
    .where('shardId', '=', shardId)
    .executeTakeFirst();
  return row ?? null;
}

/** A shard of a bot that this process leases. */
export interface OwnShard {
  readonly owner: string;
  readonly applicationId: string;
  readonly shardId: number;
}

/** Saves or deletes a shard's position. Changes nothing if another process leases the bot. */
export async function savePosition(
  db: Db,
  shard: OwnShard,
  position: SessionPosition | null,
): Promise<void> {
  if (position !== null) return advancePosition(db, shard, position);
  const { owner, applicationId, shardId } = shard;
  await sql`
    delete from gateway_session
    where application_id = ${applicationId} and shard_id = ${shardId}
      and ${isLeasedBy(owner, sql.ref('application_id'))}`.execute(db);
}

/**
 * Locks the shard's row until the transaction ends, so that batches of one shard are stored one
 * after another. Within a session the sequence never goes back.
 */
export async function advancePosition(
  db: Db,
  { owner, applicationId }: Pick<OwnShard, 'owner' | 'applicationId'>,
  { shardId, shardCount, sessionId, resumeUrl, sequence }: SessionPosition,
): Promise<void> {
  await sql`
    insert into gateway_session as s (application_id, shard_id, shard_count, session_id, resume_url, sequence, saved_at)
    select ${applicationId}, ${shardId}, ${shardCount}, ${sessionId}, ${resumeUrl}, ${sequence}, clock_timestamp()
    where ${isLeasedBy(owner, sql`${applicationId}`)}
    on conflict (application_id, shard_id) do update set shard_count = excluded.shard_count, session_id = excluded.session_id,
      resume_url = excluded.resume_url, saved_at = excluded.saved_at,
      sequence = case when s.session_id = excluded.session_id then greatest(s.sequence, excluded.sequence) else excluded.sequence end`.execute(
    db,
  );
}
