import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { ClientId, RoleId } from '../../model.js';
import { holdBurst, type Guard } from './hold-burst.js';

/**
 * A mapping changed and the decisions about its role were forgotten, so the role's holders are
 * judged again as one burst.
 */
export async function holdOfRole(
  db: Db,
  guard: Guard,
  role: { readonly clientId: ClientId; readonly roleId: RoleId },
): Promise<void> {
  const { clientId, roleId } = role;
  const holders = sql`
    select a.client_id, a.discord_user_id, 'OTHER' as cause from member a
    where a.client_id = ${clientId} and a.role_ids @> array[${roleId}::text]`;
  await holdBurst(db, guard, holders);
}
