import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import {
  NO_NICKNAME,
  type Cause,
  type ClientId,
  type DiscordUserId,
  type MemberReading,
  type Outcome,
  type PlatformUserId,
} from '../../model.js';
import type { RecordClosing } from '../../reconcile/write/records.js';
import type { EnqueueEvent } from '../outbox/enqueue-event.js';

interface Ending {
  /** Null: no record is open. */
  readonly closes: RecordClosing | null;
  readonly reason: string | null;
  readonly outcome: Outcome;
  /** The member after the record's last change; null or absent: not read since. */
  readonly observed?: MemberReading | null;
}

/** Closes a record with its outcome, and writes the event if something changed. */
export async function closeAndTell(
  db: Db,
  { closes, reason, outcome, observed }: Ending,
  enqueueEvent: EnqueueEvent,
): Promise<void> {
  if (closes === null) return;
  const { added, removed, ensured, nickname, recordId } = closes;
  const { rows } = await sql<ClosedRecord>`
    update audit_record set added = ${added}::text[], removed = ${removed}::text[], nickname = ${nickname},
      ensured_added = ${ensured.added}::text[], ensured_removed = ${ensured.removed}::text[],
      outcome = ${outcome}, reason = ${reason}, closed_at = clock_timestamp()
    where id = ${recordId} and closed_at is null
    returning client_id, discord_user_id, platform_user_id, causes,
      (select guild_id from client where client.id = audit_record.client_id) as guild_id`.execute(
    db,
  );
  const [row] = rows;
  if (row !== undefined && nickname !== null)
    await keepNicknameSet(db, row, observed?.isPresent ? observed.nickname : nickname);
  const isChange = added.length + removed.length > 0 || nickname !== null;
  if (row === undefined || !isChange) return;
  await enqueueEvent(db, {
    type: 'discord.roles.changed.v1',
    key: row.platform_user_id ?? row.discord_user_id,
    data: {
      clientId: row.client_id,
      guildId: row.guild_id,
      discordUserId: row.discord_user_id,
      platformUserId: row.platform_user_id,
      added,
      removed,
      nickname,
      causes: row.causes.map(({ kind, id, actor }) => ({ kind, id, actor })),
      auditRecordId: recordId,
    },
  });
}

/**
 * Shows later whether the nickname at Discord is still the connector's. Only a hash: a deleted
 * person's name may not be kept.
 */
async function keepNicknameSet(
  db: Db,
  { client_id, discord_user_id }: ClosedRecord,
  shown: string | null,
): Promise<void> {
  await sql`
    update member set nickname_set_hash = encode(sha256(convert_to(nullif(${shown}::text, ${NO_NICKNAME}), 'UTF8')), 'hex')
    where client_id = ${client_id} and discord_user_id = ${discord_user_id}`.execute(db);
}

interface ClosedRecord {
  readonly client_id: ClientId;
  /** Null when the client was deleted. */
  readonly guild_id: string | null;
  readonly discord_user_id: DiscordUserId;
  readonly platform_user_id: PlatformUserId | null;
  readonly causes: readonly Cause[];
}
