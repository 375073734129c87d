import { openSql } from './open-sql.js';

/**
 * Adds other holders of the roles, without facts about them: the removal guard never removes a role
 * from more than half of its holders within an hour without approval.
 */
export async function addHolders(databaseUrl: string): Promise<void> {
  const sql = await openSql(databaseUrl);
  await sql.query(
    `insert into member (client_id, discord_user_id, read_at, role_ids)
     select m.client_id, 'holder-' || n, now(), array_agg(m.role_id)
     from role_mapping m cross join generate_series(1, 200) as n group by m.client_id, n`,
  );
  await sql.end();
}
