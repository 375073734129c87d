import { sql } from 'kysely';

import type { ClientId, DiscordUserId, RoleId } from '../../model.js';
import type { Db } from '../entities/entities.js';
import { closeGap } from '../live/gaps.js';
import type { SweepEnding, UnlinkedChunk } from '../../sweep/ports.js';

/**
 * Replaces the stored unlinked holders in the id range of a chunk with those of the chunk, in one
 * statement. A chunk is one part of the holders found by a member list. Unchanged rows cost no
 * write, because a guild may have hundreds of thousands. Leaves out accounts that were linked
 * during the listing.
 */
export async function saveUnlinkedHolders(
  db: Db,
  clientId: ClientId,
  { after, to, holders }: UnlinkedChunk,
): Promise<void> {
  const rows = holders.flatMap(({ roleIds, ...holder }) =>
    roleIds.map((roleId) => ({ ...holder, roleId })),
  );
  await sql`
    with listed as (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r ("roleId" text, "discordUserId" text,
        username text, "displayName" text, nickname text, "isBot" boolean)
    ), gone as (
      delete from unlinked_holder u
      where u.client_id = ${clientId} and u.discord_user_id::numeric > ${after ?? '-1'}::numeric
        and (${to}::numeric is null or u.discord_user_id::numeric <= ${to}::numeric)
        and not exists (select from listed s where s."roleId" = u.role_id and s."discordUserId" = u.discord_user_id)
    )
    insert into unlinked_holder as u (client_id, role_id, discord_user_id, username, display_name, nickname, is_bot)
    select ${clientId}::uuid, s."roleId", s."discordUserId", s.username, s."displayName", s.nickname, s."isBot"
    from listed s
    where not exists (select from link l where l.client_id = ${clientId} and l.discord_user_id = s."discordUserId")
    order by s."roleId", s."discordUserId"
    on conflict (client_id, role_id, discord_user_id) do update set username = excluded.username,
      display_name = excluded.display_name, nickname = excluded.nickname, is_bot = excluded.is_bot
    where (u.username, u.display_name, u.nickname, u.is_bot)
      is distinct from (excluded.username, excluded.display_name, excluded.nickname, excluded.is_bot)`.execute(
    db,
  );
}

/**
 * Completes a member list: counts the stored unlinked holders of each of these roles, and ends a
 * gap that the list covers. Call it after all pages and chunks of the list are saved.
 */
export async function countUnlinkedHolders(
  db: Db,
  request: {
    readonly clientId: ClientId;
    /** The database's time when the listing began. */
    readonly askedAt: string;
    readonly roleIds: readonly RoleId[];
    /** Member count of the list. */
    readonly members: number;
  },
): Promise<void> {
  const { clientId, askedAt, roleIds, members } = request;
  // Locks the row before counting, so that a concurrently linked account is either left out of the
  // count or subtracted from it afterwards.
  await db
    .insertInto('guild_listing')
    .values({ clientId, unlinkedHolders: {} })
    .onConflict((conflict) => conflict.column('clientId').doUpdateSet({ runsSince: 0 }))
    .execute();
  await sql`
    update guild_listing set runs_since = 0, listed_at = ${askedAt}::timestamptz, listed_count = ${members}, unlinked_holders = (
      select coalesce(jsonb_object_agg(r.id, coalesce(u.holders, 0)), '{}') from unnest(${roleIds}::text[]) as r (id)
      left join (
        select role_id, count(*) as holders from unlinked_holder where client_id = ${clientId} group by role_id
      ) u on u.role_id = r.id)
    where client_id = ${clientId}`.execute(db);
  await closeGap(db, clientId, askedAt);
}

export async function saveHolders(
  db: Db,
  clientId: ClientId,
  { holders, listed }: Pick<SweepEnding, 'holders' | 'listed'>,
): Promise<void> {
  if (listed) return countUnlinkedHolders(db, { clientId, ...listed });
  if (holders === null) return;
  if (holders === 'asExpected') {
    await db
      .updateTable('guild_listing')
      .set((eb) => ({ runsSince: eb('runsSince', '+', 1) }))
      .where('clientId', '=', clientId)
      .execute();
    return;
  }
  const unlinkedHolders = Object.fromEntries(holders);
  await db
    .insertInto('guild_listing')
    .values({ clientId, unlinkedHolders })
    .onConflict((conflict) =>
      conflict.column('clientId').doUpdateSet({ unlinkedHolders, runsSince: 0 }),
    )
    .execute();
}

/**
 * Deletes newly linked accounts from the unlinked holders and subtracts them from the counts. Call
 * it in the transaction that links the accounts, before their jobs are marked.
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
