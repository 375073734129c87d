import { sql } from 'kysely';

import { HELD_SINCE } from '../decisions/held-plan.js';
import type { Db } from '../entities/entities.js';
import type { ClientId } from '../../model.js';
import type { Database } from '../connection/database.js';

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
      select client_id, is_parked, lane, is_screened, count(*) as jobs, ${ageOf(sql`min(marked_at)`)} as oldest
      from (select client_id, is_parked, lane, marked_at, is_parked and causes @> '[{"id": "screening"}]' as is_screened
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
        (select coalesce(sum(jobs), 0) from job where client_id = c.id and is_parked and not is_screened) as parked,
        (select coalesce(sum(h.value::int), 0) from guild_listing g, jsonb_each_text(g.unlinked_holders) h
          where g.client_id = c.id and exists (
            select from role_mapping m where m.client_id = c.id and m.role_id = h.key)) as "unlinkedHolders",
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
  }[];
  readonly queues: readonly {
    readonly clientId: ClientId;
    readonly lane: number;
    readonly jobs: number;
    readonly oldestSeconds: number;
  }[];
  readonly outbox: { readonly rows: number; readonly oldestSeconds: number };
}
