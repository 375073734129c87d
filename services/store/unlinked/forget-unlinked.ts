import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { ClientId, DiscordUserId } from '../../model.js';

/**
 * Call it in the transaction that links these accounts, before their jobs are marked: they are no
 * longer unlinked holders.
 */
export async function forgetUnlinkedHolders(
  db: Db,
  clientId: ClientId,
  accounts: readonly DiscordUserId[],
): Promise<void> {
  await sql`
    with linked as (
      delete from unlinked_holder
      where client_id = ${clientId} and discord_user_id::numeric = any(${accounts}::numeric[])
      returning role_id
    ), fewer as (
      select role_id, count(*)::int as holders from linked group by role_id
    )
    update guild_listing g set unlinked_holders = g.unlinked_holders || (
      select jsonb_object_agg(f.role_id, greatest(0, (g.unlinked_holders ->> f.role_id)::int - f.holders)) from fewer f
      where g.unlinked_holders ? f.role_id)
    where g.client_id = ${clientId} and exists (select from fewer f where g.unlinked_holders ? f.role_id)`.execute(
    db,
  );
}
