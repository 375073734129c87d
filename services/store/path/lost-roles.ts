import { sql, type RawBuilder } from 'kysely';

/**
 * The new value of `member.roles_lost_at`, in an upsert of `member`: now, if the new row lacks an
 * unmapped role that the old one had. The connector never removes such a role, so either someone
 * else did or the answer is wrong. No whole list is written until a minute has passed.
 */
export function rolesLostAt(): RawBuilder<unknown> {
  return sql`
    case when exists (
      select from unnest(member.role_ids) as h (id)
      where h.id <> all(excluded.role_ids) and not exists (
        select from role_mapping m where m.client_id = member.client_id and m.role_id = h.id)
    ) then clock_timestamp() else member.roles_lost_at end`;
}
