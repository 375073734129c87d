import { sql } from 'kysely';

import { InputError } from '../../lib/errors.js';
import type { PlatformUserId } from '../../model.js';
import type { Transaction } from '../connection/database.js';

/**
 * All writes about a platform user serialize on the user's row. Unknown users are created without a
 * name.
 */
export async function lockPlatformUser(
  { sql: db }: Pick<Transaction, 'sql'>,
  id: PlatformUserId,
): Promise<void> {
  await sql`insert into platform_user (id) values (${id}) on conflict do nothing`.execute(db);
  const { rows } = await sql<{ is_deleted: boolean }>`
    select deleted_at is not null as is_deleted from platform_user where id = ${id} for no key update`.execute(
    db,
  );
  if (rows[0]?.is_deleted === true) {
    throw new InputError(
      'FAILED_PRECONDITION',
      `platform user ${id} was deleted`,
      'input.platformUserId',
    );
  }
}
