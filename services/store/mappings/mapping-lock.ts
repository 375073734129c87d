import { sql, type Kysely } from 'kysely';

/** Any number; facts share it, a new mapping has it alone. */
const LOCK = 741_300_114;

/**
 * A fact marks the members of mapped groups, and a new mapping marks those whom facts put into its group: made at one moment, each
 * could miss the other, and nobody be marked. Held until the transaction ends; to be taken after the writing, before the marking.
 */
export async function lockMappingsToMark(db: Kysely<unknown>): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${LOCK})`.execute(db);
}

/** Waits for facts that are being written; those that come wait for the new mapping. */
export async function lockMappingsToAdd(db: Kysely<unknown>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${LOCK})`.execute(db);
}
