import { type RawBuilder, sql } from 'kysely';

import {
  type ClientId,
  CONFIRMING_MS,
  type DiscordUserId,
  forecastCalls,
  forecastCrowd,
  type ForecastGroup,
  type GroupId,
  type MappingId,
  type RoleId,
} from '../../model.js';
import type { RawRow } from '../entities/columns.js';
import { isLive } from '../live/is-live.js';
import type { Db } from '../entities/entities.js';
import type { SweepPlan } from '../../sweep/ports.js';

/**
 * Previews which linked members would gain or lose the role by a mapping change, from the mirror
 * and from all mappings of the role after the change. The removals of a role's first mapping would
 * wait for approval.
 */
export async function previewMapping(
  db: Db,
  change: {
    readonly clientId: ClientId;
    /**
     * The group of the new or retired mapping. The change would mark its members and the role's
     * holders.
     */
    readonly groupId: GroupId;
    readonly roleId: RoleId;
    /** The group of the new mapping; null: none. */
    readonly mappedGroupId: GroupId | null;
    /** The mapping that would be retired; null: none. */
    readonly retiredId: MappingId | null;
    /** True if the mapping has authority DISCORD, because its first reading removes no roles. */
    readonly takesNothing: boolean;
  },
): Promise<ChangePreview> {
  const { clientId, groupId, roleId, mappedGroupId, retiredId, takesNothing } = change;
  return previewOf(
    db,
    clientId,
    sql`
    with marked as (
      select l.discord_user_id, max(l.platform_user_id) as platform_user_id, bool_or(a.is_present) is not false as may_be_present,
        bool_or(a.is_present = false and coalesce(a.absent_since > statement_timestamp() - interval '1 minute', true)) as is_doubted
      from link l
      left join membership m on m.platform_user_id = l.platform_user_id and m.group_id = ${groupId}
      left join member a on a.client_id = l.client_id and a.discord_user_id = l.discord_user_id
      where l.client_id = ${clientId} and (m.is_held or a.read_at is null or ${roleId} = any(a.role_ids))
      group by l.discord_user_id
    ), mapped as (
      select m.group_id, m.retired_at is not null or m.id = ${retiredId}::uuid as is_retired
      from role_mapping m
      where m.client_id = ${clientId} and m.role_id = ${roleId} and m.group_id is distinct from ${mappedGroupId}
      union all select ${mappedGroupId}::text, false where ${mappedGroupId}::text is not null
    ), verdict as (
      select l.discord_user_id, max(l.platform_user_id) as platform_user_id,
        coalesce(${roleId} = any(a.role_ids), false) as holds,
        bool_or(not p.is_retired and g.deleted_at is null and coalesce(s.is_held, false)) as is_granted,
        bool_or(not p.is_retired and g.deleted_at is null and s.is_held is null
          and u.snapshot_time_us is null) as is_unknown,
        min(p.group_id) filter (where not p.is_retired and g.deleted_at is null and s.is_held) as granted_by
      from link l
      join platform_user u on u.id = l.platform_user_id
      cross join mapped p
      join platform_group g on g.id = p.group_id
      left join membership s on s.platform_user_id = l.platform_user_id and s.group_id = p.group_id
      left join member a on a.client_id = l.client_id and a.discord_user_id = l.discord_user_id
      where l.client_id = ${clientId} and l.status = 'ACTIVE'
      group by l.discord_user_id, holds
    )
    select k.discord_user_id, coalesce(v.platform_user_id, k.platform_user_id) as platform_user_id,
      case when c.is_added then array[${roleId}::text] else '{}' end as add,
      case when c.is_removed then array[${roleId}::text] else '{}' end as remove,
      case when c.is_added then 'in group ' || v.granted_by else 'in no group that grants the role' end as reason,
      case when c.is_added and k.may_be_present or c.is_removed and not w.waits then 1 else 0 end as writes,
      false as is_renamed, case when k.is_doubted and ${retiredId !== null}::boolean then 1 else 0 end as proofs
    from marked k
    left join verdict v on v.discord_user_id = k.discord_user_id
    cross join lateral (select
      coalesce(v.is_granted and not v.holds, false) as is_added,
      coalesce(v.holds and not v.is_granted and not v.is_unknown and not ${takesNothing}::boolean, false) as is_removed) c
    cross join (select ${retiredId === null}::boolean and count(*) = 1 as waits from mapped) w`,
  );
}

/**
 * The predicted effect of a change to a mapping or a client, in the form of a sweep plan. The plan
 * itself is never carried out: each member's own run decides.
 */
export type ChangePreview = Omit<SweepPlan, 'hash'>;

export const NOTHING_CHANGES: ChangePreview = {
  additions: 0,
  removals: 0,
  calls: 0,
  seconds: 0,
  members: [],
};

const MOST_SHOWN = 100;

interface EffectRow extends RawRow<'client', 'wholeListWrites'> {
  readonly additions: number;
  readonly removals: number;
  /** Member count at the last complete list; 0: never listed. */
  readonly listed: number;
  /** Whether any mapping has an authority other than PLATFORM, and the mirror is not live. */
  readonly readsAnew: boolean;
  readonly members: readonly (SweepPlan['members'][number] & {
    readonly discordUserId: DiscordUserId;
  })[];
  readonly groups: readonly Omit<ForecastGroup, 'isReadFirst'>[];
}

/**
 * Builds a preview from `touched`, a query of all members that would be marked, with the columns:
 *
 * - discord_user_id, platform_user_id, add and remove (text[]) and reason, which are shown for each
 *   member with roles to add or remove;
 * - writes (roles written at once, without those that wait for approval), is_renamed and proofs
 *   (extra reads to confirm a removal), for the forecast.
 *
 * These marks would name no group. A run after such a mark first reads its member at Discord,
 * unless the member was just read or the mirror is live. With `areEnding`, the links are ending and every member is read.
 */
export async function previewOf(
  db: Db,
  clientId: ClientId,
  touched: RawBuilder<unknown>,
  { areEnding = false }: { readonly areEnding?: boolean } = {},
): Promise<ChangePreview> {
  const { rows } = await sql<EffectRow>`
    with touched as materialized (${touched}), shown as (
      select t.*, row_number() over (order by t.discord_user_id collate "C") as place
      from touched t where cardinality(t.add) + cardinality(t.remove) > 0
    ), groups as (
      select count(*)::int as members, t.writes as changes, t.is_renamed as "isRenamed", t.proofs,
        case when m.read_at is not null and ${isLive(sql`${clientId}::uuid`)} then ${sql.lit(CONFIRMING_MS)}
        else ceil(greatest(${sql.lit(CONFIRMING_MS / 1000)} - coalesce(extract(epoch from statement_timestamp() - m.roles_read_at), 1e6), 0)) * 1000 end
          as "confirmsForMs"
      from touched t left join member m on m.client_id = ${clientId} and m.discord_user_id = t.discord_user_id
      group by 2, 3, 4, 5
    )
    select coalesce(sum(cardinality(p.add)), 0)::int as additions, coalesce(sum(cardinality(p.remove)), 0)::int as removals,
      (select c.whole_list_writes from client c where c.id = ${clientId}) as "wholeListWrites",
      coalesce((select g.listed_count from guild_listing g where g.client_id = ${clientId}), 0) as listed,
      exists (select from client c left join role_mapping m on m.client_id = c.id
        where c.id = ${clientId} and coalesce(m.authority, c.authority) <> 'PLATFORM' and not ${isLive(sql`c.id`)}) as "readsAnew",
      coalesce(jsonb_agg(jsonb_build_object('discordUserId', p.discord_user_id, 'platformUserId', p.platform_user_id,
          'add', p.add, 'remove', p.remove, 'nickname', null, 'reason', p.reason)
        order by p.discord_user_id collate "C") filter (where p.place <= ${sql.lit(MOST_SHOWN)}), '[]') as members,
      (select coalesce(jsonb_agg(g order by g.changes, g.proofs), '[]') from groups g) as groups
    from shown p`.execute(db);
  const [row] = rows;
  if (row === undefined) return NOTHING_CHANGES;
  const { additions, removals, members } = row;
  const forecast = areEnding
    ? forecastCalls(
        row.groups.map((group) => ({ ...group, isReadFirst: true })),
        row.wholeListWrites,
      )
    : forecastCrowd(row.groups, row);
  return { additions, removals, ...forecast, members };
}
