import { sql } from 'kysely';

import type { ClientId } from '../../model.js';
import type { Asker } from '../connection/together.js';

/**
 * How many people are linked, for how many of them a mapped group is unknown, and whether any group
 * is known.
 */
export async function countUnknownMemberships(db: Asker, clientId: ClientId): Promise<Counts> {
  const { rows } = await sql<Counts>`
    select exists (select from platform_group where deleted_at is null) as "hasGroups", count(*)::int as linked, count(*) filter (
      where u.snapshot_time_us is null and exists (
        select from role_mapping r join platform_group g on g.id = r.group_id
        where r.client_id = l.client_id and r.retired_at is null and g.deleted_at is null
          and not exists (select from membership m
            where m.platform_user_id = l.platform_user_id and m.group_id = r.group_id)))::int as unknown
    from link l join platform_user u on u.id = l.platform_user_id
    where l.client_id = ${clientId} and l.status = 'ACTIVE'`.execute(db);
  return rows[0] ?? { linked: 0, unknown: 0, hasGroups: false };
}

interface Counts {
  readonly linked: number;
  readonly unknown: number;
  readonly hasGroups: boolean;
}
