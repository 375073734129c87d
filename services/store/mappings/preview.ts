import { sql, type RawBuilder } from 'kysely';

import type { Db } from '../entities/entities.js';
import {
  CONFIRMING_MS,
  forecastCalls,
  type ClientId,
  type DiscordUserId,
  type ForecastGroup,
} from '../../model.js';
import type { SweepPlan } from '../../sweep/ports.js';

/**
 * The effect of a change of mappings or of a client, in the form of a sweep's plan. It is never
 * carried out as such: each member's own run decides.
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

interface Row {
  readonly additions: number;
  readonly removals: number;
  readonly whole_list_writes: boolean;
  readonly members: readonly (SweepPlan['members'][number] & {
    readonly discordUserId: DiscordUserId;
  })[];
  readonly groups: readonly Omit<ForecastGroup, 'isReadFirst'>[];
}

/**
 * `touched` is a query of all members that would be marked. Shown: discord_user_id,
 * platform_user_id, add and remove (text[], if not empty) and reason. For the forecast: writes
 * (roles written at once, without those that wait for approval), is_renamed and proofs. Each member
 * is read before planning, because the cause names no group.
 */
export async function previewOf(
  db: Db,
  clientId: ClientId,
  touched: RawBuilder<unknown>,
): Promise<ChangePreview> {
  const { rows } = await sql<Row>`
    with touched as materialized (${touched}), shown as (
      select t.*, row_number() over (order by t.discord_user_id collate "C") as place
      from touched t where cardinality(t.add) + cardinality(t.remove) > 0
    ), groups as (
      select count(*)::int as members, t.writes as changes, t.is_renamed as "isRenamed", t.proofs,
        ceil(greatest(${sql.lit(CONFIRMING_MS / 1000)} - coalesce(extract(epoch from statement_timestamp() - m.roles_read_at), 1e6), 0)) * 1000
          as "confirmsForMs"
      from touched t left join member m on m.client_id = ${clientId} and m.discord_user_id = t.discord_user_id
      group by 2, 3, 4, 5
    )
    select coalesce(sum(cardinality(p.add)), 0)::int as additions, coalesce(sum(cardinality(p.remove)), 0)::int as removals,
      (select c.whole_list_writes from client c where c.id = ${clientId}) as whole_list_writes,
      coalesce(jsonb_agg(jsonb_build_object('discordUserId', p.discord_user_id, 'platformUserId', p.platform_user_id,
          'add', p.add, 'remove', p.remove, 'nickname', null, 'reason', p.reason)
        order by p.discord_user_id collate "C") filter (where p.place <= ${sql.lit(MOST_SHOWN)}), '[]') as members,
      (select coalesce(jsonb_agg(g order by g.changes, g.proofs), '[]') from groups g) as groups
    from shown p`.execute(db);
  const [row] = rows;
  if (row === undefined) return NOTHING_CHANGES;
  const { additions, removals, members } = row;
  const groups = row.groups.map((group) => ({ ...group, isReadFirst: true }));
  return {
    additions,
    removals,
    ...forecastCalls(groups, row.whole_list_writes),
    members,
  };
}
