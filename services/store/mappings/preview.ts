import { sql, type Kysely, type RawBuilder } from 'kysely';

import { MOST_SINGLE_WRITES, type DiscordUserId } from '../../model.js';
import { secondsFor } from '../decisions/held-plan.js';
import type { SweepPlan } from '../../sweep/ports.js';

/** What a change of mappings or of a client means for people, in the terms of a sweep's plan. Nothing carries it out: each member's own run decides. */
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
  readonly calls: number;
  readonly writes: number;
  readonly members: readonly (SweepPlan['members'][number] & {
    readonly discordUserId: DiscordUserId;
  })[];
}

/** `changed`: a query of discord_user_id, platform_user_id, add and remove (both text[]), reason; members with nothing to change left out. */
export async function previewOf(
  db: Kysely<unknown>,
  changed: RawBuilder<unknown>,
): Promise<ChangePreview> {
  const { rows } = await sql<Row>`
    select coalesce(sum(cardinality(p.add)), 0)::int as additions, coalesce(sum(cardinality(p.remove)), 0)::int as removals,
      coalesce(sum(case when p.roles > ${sql.lit(MOST_SINGLE_WRITES)} then 2 else p.roles end), 0)::int as calls,
      coalesce(sum(case when p.roles > ${sql.lit(MOST_SINGLE_WRITES)} then 1 else p.roles end), 0)::int as writes,
      coalesce(jsonb_agg(jsonb_build_object('discordUserId', p.discord_user_id, 'platformUserId', p.platform_user_id,
          'add', p.add, 'remove', p.remove, 'nickname', null, 'reason', p.reason)
        order by p.discord_user_id collate "C") filter (where p.place <= ${sql.lit(MOST_SHOWN)}), '[]') as members
    from (
      select c.*, cardinality(c.add) + cardinality(c.remove) as roles,
        row_number() over (order by c.discord_user_id collate "C") as place
      from (${changed}) c
    ) p`.execute(db);
  const [row] = rows;
  if (row === undefined) return NOTHING_CHANGES;
  const { additions, removals, calls, members } = row;
  return { additions, removals, calls, seconds: secondsFor(row), members };
}
