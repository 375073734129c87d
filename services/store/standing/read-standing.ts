import { sql } from 'kysely';

import { HELD_SINCE } from '../decisions/held-plan.js';
import type { Db } from '../entities/entities.js';
import type { ClientId, LiveState } from '../../model.js';
import type { Database } from '../connection/database.js';
import { DISPUTE_COUNTS } from '../read/disputes.js';
import { IS_EXPIRED, IS_OFF } from '../read/live.js';

/** Maximum number of rows to count. A larger number makes no difference. */
const MOST_COUNTED = 100_000;
const LONGEST_MS = 3_000;

/**
 * Reads the state shared by all processes: waiting work, its age, and each client's trouble. Uses
 * one query with a timeout in the database. Parked members do not count as waiting. A disabled
 * client has no `oldestWrongSeconds` and no `verifiedSeconds`.
 */
export function createReadStanding(deps: {
  readonly database: Database;
  /** Ids of the keys that can decrypt stored secrets. */
  readonly keyIds: readonly string[];
}) {
  return async () =>
    deps.database.transaction(async ({ sql: db }) => {
      await sql`select set_config('statement_timeout', ${String(LONGEST_MS)}, true)`.execute(db);
      return readStanding(db, deps.keyIds);
    });
}

async function readStanding(db: Db, keyIds: readonly string[]) {
  const { rows } = await sql<{ standing: Standing }>`
    with job as (
      select client_id, is_parked, lane, is_waiting, count(*) as jobs, ${ageOf(sql`min(marked_at)`)} as oldest
      from (select client_id, is_parked, lane, marked_at, is_parked and causes @> any (array['[{"id": "screening"}]', '[{"id": "retry"}]']::jsonb[]) as is_waiting
        from reconcile_job limit ${MOST_COUNTED}) j group by 1, 2, 3, 4
    ), one as (
      select c.id as "clientId", ${troubleOf(keyIds)} as trouble,
        case when c.is_enabled then (
          select max(oldest) from job where client_id = c.id and not is_parked) end as "oldestWrongSeconds",
        case when c.is_enabled and not exists (
          select from schedule where client_id = c.id and kind = 'VERIFY_GROUPS' and not is_enabled)
        then (
          select ${ageOf(sql`coalesce(max(finished_at), c.created_at)`)} from sweep
          where client_id = c.id and kind = 'VERIFY_GROUPS' and state in ('DONE', 'HELD') and not is_dry_run
        ) end as "verifiedSeconds",
        (select count(*) from removal_decision where client_id = c.id and verdict = 'HELD') as "heldRemovals",
        (select count(*) from sweep where client_id = c.id and state = 'HELD') as "heldPlans",
        (select ${ageOf(sql`min(${HELD_SINCE})`)} from sweep s where s.client_id = c.id and s.state = 'HELD') as "oldestHeldPlanSeconds",
        (select coalesce(sum(jobs), 0) from job where client_id = c.id and is_parked and not is_waiting) as parked,
        (select coalesce(sum(h.value::int), 0) from guild_listing g, jsonb_each_text(g.unlinked_holders) h
          where g.client_id = c.id and exists (
            select from role_mapping m where m.client_id = c.id and m.role_id = h.key)) as "unlinkedHolders",
        (select ${LIVE} from (select 1) one_row left join live_guild g on g.client_id = c.id) as live,
        (select to_jsonb(d) from (${DISPUTE_COUNTS}) d) as disputes,
        case when c.sending_until > clock_timestamp() then ${ageOf(sql`c.sending_since`)} else 0 end as "sendingPauseSeconds"
      from client c
    )
    select jsonb_build_object(
      'clients', (select coalesce(jsonb_agg(one), '[]') from one),
      'queues', (select coalesce(jsonb_agg(jsonb_build_object(
        'clientId', client_id, 'lane', lane, 'jobs', jobs, 'oldestSeconds', oldest)), '[]') from job where not is_parked),
      'outbox', jsonb_build_object(
        'rows', (select count(*) from (select from outbox limit ${MOST_COUNTED}) o),
        'oldestSeconds', coalesce((select ${ageOf(sql`time`)} from outbox order by position limit 1), 0))
    ) as standing`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error('the database returned nothing');
  return row.standing;
}

const ageOf = (time: ReturnType<typeof sql>) =>
  sql`greatest(0, extract(epoch from clock_timestamp() - ${time}))::float8`;

/** The most serious trouble of `client c`; null: none. */
const troubleOf = (keyIds: readonly string[]) => sql`case
  when not c.is_enabled then 'disabled'
  when split_part(c.bot_token, '.', 1) <> all(${keyIds}::text[]) then 'secret_lost'
  when c.stopped_at is not null then 'token_refused'
  when c.paused_until > clock_timestamp() then 'paused'
  when c.sending_until > clock_timestamp() then 'waiting'
  when c.doubt is not null then 'doubt'
  when c.checks @> '[{"result": "FAILED"}]' then 'check_failed'
  end`;

/** How events reach `client c`, with its row `g` in `live_guild`; the states are those of `liveOfClients`. */
const LIVE = sql`(select jsonb_build_object('state', s.state, 'missed', coalesce(g.missed, 0),
    'waitingSeconds', case when s.state in ('LIVE', 'CATCHING_UP') then 0 when s.state <> 'OFF' then ${ageOf(sql`s.since`)} end,
    'gapSeconds', case when s.state <> 'OFF' then coalesce(${ageOf(sql`g.gap_at`)}, 0) end)
  from (select case when ${IS_OFF} then 'OFF' when ${IS_EXPIRED} then 'CONNECTING' else coalesce(g.state, 'CONNECTING') end as state,
    case when ${IS_EXPIRED} then g.live_until else coalesce(g.since, c.updated_at) end as since) s)`;

interface Standing {
  readonly clients: readonly {
    readonly clientId: ClientId;
    readonly trouble:
      | 'disabled'
      | 'secret_lost'
      | 'token_refused'
      | 'paused'
      | 'waiting'
      | 'doubt'
      | 'check_failed'
      | null;
    readonly oldestWrongSeconds: number | null;
    readonly verifiedSeconds: number | null;
    readonly heldRemovals: number;
    readonly heldPlans: number;
    /** 0 if no plan is held. */
    readonly oldestHeldPlanSeconds: number;
    readonly parked: number;
    /** An account counts once for each mapped role it holds. */
    readonly unlinkedHolders: number;
    readonly sendingPauseSeconds: number;
    readonly live: {
      readonly state: LiveState;
      /** How long the client has been neither live nor off; 0 while events arrive. Null: off. */
      readonly waitingSeconds: number | null;
      /** Age of the open gap; 0 if there is none. Null: off. */
      readonly gapSeconds: number | null;
      readonly missed: number;
    };
    /** Linked members, by who disagrees; `kept`: those who keep a revoked role. */
    readonly disputes: {
      readonly reversals: number;
      readonly kept: number;
      readonly requests: number;
    };
  }[];
  readonly queues: readonly {
    readonly clientId: ClientId;
    readonly lane: number;
    readonly jobs: number;
    readonly oldestSeconds: number;
  }[];
  readonly outbox: { readonly rows: number; readonly oldestSeconds: number };
}
