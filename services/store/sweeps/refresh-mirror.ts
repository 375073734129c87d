import { sql } from 'kysely';

import type { EnqueueEvents } from '../outbox/outbox.js';
import { noteMissed } from '../live/note-missed.js';
import { tellPresence } from '../outbox/tell-presence.js';
import { rolesLostAt } from '../path/save-member.js';
import type { RawRow } from '../entities/columns.js';
import type { Db } from '../entities/entities.js';
import type { DiscordUserId } from '../../model.js';
import { reviveDeparted } from '../links/departed.js';
import type { ListedMember, ListingRef } from '../../sweep/ports.js';

/** Members on a page of the member list who differ from the mirror. */
interface Refreshed {
  /** Members whose roles or presence changed. */
  readonly changed: readonly DiscordUserId[];
  /** Members who were not known to be in the guild before. */
  readonly arrived: readonly DiscordUserId[];
  readonly renamed: readonly DiscordUserId[];
  /** Members who passed Discord's membership screening since they were last read. */
  readonly passedScreening: readonly DiscordUserId[];
}

/**
 * Writes a page of the member list to the mirror of linked members, in one statement. Writes only
 * members who changed or for whom a job waits. Keeps a mirror that is newer than the list. Also
 * keeps the mirror of a member with an open record, because closing the record compares the member
 * with that earlier mirror.
 */
export async function refreshMirror(
  db: Db,
  listing: ListingRef,
  members: readonly ListedMember[],
  enqueueEvents: EnqueueEvents,
): Promise<Refreshed> {
  await reviveDeparted(db, listing.clientId, members);
  const { rows } = await sql<RefreshRow>`
    with seen as (${seenRows(members)}), fresh as (
      select s.*, m.is_present as was_present, m.role_ids as had_role_ids, m.read_at is null as is_first,
        m.read_at is null or not m.is_present
          or not (m.role_ids @> s.role_ids and s.role_ids @> m.role_ids) as is_changed,
        (m.username, m.display_name, m.nickname) is distinct from (s.username, s.display_name, s.nickname) as is_renamed,
        (m.is_pending, m.is_bot, m.timed_out_until, m.joined_at)
          is distinct from (s.is_pending, s.is_bot, s.timed_out_until, coalesce(s.joined_at, m.joined_at)) as is_restricted,
        m.is_pending and not s.is_pending as has_passed,
        ${isWaiting('s', listing)} as is_waiting
      from seen s
      left join member m on m.client_id = ${listing.clientId} and m.discord_user_id = s.discord_user_id
      where (m.read_at is null or m.read_at < ${listing.askedAt}::timestamptz) and ${isLinked('s', listing)}
        and ${hasNoOpenRecord('s', listing)}
    ), saved as (
      insert into member (client_id, discord_user_id, read_at, roles_read_at, is_present, join_refusal, role_ids, username, display_name,
        nickname, is_pending, is_bot, timed_out_until, joined_at)
      select ${listing.clientId}::uuid, f.discord_user_id, clock_timestamp(), ${listing.askedAt}::timestamptz, true, null, f.role_ids, f.username, f.display_name,
        f.nickname, f.is_pending, f.is_bot, f.timed_out_until, f.joined_at
      from fresh f where f.is_changed or f.is_renamed or f.is_restricted or f.is_waiting order by f.discord_user_id
      on conflict (client_id, discord_user_id) do update set read_at = excluded.read_at, roles_read_at = excluded.roles_read_at, is_present = true,
        join_refusal = null, role_ids = excluded.role_ids, username = excluded.username,
        display_name = excluded.display_name, nickname = excluded.nickname, is_pending = excluded.is_pending, is_bot = excluded.is_bot,
        timed_out_until = excluded.timed_out_until, joined_at = coalesce(excluded.joined_at, member.joined_at),
        roles_lost_at = ${rolesLostAt()}, absent_since = null, left_role_ids = '{}'
      where member.read_at is null or member.read_at < ${listing.askedAt}::timestamptz
      returning discord_user_id
    )
    select f.discord_user_id as "discordUserId", f.is_changed as "isChanged", f.is_renamed and not f.is_first as "isRenamed",
      f.is_first or not f.was_present as "hasArrived", coalesce(f.has_passed, false) as "hasPassedScreening",
      not f.is_first and not f.was_present as "hasReturned", ${isMissed(listing)} as "isMissed"
    from fresh f join saved using (discord_user_id)`.execute(db);
  const idsOf = (fits: (row: RefreshRow) => boolean) =>
    rows.filter(fits).map((row) => row.discordUserId);
  const returned = { clientId: listing.clientId, members: idsOf((row) => row.hasReturned) };
  await tellPresence(db, enqueueEvents, 'discord.member.returned.v1', [returned]);
  await noteMissed(db, listing.clientId, idsOf((row) => row.isMissed).length);
  return {
    changed: idsOf((row) => row.isChanged),
    arrived: idsOf((row) => row.hasArrived),
    renamed: idsOf((row) => row.isRenamed),
    passedScreening: idsOf((row) => row.hasPassedScreening),
  };
}

interface RefreshRow extends RawRow<'member', 'discordUserId'> {
  readonly isChanged: boolean;
  readonly isRenamed: boolean;
  readonly hasArrived: boolean;
  readonly hasPassedScreening: boolean;
  readonly hasReturned: boolean;
  readonly isMissed: boolean;
}

function seenRows(members: readonly ListedMember[]) {
  const rows = members.map((member) => ({
    discord_user_id: member.discordUserId,
    role_ids: member.roleIds,
    username: member.username,
    display_name: member.displayName,
    nickname: member.nickname,
    is_pending: member.isPending,
    is_bot: member.isBot === true,
    timed_out_until: member.timedOutUntil?.toISOString() ?? null,
    joined_at: member.joinedAt?.toISOString() ?? null,
  }));
  return sql`
    select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r (discord_user_id text, role_ids text[],
      username text, display_name text, nickname text, is_pending boolean, is_bot boolean, timed_out_until timestamptz, joined_at timestamptz)`;
}

const isLinked = (alias: string, { clientId }: ListingRef) => sql`
  exists (select from link l where l.client_id = ${clientId} and l.discord_user_id = ${sql.ref(`${alias}.discord_user_id`)})`;

const isWaiting = (alias: string, { clientId }: ListingRef) => sql`
  exists (select from reconcile_job j where j.client_id = ${clientId} and j.discord_user_id = ${sql.ref(`${alias}.discord_user_id`)}
    and not j.is_parked)`;

/**
 * Condition: an event should have shown the change of `fresh f`. A waiting job may be the work of
 * that event. Deleting a role changes its holders without an event for each of them.
 */
const isMissed = ({ clientId }: ListingRef) => sql<boolean>`
  f.is_changed and not f.is_first and not f.is_waiting and (not f.was_present or exists (
    select from role r where r.client_id = ${clientId} and r.refusal is distinct from 'UNKNOWN_ROLE'
      and (r.id = any(f.role_ids)) <> (r.id = any(f.had_role_ids))))`;

const hasNoOpenRecord = (alias: string, { clientId }: ListingRef) => sql`
  not exists (select from audit_record o where o.client_id = ${clientId} and o.closed_at is null
    and o.discord_user_id = ${sql.ref(`${alias}.discord_user_id`)})`;

/**
 * Saves that linked members missing from a complete list have left the guild. Discord removed all
 * their roles, so they need no run. Returns the members with an ending link, because a run has to
 * delete that link.
 */
export async function noteLeft(
  db: Db,
  listing: ListingRef,
  missing: readonly DiscordUserId[],
  enqueueEvents: EnqueueEvents,
): Promise<readonly DiscordUserId[]> {
  const proven = await proveAbsence(db, listing);
  if (missing.length === 0) return proven;
  const { clientId, askedAt } = listing;
  const { rows } = await sql<LeftRow>`
    with gone as (
      select m.discord_user_id, ${isWaiting('m', listing)} as is_waiting from member m
      where m.client_id = ${clientId} and m.is_present and m.read_at < ${askedAt}::timestamptz
        and m.discord_user_id = any(${missing}::text[])
        and ${isLinked('m', listing)} and ${hasNoOpenRecord('m', listing)}
      order by m.discord_user_id for update
    )
    update member m set read_at = clock_timestamp(), is_present = false, left_role_ids = m.role_ids, role_ids = '{}',
      absent_since = '-infinity',
      is_pending = false, timed_out_until = null, state = 'ABSENT', reason = 'the account is not in the guild'
    from gone where m.client_id = ${clientId} and m.discord_user_id = gone.discord_user_id
    returning m.discord_user_id as "discordUserId", not gone.is_waiting as "isMissed", exists (select from link l where l.client_id = ${clientId}
      and l.discord_user_id = m.discord_user_id and l.status = 'ENDING') as "hasEnding"`.execute(
    db,
  );
  const left = { clientId, members: rows.map((row) => row.discordUserId) };
  await tellPresence(db, enqueueEvents, 'discord.member.left.v1', [left]);
  await noteMissed(db, clientId, rows.filter((row) => row.isMissed).length);
  const ended = rows.filter((row) => row.hasEnding);
  return [...proven, ...ended.map((row) => row.discordUserId)];
}

interface LeftRow extends RawRow<'member', 'discordUserId'> {
  readonly hasEnding: boolean;
  readonly isMissed: boolean;
}

/**
 * For members with an ending link: saves an absence as proven if one response reported the member
 * absent and a complete list, already saved in the mirror, does not contain the member. Returns
 * these members.
 */
async function proveAbsence(db: Db, listing: ListingRef): Promise<readonly DiscordUserId[]> {
  const { clientId, askedAt } = listing;
  const { rows } = await sql<RawRow<'member', 'discordUserId'>>`
    with unproven as (
      select m.discord_user_id from member m
      where m.client_id = ${clientId} and not m.is_present and m.absent_since > '-infinity'
        and m.read_at < ${askedAt}::timestamptz and ${hasNoOpenRecord('m', listing)}
      order by m.discord_user_id for update
    )
    update member m set absent_since = '-infinity' from unproven u
    where m.client_id = ${clientId} and m.discord_user_id = u.discord_user_id and exists (
      select from link l where l.client_id = ${clientId} and l.discord_user_id = m.discord_user_id and l.status = 'ENDING')
    returning m.discord_user_id as "discordUserId"`.execute(db);
  return rows.map((row) => row.discordUserId);
}
