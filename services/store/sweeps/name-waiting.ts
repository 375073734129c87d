import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { Cause, ClientId, DiscordUserId, NicknameStrategy } from '../../model.js';

interface NamingRun {
  readonly id: string;
  readonly clientId: ClientId;
  readonly enforceStrategy: NicknameStrategy | null;
  readonly traceparent: string | null;
}

export function namingCause(run: NamingRun): Cause {
  const { id, enforceStrategy, traceparent } = run;
  return {
    kind: 'SWEEP',
    id,
    actor: 'connector',
    ...(enforceStrategy !== null && { enforceStrategy }),
    ...(traceparent !== null && { traceparent }),
  };
}

/**
 * Members already waiting for a run are not marked again. A sweep with its own nickname strategy
 * still adds its cause to them, otherwise the client's strategy would name them. They keep their
 * place in the queue. Resolves with these members.
 */
export async function nameWaiting(
  db: Db,
  run: NamingRun,
  members: readonly DiscordUserId[],
): Promise<readonly DiscordUserId[]> {
  if (run.enforceStrategy === null) return [];
  const { rows } = await sql<{ discord_user_id: DiscordUserId }>`
    update reconcile_job set causes = newest_causes(causes || ${JSON.stringify([namingCause(run)])}::jsonb)
    where client_id = ${run.clientId} and discord_user_id = any(${members}::text[])
      and not is_parked and claimed_by is null
    returning discord_user_id`.execute(db);
  return rows.map((row) => row.discord_user_id);
}
