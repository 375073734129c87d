import { sql } from 'kysely';

import { type ChangePreview, NOTHING_CHANGES, previewOf } from '../mappings/effect.js';
import type { Db } from '../entities/entities.js';
import { InputError } from '../../lib/errors.js';
import { named } from '../../lib/named.js';
import type { Cause, ClientId, Holders } from '../../model.js';
import type { ClientRow } from '../entities/client.entity.js';
import type { Transaction } from '../connection/database.js';
import { forgetDecisionsOfClient } from '../decisions/forget.js';
import { markClient } from '../jobs/mark.js';

/**
 * Deletes a client with everything that belongs to it. LEAVE deletes it at once, and members keep
 * their roles. TAKE_BACK ends every link and retires every mapping. Runs then remove the roles and
 * delete the links, and the client is deleted with its last link.
 */
export async function endClient(
  tx: Transaction,
  client: ClientRow,
  request: { holders: Holders; dryRun: boolean; cause: Cause },
): Promise<ChangePreview> {
  const takesBack = request.holders === 'TAKE_BACK';
  if (takesBack) refuseUnableToTakeBack(client);
  const effect = takesBack ? await previewTakingBack(tx.sql, client.id) : NOTHING_CHANGES;
  if (request.dryRun) return effect;
  if (!takesBack || !(await hasLinks(tx.sql, client.id))) {
    await tx.sql.deleteFrom('client').where('id', '=', client.id).execute();
    return effect;
  }
  await startEnding(tx.sql, client.id);
  await markClient(tx.sql, {
    clientId: client.id,
    state: 'ANY',
    cause: request.cause,
  });
  await forgetDecisionsOfClient(tx.sql, client.id);
  // Deletes grants after marking members. Settling a run also locks jobs before grants, so the two
  // cannot deadlock.
  await tx.sql.deleteFrom('discord_grant').where('clientId', '=', client.id).execute();
  return effect;
}

async function startEnding(db: Db, id: ClientId): Promise<void> {
  await db
    .updateTable('client')
    .set({ endingAt: STARTED })
    .where('id', '=', id)
    .where('endingAt', 'is', null)
    .execute();
  await db
    .updateTable('role_mapping')
    .set({ retiredAt: STARTED })
    .where('clientId', '=', id)
    .where('retiredAt', 'is', null)
    .execute();
  await db
    .updateTable('link')
    .set({ status: 'ENDING', endingAt: STARTED })
    .where('clientId', '=', id)
    .where('status', '=', 'ACTIVE')
    .execute();
}

/** The transaction's start, so that the client and its mappings and links get the same end time. */
const STARTED = sql<Date>`now()`;

/**
 * Throws FAILED_PRECONDITION if the client cannot remove roles, because it is disabled or stopped,
 * or its authority is not PLATFORM.
 */
function refuseUnableToTakeBack(client: ClientRow): void {
  if (client.authority === 'PLATFORM' && client.isEnabled && !client.stoppedAt) return;
  throw new InputError(
    'FAILED_PRECONDITION',
    `${named('client', client.id, client.name)} cannot remove roles: enable it, set its authority to PLATFORM and give it a working bot token, or choose LEAVE`,
    'input.holders',
  );
}

async function hasLinks(db: Db, clientId: ClientId): Promise<boolean> {
  const row = await db
    .selectFrom('link')
    .select('id')
    .where('clientId', '=', clientId)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

async function previewTakingBack(db: Db, clientId: ClientId): Promise<ChangePreview> {
  return previewOf(
    db,
    clientId,
    sql`
    select l.discord_user_id, l.platform_user_id, '{}'::text[] as add, h.role_ids as remove, 'the client is deleted' as reason,
      cardinality(h.role_ids) as writes, n.is_reset as is_renamed, (cardinality(h.role_ids) > 0 or n.is_doubted)::int as proofs
    from (select discord_user_id, max(platform_user_id) as platform_user_id from link where client_id = ${clientId} group by 1) l
    join client c on c.id = ${clientId}
    left join member a on a.client_id = c.id and a.discord_user_id = l.discord_user_id
    cross join lateral (
      select coalesce(array_agg(r.id order by r.id collate "C"), '{}') as role_ids from unnest(a.role_ids) as r (id)
      where exists (select from role_mapping m where m.client_id = c.id and m.role_id = r.id)
    ) h
    cross join lateral (select
      coalesce(c.nickname_on_unlink = 'RESET' and a.is_present
        and a.nickname_set_hash = encode(sha256(convert_to(a.nickname, 'UTF8')), 'hex'), false) as is_reset,
      coalesce(a.is_present = false and coalesce(a.absent_since > statement_timestamp() - interval '1 minute', true), false)
        as is_doubted) n`,
    { areEnding: true },
  );
}
