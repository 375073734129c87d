import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { GroupId } from '../../model.js';

/** An arbitrary number. Facts share the lock; a new mapping takes it exclusively. */
const LOCK = 741_300_114;

/**
 * Facts mark the members of mapped groups, and a new mapping marks the members of its group.
 * Running concurrently they could miss each other, and a member would stay unmarked. Held until the
 * transaction ends; take it after writing and before marking.
 */
export async function lockMappingsToMark(db: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${LOCK})`.execute(db);
}

/**
 * Which of the groups are mapped at all. Query it after taking the lock, in a separate statement
 * that sees what the lock waited for.
 */
export async function mappedAmong(
  db: Db,
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
export async function lockMappingsToAdd(db: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock(${LOCK})`.execute(db);
}
