import { sql } from 'kysely';

import type { DisputeCounts } from '../../api/clients/ports.js';
import type { Dispute } from '../../api/links/dispute.types.js';
import type { ClientId, LinkId } from '../../model.js';
import type { Asker } from '../connection/together.js';
import { inOrder, type Time, toDate } from './page.js';

/**
 * Disputed changes `h` of members `m`. Counts only while the mirror shows the other side's change,
 * because a later one by the connector may have lasted, and while the platform decides about the
 * role.
 */
const REVERSED = sql`
  hand_change h join member m on m.client_id = h.client_id and m.discord_user_id = h.discord_user_id
    and h.disputed_since is not null and m.is_present and h.is_given = (h.role_id = any(m.role_ids))
    and exists (
      select from role_mapping p join client a on a.id = p.client_id
      where p.client_id = h.client_id and p.role_id = h.role_id and coalesce(p.authority, a.authority) = 'PLATFORM')`;

/** Returns each link's dispute; null: none. Of several, returns the oldest about reversals. */
export async function disputesOfLinks(
  db: Asker,
  ids: readonly LinkId[],
): Promise<readonly (Dispute | null)[]> {
  const { rows } = await sql<Omit<Dispute, 'since'> & { linkId: LinkId; since: Time }>`
    select distinct on (d."linkId") d.* from (
      select l.id as "linkId", l.client_id as "clientId", h.role_id as "roleId", 'REVERSALS' as kind,
        coalesce(h.by_name || ' (' || h.by_discord_user_id || ')', h.by_discord_user_id) as by, h.disputed_since as since
      from link l join (${REVERSED}) on h.client_id = l.client_id and h.discord_user_id = l.discord_user_id
      where l.id = any(${ids}::uuid[])
      union all
      select r.link_id, p.client_id, p.role_id, 'REQUEST', null, r.asked_at
      from remote_membership r join role_mapping p on p.id = r.mapping_id
      where r.link_id = any(${ids}::uuid[]) and r.request_state = 'DISPUTED') d
    order by d."linkId", d.kind = 'REQUEST', d.since`.execute(db);
  const disputes = rows.map(({ linkId, ...row }) => ({
    linkId,
    dispute: { ...row, since: toDate(row.since) },
  }));
  return inOrder(ids, disputes, ({ linkId }) => linkId).map((found) => found?.dispute ?? null);
}

/** Counts disputed members of client `c`; columns `reversals`, `kept` and `requests`. */
export const DISPUTE_COUNTS = sql`
  select count(distinct h.discord_user_id)::int as reversals,
    (count(distinct h.discord_user_id) filter (where h.is_given))::int as kept,
    (select count(distinct r.link_id)::int from role_mapping p join remote_membership r on r.mapping_id = p.id
      where p.client_id = c.id and r.request_state = 'DISPUTED') as requests
  from ${REVERSED} where h.client_id = c.id`;

export async function disputesOfClients(
  db: Asker,
  ids: readonly ClientId[],
): Promise<readonly (DisputeCounts | undefined)[]> {
  const { rows } = await sql<DisputeCounts & { readonly id: ClientId }>`
    select c.id, d.* from client c cross join lateral (${DISPUTE_COUNTS}) d
    where c.id = any(${ids}::uuid[])`.execute(db);
  return inOrder(ids, rows, ({ id }) => id);
}
