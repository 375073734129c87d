import { sql } from 'kysely';

import {
  MOST_SINGLE_WRITES,
  WRITES_PER_SECOND,
  type DiscordUserId,
  type PlatformUserId,
  type RoleId,
} from '../../model.js';

/** What waits for a person, put together from the removals themselves: whoever decides sees what is still to be done. */
export interface HeldPlan {
  readonly hash: string;
  readonly removals: number;
  readonly members: number;
  /** To write them: up to two roles one by one, more as one list that is read before. */
  readonly calls: number;
  readonly writes: number;
  readonly shown: readonly {
    readonly discordUserId: DiscordUserId;
    readonly platformUserId: PlatformUserId | null;
    readonly remove: readonly RoleId[];
    readonly reason: string;
  }[];
}

const MOST_SHOWN = 100;

/** The plan of `sweep s` as a JSON value; null where nothing waits. The same removals have the same hash. */
export const HELD_PLAN = sql<HeldPlan | null>`(
  select jsonb_build_object(
    'hash', encode(sha256(convert_to(string_agg(
      p.discord_user_id || ' ' || array_to_string(p.role_ids, ','), ';' order by p.discord_user_id collate "C"), 'UTF8')), 'hex'),
    'removals', sum(cardinality(p.role_ids)), 'members', count(*),
    'calls', sum(case when cardinality(p.role_ids) > ${sql.lit(MOST_SINGLE_WRITES)} then 2 else cardinality(p.role_ids) end),
    'writes', sum(case when cardinality(p.role_ids) > ${sql.lit(MOST_SINGLE_WRITES)} then 1 else cardinality(p.role_ids) end),
    'shown', jsonb_agg(jsonb_build_object('discordUserId', p.discord_user_id, 'remove', p.role_ids, 'reason', p.reason,
        'platformUserId', (select l.platform_user_id from link l
          where l.client_id = s.client_id and l.discord_user_id = p.discord_user_id order by l.status limit 1))
      order by p.discord_user_id collate "C") filter (where p.place <= ${sql.lit(MOST_SHOWN)}))
  from (
    select d.discord_user_id, array_agg(d.role_id order by d.role_id collate "C") as role_ids, min(d.reason) as reason,
      row_number() over (order by d.discord_user_id collate "C") as place
    from removal_decision d where d.sweep_id = s.id and d.verdict = 'HELD'
    group by d.discord_user_id
  ) p having count(*) > 0)`;

/** Only a list costs a call more than it is writes. */
export function secondsFor({
  calls,
  writes,
}: Pick<HeldPlan, 'calls' | 'writes'>): number {
  const lists = calls - writes;
  return Math.ceil(
    Math.max(writes / WRITES_PER_SECOND.all, lists / WRITES_PER_SECOND.edits),
  );
}
