import { sql, type Kysely } from 'kysely';

import type {
  ClientId,
  DiscordUserId,
  PlatformUserId,
  RoleId,
} from '../../model.js';

/** A linked member who is out of step, and how. */
export interface DriftedMember {
  readonly discordUserId: DiscordUserId;
  /** Null: every link of the account is ending. */
  readonly platformUserId: PlatformUserId | null;
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  /** Discord was never asked about this member: they are to be read, whatever comes of it. */
  readonly isUnread: boolean;
}

/** A member as a listing has shown them, in place of the mirror. */
export interface SeenMember {
  readonly discordUserId: DiscordUserId;
  readonly isPresent: boolean;
  readonly roleIds: readonly RoleId[];
}

export interface DriftRequest {
  readonly clientId: ClientId;
  /** Looked at instead of the mirror; for a run that may not write the mirror. */
  readonly seen: readonly SeenMember[];
  /** Seen to differ from what was known: named even where they were parked or held before. */
  readonly changed: readonly DiscordUserId[];
}

/**
 * Linked members whose mirror differs from what facts, links and mappings want: in SQL what `desiredRoles` and `planRoles` say of
 * one member. Left out are members who are not in the guild, and those who were parked or held with nothing new since: what
 * stopped them stops them still.
 */
export async function readDrift(
  db: Kysely<unknown>,
  { clientId, seen, changed }: DriftRequest,
): Promise<readonly DriftedMember[]> {
  const { rows } = await sql<Row>`
    with seen as (
      select s.id as discord_user_id, s.is_present, string_to_array(s.roles, ',') as role_ids
      from unnest(${seen.map((member) => member.discordUserId)}::text[], ${seen.map((member) => member.isPresent)}::boolean[],
        ${seen.map((member) => member.roleIds.join(','))}::text[]) as s (id, is_present, roles)
    ), linked as (
      select l.discord_user_id, bool_and(l.status = 'ENDING') as is_ending, bool_or(l.status = 'ENDING') as has_ending,
        max(l.platform_user_id) filter (where l.status = 'ACTIVE') as platform_user_id
      from link l where l.client_id = ${clientId}
      group by l.discord_user_id
    ), actual as (
      select k.*, m.read_at is not null or s.discord_user_id is not null as is_known,
        coalesce(s.is_present, m.is_present, true) as is_present,
        coalesce(s.role_ids, m.role_ids, '{}') as role_ids,
        case when n.id is null then coalesce(m.held_role_ids, '{}') else '{}' end as held_role_ids
      from linked k
      left join member m on m.client_id = ${clientId} and m.discord_user_id = k.discord_user_id
      left join seen s on s.discord_user_id = k.discord_user_id
      left join unnest(${changed}::text[]) as n (id) on n.id = k.discord_user_id
      left join reconcile_job j on j.client_id = ${clientId} and j.discord_user_id = k.discord_user_id
      where n.id is not null or j.is_parked is not true
    ), desired as (${desired(clientId)}), changes as (
      select d.discord_user_id,
        coalesce(array_agg(d.role_id order by d.role_id collate "C") filter (where d.is_wanted), '{}') as add,
        coalesce(array_agg(d.role_id order by d.role_id collate "C") filter (where not d.is_wanted), '{}') as remove
      from desired d
      left join role r on r.client_id = ${clientId} and r.id = d.role_id
      where r.refusal is null and d.is_wanted <> d.is_held and (d.is_wanted or not d.is_unknown)
      group by d.discord_user_id
    )
    select a.discord_user_id, a.platform_user_id, coalesce(c.add, '{}') as add, coalesce(c.remove, '{}') as remove,
      not a.is_known as is_unread
    from actual a left join changes c using (discord_user_id)
    where not a.is_known or cardinality(c.add) > 0 or not c.remove <@ a.held_role_ids
    order by a.discord_user_id collate "C"`.execute(db);
  return rows.map((row) => ({
    discordUserId: row.discord_user_id,
    platformUserId: row.platform_user_id,
    add: row.add,
    remove: row.remove,
    isUnread: row.is_unread,
  }));
}

interface Row {
  readonly discord_user_id: DiscordUserId;
  readonly platform_user_id: PlatformUserId | null;
  readonly add: readonly RoleId[];
  readonly remove: readonly RoleId[];
  readonly is_unread: boolean;
}

/** What every mapping says, and of them what is said of each managed role. The cases stand in the order of `mappingVerdict`. */
const desired = (clientId: ClientId) => sql`
  select a.discord_user_id, m.role_id, m.role_id = any(a.role_ids) as is_held,
    bool_or(v.verdict = 'yes') as is_wanted, bool_or(v.verdict = 'unknown') as is_unknown
  from actual a
  join client c on c.id = ${clientId}
  join role_mapping m on m.client_id = c.id
  join platform_group g on g.id = m.group_id
  left join platform_user u on u.id = a.platform_user_id
  left join membership s on s.platform_user_id = a.platform_user_id and s.group_id = m.group_id
  cross join lateral (select case
    when coalesce(m.authority, c.authority) <> 'PLATFORM' then 'unknown'
    when m.retired_at is not null or a.is_ending then 'no'
    when g.deleted_at is not null then 'no'
    when s.is_held then 'yes'
    when s.is_held = false or u.snapshot_time_us is not null then 'no'
    when a.has_ending or c.unknown_membership = 'REMOVE' then 'no'
    else 'unknown' end as verdict) v
  where a.is_known and a.is_present
  group by a.discord_user_id, m.role_id, a.role_ids`;
