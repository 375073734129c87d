import { sql } from 'kysely';

import type { MemberKey, MemberReading } from '../../model.js';
import type { Db } from '../entities/entities.js';
import { rolesLostAt } from '../path/save-member.js';

export interface SeenMember extends MemberKey {
  readonly reading: MemberReading;
  /** The time of the mirror with which the event was compared; null: there was none. */
  readonly readAt: string | null;
  readonly isLeaving: boolean;
  readonly isRenamedByHand: boolean;
}

/**
 * Writes what events showed to the mirror. Returns the members that were written; the others have
 * been read or written since their events were compared with the mirror.
 */
export async function saveSeen(
  db: Db,
  members: readonly SeenMember[],
): Promise<readonly MemberKey[]> {
  if (members.length === 0) return [];
  const { rows } = await sql<MemberKey>`
    with seen as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(members.map(toRow))}::jsonb) as r (client_id uuid, discord_user_id text,
        known_at timestamptz, is_present boolean, is_leaving boolean, is_renamed boolean, role_ids text[], username text,
        display_name text, nickname text, is_pending boolean, is_bot boolean, timed_out_until timestamptz, joined_at timestamptz)
    ), moment as materialized (select clock_timestamp() as at
    ), unchanged as materialized (
      select s.*, moment.at from moment, seen s
      join member m on m.client_id = s.client_id and m.discord_user_id = s.discord_user_id
      where m.read_at is not distinct from s.known_at order by s.client_id, s.discord_user_id for update of m
    ), updated as (
      update member set read_at = u.at, roles_read_at = u.at, live_at = u.at, is_present = u.is_present, role_ids = u.role_ids,
        is_pending = u.is_pending, timed_out_until = u.timed_out_until,
        is_bot = case when u.is_present then u.is_bot else member.is_bot end,
        username = case when u.is_present then u.username else member.username end,
        display_name = case when u.is_present then u.display_name else member.display_name end,
        nickname = case when u.is_present then u.nickname else member.nickname end,
        joined_at = coalesce(u.joined_at, member.joined_at),
        join_refusal = case when not u.is_present then member.join_refusal end,
        absent_since = case when not u.is_present then coalesce(member.absent_since, u.at) end,
        left_role_ids = case when u.is_present then '{}' when member.is_present then member.role_ids else member.left_role_ids end,
        roles_lost_at = case when u.is_present then ${rolesLostAt(sql`u.role_ids`)} else member.roles_lost_at end,
        state = case when u.is_leaving then 'ABSENT' else member.state end,
        reason = case when u.is_leaving then 'the account is not in the guild' else member.reason end,
        renamed_by_hand_at = case when u.is_renamed then array(
          select t.at from unnest(member.renamed_by_hand_at) as t (at) where t.at > u.at - interval '1 hour') || u.at
          else member.renamed_by_hand_at end
      from unchanged u where member.client_id = u.client_id and member.discord_user_id = u.discord_user_id
      returning member.client_id, member.discord_user_id
    ), inserted as (
      insert into member (client_id, discord_user_id, read_at, roles_read_at, live_at, is_present, role_ids, username, display_name,
        nickname, is_pending, is_bot, timed_out_until, joined_at, absent_since)
      select s.client_id, s.discord_user_id, moment.at, moment.at, moment.at, s.is_present, s.role_ids, s.username, s.display_name,
        s.nickname, s.is_pending, s.is_bot, s.timed_out_until, s.joined_at, case when not s.is_present then moment.at end
      from seen s, moment
      where s.known_at is null and not exists (
        select from member m where m.client_id = s.client_id and m.discord_user_id = s.discord_user_id)
      order by s.client_id, s.discord_user_id
      on conflict do nothing returning client_id, discord_user_id
    )
    select client_id as "clientId", discord_user_id as "discordUserId" from updated
    union all select client_id, discord_user_id from inserted`.execute(db);
  return rows;
}

/** Discord takes all roles of a member who leaves. */
function toRow({ clientId, discordUserId, reading, readAt, ...how }: SeenMember) {
  return {
    client_id: clientId,
    discord_user_id: discordUserId,
    known_at: readAt,
    is_present: reading.isPresent,
    is_leaving: how.isLeaving,
    is_renamed: how.isRenamedByHand,
    role_ids: reading.isPresent ? reading.roleIds : [],
    is_pending: reading.isPresent && reading.isPending,
    is_bot: reading.isPresent && reading.isBot === true,
    ...(reading.isPresent && {
      username: reading.username,
      display_name: reading.displayName,
      nickname: reading.nickname,
      timed_out_until: reading.timedOutUntil?.toISOString() ?? null,
      joined_at: reading.joinedAt?.toISOString() ?? null,
    }),
  };
}
