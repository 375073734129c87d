import { sql } from 'kysely';

import { InputError } from '../../lib/errors.js';
import type { PlatformUserId } from '../../model.js';
import type { Database } from '../connection/database.js';
import { joinFences, readFence, storedFence, type StoredFence } from './deletion-fence.js';

/**
 * Lifts the deletion of a user. Only the id returns: no name, membership or link. The lifted
 * deletion stays as a fence, so that facts from before it, and the deletion itself, change nothing
 * when they are sent again. False: the user was not deleted.
 */
export function createRestoreUser({ database }: { database: Database }) {
  return async (id: PlatformUserId): Promise<boolean> =>
    database.transaction(async ({ sql: db }) => {
      const { rows } = await sql<FenceRow>`
        select deletion_fence, restored_fence from platform_user where id = ${id} for no key update`.execute(
        db,
      );
      const [row] = rows;
      if (row === undefined)
        throw new InputError(
          'NOT_FOUND',
          `platform user ${id} does not exist`,
          'input.platformUserId',
        );
      const deletion = readFence(row.deletion_fence);
      if (deletion === null) return false;
      const fence = joinFences(readFence(row.restored_fence), deletion);
      // Kept until now for links whose roles were still being removed: see forgetPeople.
      await sql`delete from membership where platform_user_id = ${id}`.execute(db);
      await sql`
        update platform_user set deleted_at = null, deleted_by = null, deletion_fence = null,
          restored_fence = ${JSON.stringify(storedFence(fence))}::jsonb,
          username = null, attributes = '{}', fences = '{}',
          snapshot_sequence = null, snapshot_time_us = null, snapshot_is_mutation = false
        where id = ${id}`.execute(db);
      return true;
    });
}

interface FenceRow {
  readonly deletion_fence: StoredFence | null;
  readonly restored_fence: StoredFence | null;
}
