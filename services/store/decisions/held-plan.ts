import { sql } from 'kysely';

import {
  type ClientId,
  type DiscordUserId,
  forecastCalls,
  type ForecastGroup,
  type PlatformUserId,
  type RoleId,
} from '../../model.js';
import type { Asker } from '../connection/together.js';
import { type Time, toDate } from '../read/page.js';
import type { SweepPlan } from '../../sweep/ports.js';

/**
 * A held plan. It is computed from the removals that still wait, so that the reviewer sees what is
 * left to do.
 */
export interface HeldPlan {
  readonly hash: string;
  readonly removals: number;
  readonly members: number;
  readonly wholeListWrites: boolean;
  /** Members, grouped by the number of roles to remove and by whether a link is ending. */
  readonly groups: readonly (Pick<ForecastGroup, 'members' | 'changes'> & {
    readonly isEnding: boolean;
  })[];
  readonly shown: readonly {
    readonly discordUserId: DiscordUserId;
    readonly platformUserId: PlatformUserId | null;
    readonly remove: readonly RoleId[];
    readonly reason: string;
  }[];
}

const MOST_SHOWN = 100;

/**
 * SQL of the held plan of `sweep s` as JSON; null if none of its removals is held. Plans with the
 * same removals have the same hash.
 */
export const HELD_PLAN = sql<HeldPlan | null>`(
  with p as (
    select d.discord_user_id, array_agg(d.role_id order by d.role_id collate "C") as role_ids, min(d.reason) as reason,
      row_number() over (order by d.discord_user_id collate "C") as place,
      exists (select from link l where l.client_id = s.client_id and l.discord_user_id = d.discord_user_id
        and l.status = 'ENDING') as is_ending
    from removal_decision d where d.sweep_id = s.id and d.verdict = 'HELD'
    group by d.discord_user_id
  )
  select jsonb_build_object(
    'hash', encode(sha256(convert_to(string_agg(
      p.discord_user_id || ' ' || array_to_string(p.role_ids, ','), ';' order by p.discord_user_id collate "C"), 'UTF8')), 'hex'),
    'removals', sum(cardinality(p.role_ids)), 'members', count(*),
    'wholeListWrites', (select c.whole_list_writes from client c where c.id = s.client_id),
    'groups', (select jsonb_agg(g) from (
      select count(*) as members, cardinality(g.role_ids) as changes, g.is_ending as "isEnding"
      from p g group by 2, 3 order by 2) g),
    'shown', jsonb_agg(jsonb_build_object('discordUserId', p.discord_user_id, 'remove', p.role_ids, 'reason', p.reason,
        'platformUserId', (select l.platform_user_id from link l
          where l.client_id = s.client_id and l.discord_user_id = p.discord_user_id order by l.status limit 1))
      order by p.discord_user_id collate "C") filter (where p.place <= ${sql.lit(MOST_SHOWN)}))
  from p having count(*) > 0)`;

/**
 * Converts a held plan to a sweep's plan. The forecast assumes that by the time a person decides,
 * no mirror is recent enough to confirm a role list.
 */
export function toShownPlan(plan: HeldPlan): SweepPlan {
  const groups = plan.groups.map(({ isEnding, ...group }) => ({
    ...group,
    isRenamed: false,
    isReadFirst: isEnding,
    proofs: isEnding ? 1 : 0,
    confirmsForMs: 0,
  }));
  return {
    hash: plan.hash,
    removals: plan.removals,
    additions: 0,
    ...forecastCalls(groups, plan.wholeListWrites),
    members: plan.shown.map((member) => ({
      ...member,
      add: [],
      nickname: null,
    })),
  };
}

/** A client's plans awaiting approval. */
interface HeldPlans {
  readonly plans: number;
  readonly removals: number;
  readonly oldestSince: Date;
}

interface HeldRow extends Omit<HeldPlans, 'oldestSince'> {
  readonly id: ClientId;
  readonly oldestSince: Time;
}

/**
 * SQL of the time since which a plan counts as held: the start of its sweep, because a held sweep
 * has no end time yet.
 */
export const HELD_SINCE = sql`coalesce(s.finished_at, s.started_at)`;

/** Returns the held plans of each client, in the order of `ids`; null: the client has none. */
export async function heldPlansOfClients(
  db: Asker,
  ids: readonly ClientId[],
): Promise<readonly (HeldPlans | null)[]> {
  const { rows } = await sql<HeldRow>`
    select s.client_id as id, count(*)::int as plans, min(${HELD_SINCE}) as "oldestSince",
      sum((select count(*) from removal_decision d where d.sweep_id = s.id and d.verdict = 'HELD'))::int as removals
    from sweep s where s.client_id = any(${ids}::uuid[]) and s.state = 'HELD'
    group by s.client_id`.execute(db);
  const found = new Map(rows.map((row) => [row.id, toHeldPlans(row)]));
  return ids.map((id) => found.get(id) ?? null);
}

const toHeldPlans = (row: HeldRow): HeldPlans => ({
  plans: row.plans,
  removals: row.removals,
  oldestSince: toDate(row.oldestSince),
});
