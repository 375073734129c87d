import { sql, type Kysely } from 'kysely';

import type { GroupId } from '../../model.js';

/** Any number; facts share it, a new mapping has it alone. */
const LOCK = 741_300_114;

/**
 * Facts mark the members of mapped groups, and a new mapping marks the members of its group:
 * concurrent ones could miss each other, and nobody would be marked. Held until the transaction
 * ends; take it after writing and before marking.
 */
export async function lockMappingsToMark(db: Kysely<unknown>): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${LOCK})`.execute(db);
}

/**
 * Which of the groups are mapped anywhere; to be asked behind the lock, by a statement that sees
 * what it waited for.
 */
export async function mappedAmong(
  db: Kysely<unknown>,
  groupIds: ReadonlySet<GroupId>,
): Promise<ReadonlySet<GroupId>> {
  if (groupIds.size === 0) return groupIds;
  const { rows } = await sql<{ group_id: GroupId }>`
    select distinct group_id from role_mapping where group_id = any(${[...groupIds]}::text[])`.execute(
    db,
  );
  return new Set(rows.map((row) => row.group_id));
}

/** Waits for facts being written; later facts wait for the new mapping. */
export async function lockMappingsToAdd(db: Kysely<unknown>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${LOCK})`.execute(db);
}
