import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { ClientId, LinkId, MemberKey, RoleId } from '../../model.js';

/**
 * Departed accounts: their link ended because they had left the guild. Discord removes every role
 * of a member who leaves, but only a response from Discord proves it, and other bots restore the
 * roles of members who return. So a departed account is stored with the mapped roles it had. When
 * it is observed again with one of them, or is linked again, its ending link is restored, because
 * the connector only ever writes to linked members.
 */

/** Stores the departed accounts of these links. Call it before the links are deleted. */
export async function rememberDeparted(db: Db, linkIds: readonly LinkId[]): Promise<void> {
  await sql`
    insert into departed_account (client_id, discord_user_id, link_id, platform_user_id, is_end_asked_for, role_ids, ended_at)
    select distinct on (l.client_id, l.discord_user_id) l.client_id, l.discord_user_id, l.id, l.platform_user_id,
      l.is_end_asked_for, h.role_ids, clock_timestamp()
    from link l
    join member a on a.client_id = l.client_id and a.discord_user_id = l.discord_user_id and not a.is_present
    cross join lateral (
      select array_agg(r.id) as role_ids from unnest(a.left_role_ids) as r (id)
      where exists (select from role_mapping m where m.client_id = l.client_id and m.role_id = r.id)
    ) h
    where l.id = any(${linkIds}::uuid[]) and l.status = 'ENDING' and h.role_ids is not null
    order by l.client_id, l.discord_user_id, l.id desc
    on conflict (client_id, discord_user_id) do update set link_id = excluded.link_id,
      platform_user_id = excluded.platform_user_id, is_end_asked_for = excluded.is_end_asked_for,
      role_ids = excluded.role_ids, ended_at = excluded.ended_at`.execute(db);
}

/** Like `reviveSeen`, for accounts of one client. */
export async function reviveDeparted(
  db: Db,
  clientId: ClientId,
  accounts: readonly Omit<SeenAccount, 'clientId'>[],
): Promise<void> {
  await reviveSeen(
    db,
    accounts.map(({ discordUserId, roleIds }) => ({ clientId, discordUserId, roleIds })),
  );
}

interface SeenAccount extends MemberKey {
  /** The roles just observed; null: unknown. */
  readonly roleIds: readonly RoleId[] | null;
}

/**
 * Removes the given accounts from the departed accounts. Restores the ending link of each account
 * that now has one of its stored roles, or whose roles are unknown. Marks no member.
 */
export async function reviveSeen(db: Db, seen: readonly SeenAccount[]): Promise<void> {
  await sql`
    with seen as (
      select * from jsonb_to_recordset(${JSON.stringify(seen)}::jsonb) as s ("clientId" uuid, "discordUserId" text, "roleIds" jsonb)
    ), returned as (
      delete from departed_account d using seen s
      where d.client_id = s."clientId" and d.discord_user_id = s."discordUserId"
      returning d.*, jsonb_typeof(s."roleIds") is distinct from 'array' or s."roleIds" ?| d.role_ids as is_to_check
    )
    insert into link (id, client_id, platform_user_id, discord_user_id, status, linked_at, ending_at, is_end_asked_for)
    select r.link_id, r.client_id, r.platform_user_id, r.discord_user_id, 'ENDING', r.ended_at, now(), r.is_end_asked_for
    from returned r join platform_user u on u.id = r.platform_user_id
    where r.is_to_check order by r.client_id, r.discord_user_id
    on conflict do nothing`.execute(db);
}
