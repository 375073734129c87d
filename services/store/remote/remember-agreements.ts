import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { ClientId } from '../../model.js';

/**
 * Under authority DISCORD, remembers where mirror and platform agree, so that a later difference is
 * recognised as a change at Discord. Link, mapping and mirror are locked meanwhile, so that a
 * transaction that ends one of them finds what to forget; rows locked by others are left to the
 * next sweep. Call it outside any other transaction.
 */
export async function rememberAgreements(db: Db, clientId: ClientId): Promise<void> {
  await sql`
    with missing as materialized (
      ${agreements(clientId)}
      except
      select b.link_id, b.mapping_id
      from remote_membership b join role_mapping p on p.id = b.mapping_id where p.client_id = ${clientId}
    )
    insert into remote_membership (link_id, mapping_id, has_role)
    select k.id, m.id, m.role_id = any(a.role_ids)
    from missing x
    join link k on k.id = x.link_id
    join role_mapping m on m.id = x.mapping_id
    join client c on c.id = m.client_id
    join member a on a.client_id = c.id and a.discord_user_id = k.discord_user_id
    where k.status = 'ACTIVE' and m.retired_at is null and a.is_present and a.read_at is not null
      and (m.authority = 'DISCORD' or (m.authority is null and c.authority = 'DISCORD'))
      and coalesce((select s.is_held from membership s
        where s.platform_user_id = k.platform_user_id and s.group_id = m.group_id), false) = (m.role_id = any(a.role_ids))
    for share of c, m, k, a skip locked
    on conflict do nothing`.execute(db);
}

/**
 * A set difference rather than a lookup per pair, because there are members times mappings of them.
 */
const agreements = (clientId: ClientId) => sql`
  select k.id as link_id, m.id as mapping_id
  from role_mapping m
  join client c on c.id = m.client_id
  join platform_group g on g.id = m.group_id and g.deleted_at is null
  join role r on r.client_id = m.client_id and r.id = m.role_id and r.refusal is null
  join link k on k.client_id = m.client_id and k.status = 'ACTIVE'
  join member a on a.client_id = k.client_id and a.discord_user_id = k.discord_user_id and a.is_present
  join platform_user u on u.id = k.platform_user_id
  left join membership s on s.platform_user_id = k.platform_user_id and s.group_id = m.group_id
  where m.client_id = ${clientId} and m.retired_at is null and a.read_at is not null
    and (m.authority = 'DISCORD' or (m.authority is null and c.authority = 'DISCORD'))
    and coalesce(s.is_held, case when u.snapshot_time_us is not null then false end) = (m.role_id = any(a.role_ids))
    and k.discord_user_id not in (select e.discord_user_id from link e where e.client_id = ${clientId} and e.status = 'ENDING')`;
