import { type RawBuilder, sql } from 'kysely';

import type { ClientId, LinkState } from '../../model.js';
import type { LinkFilter } from '../../api/links/ports.js';

/**
 * The state of a link: ENDING first, then a waiting mark, then the result of the last run; PENDING
 * before the first. A member in step with an open request to the platform is PENDING until the
 * platform reports the change.
 */
export const LINK_STATE = sql`case
  when l.status = 'ENDING' then 'ENDING'
  when j.client_id is not null then 'PENDING'
  when m.state = 'IN_STEP' and exists (select from remote_membership r where r.link_id = l.id and r.request_state = 'OPEN')
    then 'PENDING'
  else coalesce(m.state, 'PENDING')
end`;

/** Uses `link l`, `member m` and `reconcile_job j`. */
export function linkConditions(clientId: ClientId, filter: LinkFilter): RawBuilder<unknown>[] {
  const { states, platformUserIds, discordUserIds, roleId, groupId } = filter;
  const conditions = [
    sql`l.client_id = ${clientId}`,
    states && sql`${LINK_STATE} = any(${states}::text[])`,
    platformUserIds && sql`l.platform_user_id = any(${platformUserIds}::text[])`,
    discordUserIds && sql`l.discord_user_id = any(${discordUserIds}::text[])`,
    roleId !== undefined && sql`m.role_ids @> array[${roleId}]::text[]`,
    groupId !== undefined &&
      sql`exists (
          select from membership s join platform_group g on g.id = s.group_id
          where s.platform_user_id = l.platform_user_id and s.group_id = ${groupId}
            and s.is_held and g.deleted_at is null
        )`,
  ];
  return conditions.filter((condition) => typeof condition === 'object');
}

/**
 * The ids of all links that can match the filter, found by an index; null: the filter names neither
 * states nor a role. In page order alone, a rare state or role would be searched for in all links.
 */
export function linkCandidates(
  clientId: ClientId,
  { states, roleId }: LinkFilter,
): RawBuilder<unknown> | null {
  if (states?.length === 0) return sql`select null::uuid as id where false`;
  if (states)
    return sql.join(
      states.map((state) => candidatesIn(clientId, state)),
      sql` union all `,
    );
  return roleId === undefined
    ? null
    : ofMembers(clientId, sql`c.role_ids @> array[${roleId}]::text[]`);
}

function candidatesIn(clientId: ClientId, state: LinkState): RawBuilder<unknown> {
  if (state === 'ENDING')
    return sql`select k.id from link k where k.client_id = ${clientId} and k.status = 'ENDING'`;
  if (state !== 'PENDING') return ofMembers(clientId, sql`c.state = ${state}`);
  return sql.join(
    [
      sql`select k.id from reconcile_job c
        join link k on k.client_id = c.client_id and k.discord_user_id = c.discord_user_id
        where c.client_id = ${clientId} and not c.is_parked`,
      ofMembers(clientId, sql`c.state is null`),
      ofMembers(clientId, sql`c.state = 'PENDING'`),
      sql`select k.id from link k where k.client_id = ${clientId} and not exists (
        select from member c where c.client_id = k.client_id and c.discord_user_id = k.discord_user_id)`,
      sql`select r.link_id from remote_membership r where r.request_state = 'OPEN'`,
    ],
    sql` union all `,
  );
}

const ofMembers = (clientId: ClientId, condition: RawBuilder<unknown>) =>
  sql`select k.id from member c
    join link k on k.client_id = c.client_id and k.discord_user_id = c.discord_user_id
    where c.client_id = ${clientId} and ${condition}`;
