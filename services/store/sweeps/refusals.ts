import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { ClientId, SweepKind } from '../../model.js';

const KINDS: Partial<Readonly<Record<SweepKind, string>>> = {
  CHANGES: 'CHANGES sweeps cannot be started: the removal guard creates them',
};

/** Why a sweep of this kind cannot start at any client; null if it can. */
export const refusalOfKind = (kind: SweepKind): string | null => KINDS[kind] ?? null;

/** Of `client c`: why its guild cannot be read now; null if it can. */
export const REFUSAL_OF_CLIENT = sql<string | null>`case
  when c.ending_at is not null then 'the client is being deleted'
  when not c.is_enabled then 'the client is disabled'
  when c.stopped_at is not null then 'the client is stopped: ' || coalesce(c.trouble, 'its bot token was refused')
  when c.paused_until > clock_timestamp() then 'the client is paused: ' || coalesce(c.trouble, 'its guild does not answer')
  end`;

/** Undefined: the client does not exist. */
export async function readRefusal(db: Db, clientId: ClientId): Promise<string | null | undefined> {
  const { rows } = await sql<{ refusal: string | null }>`
    select ${REFUSAL_OF_CLIENT} as refusal from client c where c.id = ${clientId}`.execute(db);
  return rows[0]?.refusal;
}
