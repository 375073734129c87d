import { sql } from 'kysely';

import type { ClientId, MemberKey, MemberReading } from '../../model.js';
import type { Db } from '../entities/entities.js';

/** An account as the gateway has just shown it. */
export interface SeenAccount extends MemberKey {
  readonly reading: MemberReading;
}

/**
 * Brings the stored unlinked holders and their counts in line with events. Skips linked accounts.
 * Locks a client's counts only if one of its holders changed, so a crowd of joining accounts costs
 * nothing else.
 */
export async function noteUnlinkedHolders(db: Db, accounts: readonly SeenAccount[]): Promise<void> {
  const rows = accounts.map(({ clientId, discordUserId, reading }) => ({
    client_id: clientId,
    discord_user_id: discordUserId,
    role_ids: reading.isPresent ? reading.roleIds : [],
    ...(reading.isPresent && {
      username: reading.username,
      display_name: reading.displayName,
      nickname: reading.nickname,
      is_bot: reading.isBot === true,
    }),
  }));
  await sql`
    with seen as materialized (
      select r.* from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r (client_id uuid, discord_user_id text, role_ids text[],
        username text, display_name text, nickname text, is_bot boolean)
      where not exists (select from link l where l.client_id = r.client_id and l.discord_user_id = r.discord_user_id)
    ), mapped as materialized (
      select distinct m.client_id, m.role_id from role_mapping m where m.client_id = any(${clientsOf(accounts)}::uuid[])
    ), lost as (
      delete from unlinked_holder u using seen s
      where u.client_id = s.client_id and u.discord_user_id::numeric = s.discord_user_id::numeric and u.role_id <> all(s.role_ids)
      returning u.client_id, u.role_id
    ), gained as (
      insert into unlinked_holder as u (client_id, role_id, discord_user_id, username, display_name, nickname, is_bot)
      select s.client_id, h.id, s.discord_user_id, s.username, s.display_name, s.nickname, s.is_bot
      from seen s cross join lateral unnest(s.role_ids) as h (id)
      where exists (select from mapped m where m.client_id = s.client_id and m.role_id = h.id)
      order by 1, 2, 3
      on conflict do nothing returning u.client_id, u.role_id
    ), changed as (
      select c.client_id, c.role_id, sum(c.step)::int as step from (
        select client_id, role_id, -1 as step from lost union all select client_id, role_id, 1 from gained) c
      group by 1, 2
    )
    update guild_listing g set unlinked_holders = g.unlinked_holders || (
      select jsonb_object_agg(c.role_id, greatest(0, (g.unlinked_holders ->> c.role_id)::int + c.step)) from changed c
      where c.client_id = g.client_id and g.unlinked_holders ? c.role_id)
    where exists (select from changed c where c.client_id = g.client_id and g.unlinked_holders ? c.role_id)`.execute(
    db,
  );
}

const clientsOf = (accounts: readonly SeenAccount[]): readonly ClientId[] => [
  ...new Set(accounts.map(({ clientId }) => clientId)),
];
