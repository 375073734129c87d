import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';

import {
  type Cause,
  type ClientId,
  CONFIRMING_MS,
  LEAST_READS_SAVED,
  LIST_PAGE,
  listCalls,
} from '../../model.js';
import type { Db } from '../entities/entities.js';

/** A list that could not be read, or did not help, is not requested again sooner. */
const AGAIN_AFTER_MS = 60_000;
const AFTER_FAILURE_MS = 60 * 60_000;

/** The cause of the sweeps that read a crowd together. */
export const CROWD: Cause = { kind: 'REPAIR', id: 'crowd', actor: 'connector' };

/**
 * Starts a SYNC_ACCOUNTS sweep if a member list costs Discord fewer calls than the members who wait
 * to be read one by one. A guild that was never listed is listed soon anyway, so its size does not
 * matter. Resolves with whether a sweep was started. Called at the end of a transaction that marks a
 * crowd, so that none of its runs begins before the list, and for crowds that gather one by one.
 */
export async function startListing(db: Db, clientId: ClientId): Promise<boolean> {
  const { numAffectedRows } = await sql`
    with guild as (
      select coalesce(max(g.listed_count), 0) / ${LIST_PAGE}::int + ${listCalls(0) + LEAST_READS_SAVED}::int as calls, max(g.listed_at) as listed_at
      from guild_listing g where g.client_id = ${clientId}
    ), waiting as (
      select count(*) as reads from (
        select from reconcile_job j
        left join member m on m.client_id = j.client_id and m.discord_user_id = j.discord_user_id
        where j.client_id = ${clientId} and not j.is_parked and j.claimed_by is null and j.due_at <= clock_timestamp() and j.causes @? ${NEEDS_READING}
          and not exists (select from link l where l.client_id = j.client_id and l.discord_user_id = j.discord_user_id
            and l.status = 'ENDING')
          and (m.roles_read_at is null or m.roles_read_at < clock_timestamp() - make_interval(secs => ${CONFIRMING_MS / 1_000}))
        limit (select calls from guild)) w
    )
    insert into sweep (id, client_id, kind, state, is_dry_run, cause)
    select ${uuidv7()}, ${clientId}, 'SYNC_ACCOUNTS', 'WAITING', false, ${JSON.stringify(CROWD)}::jsonb
    from guild, waiting, client c
    where c.id = ${clientId} and c.is_enabled and c.ending_at is null and c.stopped_at is null
      and (c.paused_until is null or c.paused_until <= clock_timestamp()) and waiting.reads >= guild.calls and not exists (
      select from sweep s where s.client_id = ${clientId} and s.kind = 'SYNC_ACCOUNTS' and s.state in ('WAITING', 'RUNNING')
    ) and not exists (
      select from sweep s where s.client_id = ${clientId} and s.kind = 'SYNC_ACCOUNTS' and s.cause ->> 'id' = ${CROWD.id}
        and s.started_at > clock_timestamp() - make_interval(secs => case
          when guild.listed_at >= s.started_at then ${AGAIN_AFTER_MS / 1_000}::int else ${AFTER_FAILURE_MS / 1_000}::int end))
    on conflict (client_id, kind) where state in ('WAITING', 'RUNNING') do nothing`.execute(db);
  return (numAffectedRows ?? 0n) > 0n;
}

/** A cause that sends a run to Discord: see `rolesOfCauses` of the path. */
const NEEDS_READING = sql.lit(
  '$[*] ? (!exists(@.groupId) && !exists(@.isAboutName) && (@.kind != "SWEEP" || exists(@.looksAnew)))',
);

/**
 * Of client `c`: a crowd's list is being read, and the jobs it answers wait for it. Not for long,
 * because the processes that run sweeps may be busy or away.
 */
export const IS_LISTED_SOON = sql`exists (
  select from sweep s where s.client_id = c.id and s.kind = 'SYNC_ACCOUNTS' and s.cause ->> 'id' = ${sql.lit(CROWD.id)}
    and ((s.state = 'WAITING' and s.started_at > statement_timestamp() - interval '3 seconds')
      or (s.state = 'RUNNING' and s.started_at > statement_timestamp() - interval '1 minute')))`;
