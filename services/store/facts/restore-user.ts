import { InputError } from '../../lib/errors.js';
import type { PlatformUserId } from '../../model.js';
import type { Database } from '../connection/database.js';
import { joinFences, readFence, storedFence } from './deletion-fence.js';

/**
 * Restores a deleted user. Only the id returns: no name, membership or link. The lifted deletion
 * stays as a fence, so that resending it, or facts from before it, changes nothing. Returns false
 * if the user was not deleted.
 */
export function createRestoreUser({ database }: { database: Database }) {
  return async (id: PlatformUserId): Promise<boolean> =>
    database.transaction(async ({ sql: db }) => {
      const row = await db
        .selectFrom('platform_user')
        .select(['deletionFence', 'restoredFence'])
        .where('id', '=', id)
        .forNoKeyUpdate()
        .executeTakeFirst();
      if (row === undefined)
        throw new InputError(
          'NOT_FOUND',
          `platform user ${id} does not exist`,
          'input.platformUserId',
        );
      const deletion = readFence(row.deletionFence);
      if (deletion === null) return false;
      const fence = joinFences(readFence(row.restoredFence), deletion);
      // `forgetPeople` kept these memberships for links whose roles were still being removed.
      await db.deleteFrom('membership').where('platformUserId', '=', id).execute();
      await db
        .updateTable('platform_user')
        .set({
          deletedAt: null,
          deletedBy: null,
          deletionFence: null,
          restoredFence: storedFence(fence),
          username: null,
          attributes: {},
          fences: {},
          snapshotSequence: null,
          snapshotTimeUs: null,
          snapshotIsMutation: false,
        })
        .where('id', '=', id)
        .execute();
      return true;
    });
}
