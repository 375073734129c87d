import { sql } from 'kysely';
import type { Db } from '../entities/entities.js';
import type { SweepEnding, SweepRun } from '../../sweep/ports.js';

/**
 * Records whether the client is in doubt: from an unbelievable member list until the next
 * believable one. Resolves with true if the doubt is new.
 */
export async function saveDoubt(
  db: Db,
  { clientId }: SweepRun,
  { state, reason, holders }: SweepEnding,
): Promise<boolean> {
  if (state !== 'FAILED' && holders === null) return false;
  const doubt = state === 'FAILED' ? reason : null;
  const { rows } = await sql<{ was_in_doubt: boolean }>`
    with before as (select doubt from client where id = ${clientId})
    update client set doubt = ${doubt}::text where id = ${clientId} and doubt is distinct from ${doubt}::text
    returning (select doubt is not null from before) as was_in_doubt`.execute(db);
  return doubt !== null && rows[0]?.was_in_doubt === false;
}

/** Kept until Discord's counts can be read again. */
export async function saveCountsFault(
  db: Db,
  { clientId }: SweepRun,
  { countsFault }: SweepEnding,
): Promise<void> {
  if (countsFault === undefined) return;
  await sql`
    update client set counts_fault = ${countsFault}::text
    where id = ${clientId} and counts_fault is distinct from ${countsFault}::text`.execute(db);
}
