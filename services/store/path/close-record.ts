import { sql, type Kysely } from 'kysely';

import type {
  Cause,
  ClientId,
  DiscordUserId,
  Outcome,
  PlatformUserId,
} from '../../model.js';
import type { RecordClosing } from '../../reconcile/ports.js';

export interface ClosedRecord {
  readonly clientId: ClientId;
  readonly discordUserId: DiscordUserId;
  readonly platformUserId: PlatformUserId | null;
  readonly causes: readonly Cause[];
}

/** Closes a record with what came of it. */
export async function closeRecord(
  db: Kysely<unknown>,
  closing: RecordClosing,
  reason: string | null,
  outcome: Outcome = 'APPLIED',
): Promise<ClosedRecord | null> {
  const { rows } = await sql<Row>`
    update audit_record set added = ${closing.added}::text[], removed = ${closing.removed}::text[],
      outcome = ${outcome}, reason = ${reason}, closed_at = clock_timestamp()
    where id = ${closing.recordId} and closed_at is null
    returning client_id, discord_user_id, platform_user_id, causes`.execute(db);
  const [row] = rows;
  if (row === undefined) return null;
  return {
    clientId: row.client_id,
    discordUserId: row.discord_user_id,
    platformUserId: row.platform_user_id,
    causes: row.causes,
  };
}

interface Row {
  readonly client_id: ClientId;
  readonly discord_user_id: DiscordUserId;
  readonly platform_user_id: PlatformUserId | null;
  readonly causes: readonly Cause[];
}
