import { type RawBuilder, sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';

import {
  type Cause,
  type ClientId,
  CONFIRMING_MS,
  LEAST_READS_SAVED,
  LIST_PAGE,
  listCalls,
} from '../../model.js';
import { inMs } from '../connection/expressions.js';
import type { Db } from '../entities/entities.js';
import { isLive } from '../live/is-live.js';

/**
 * Minimum seconds between two sweeps that are started for a client with the same cause; `failed`: if
 * the first could not read its member list. `call`: added for each page of the list. A crowd can be
 * read one by one meanwhile, but a gap leaves the mirror untrusted.
 */
const PAUSES = {
  crowd: { again: 60, failed: 60 * 60, call: 0 },
  gap: { again: 10, failed: 5 * 60, call: 0.1 },
} as const;

/** Number of jobs to check, as a multiple of the reads that justify a member list. */
const NEWEST = sql.lit(4);

/** Cause of the sweeps that `startListing` starts. */
export const CROWD = { kind: 'REPAIR', id: 'crowd', actor: 'connector' } as const satisfies Cause;
/** Cause of the sweeps that `startGapListing` starts. */
const GAP = { kind: 'REPAIR', id: 'gap', actor: 'connector' } as const satisfies Cause;

/**
 * Starts a SYNC_ACCOUNTS sweep if a member list takes fewer calls than reading the waiting members
 * one by one. Call it in the transaction that marks many members, so that no run starts before the
 * list. The worker also calls it, for members who accumulate gradually. Checks only the newest
 * jobs, because a million jobs may be waiting that need no reading. Members whose mirror is live
 * need none either. Returns whether it started a sweep.
 */
export async function startListing(db: Db, clientId: ClientId): Promise<boolean> {
  const { numAffectedRows } = await sql`
    with guild as (
      select coalesce(max(g.listed_count), 0) / ${LIST_PAGE}::int + ${listCalls(0) + LEAST_READS_SAVED}::int as calls, max(g.listed_at) as listed_at
      from guild_listing g where g.client_id = ${clientId}
    ), waiting as (
      select count(*) as reads from (
        select * from reconcile_job
        where client_id = ${clientId} and not is_parked and claimed_by is null and due_at <= clock_timestamp()
        order by due_at desc limit (select ${NEWEST} * calls from guild)) j
      left join member m on m.client_id = j.client_id and m.discord_user_id = j.discord_user_id
      where j.causes @? ${NEEDS_READING}
        and not exists (select from link l where l.client_id = j.client_id and l.discord_user_id = j.discord_user_id
          and l.status = 'ENDING')
        and (m.read_at is null or not ${isLive(sql`${clientId}::uuid`)}
          and (m.roles_read_at is null or m.roles_read_at < ${inMs(-CONFIRMING_MS)}))
    )
    insert into sweep (id, client_id, kind, state, is_dry_run, cause)
    select ${uuidv7()}, ${clientId}, 'SYNC_ACCOUNTS', 'WAITING', false, ${JSON.stringify(CROWD)}::jsonb
    from guild, waiting, client c
    where c.id = ${clientId} and waiting.reads >= guild.calls and ${mayList('crowd', sql`guild.listed_at`, sql`guild.calls`)}
    on conflict (client_id, kind) where state in ('WAITING', 'RUNNING') do nothing`.execute(db);
  return (numAffectedRows ?? 0n) > 0n;
}

/**
 * Starts a SYNC_ACCOUNTS sweep for each of these clients that has an open gap. Does nothing for a
 * client with a sweep of this kind in progress, or with one that was started for a gap just before.
 */
export async function startGapListing(db: Db, clientIds: readonly ClientId[]): Promise<void> {
  await sql`
    insert into sweep (id, client_id, kind, state, is_dry_run, cause)
    select n.id, c.id, 'SYNC_ACCOUNTS', 'WAITING', false, ${JSON.stringify(GAP)}::jsonb
    from unnest(${clientIds.map(() => uuidv7())}::uuid[], ${clientIds}::uuid[]) as n (id, client_id)
    join client c on c.id = n.client_id
    join live_guild g on g.client_id = c.id and g.gap_at is not null
    left join guild_listing l on l.client_id = c.id
    where ${mayList('gap', sql`l.listed_at`, sql`coalesce(l.listed_count, 0) / ${LIST_PAGE}::int`)} order by c.id
    on conflict (client_id, kind) where state in ('WAITING', 'RUNNING') do nothing`.execute(db);
}

/**
 * Condition on `client c`: a SYNC_ACCOUNTS sweep with this cause may start now. `listedAt` is when
 * the last complete member list was requested, `calls` about the number of its pages.
 */
const mayList = (
  id: keyof typeof PAUSES,
  listedAt: RawBuilder<unknown>,
  calls: RawBuilder<unknown>,
) => sql`
  c.is_enabled and c.ending_at is null and c.stopped_at is null
  and (c.paused_until is null or c.paused_until <= clock_timestamp()) and not exists (
    select from sweep s where s.client_id = c.id and s.kind = 'SYNC_ACCOUNTS' and s.state in ('WAITING', 'RUNNING')
  ) and not exists (
    select from sweep s where s.client_id = c.id and s.kind = 'SYNC_ACCOUNTS' and s.cause ->> 'id' = ${id}
      and s.started_at > clock_timestamp() - make_interval(secs => case
        when ${listedAt} >= s.started_at then ${PAUSES[id].again}::float8 + ${PAUSES[id].call}::float8 * ${calls}
        else ${PAUSES[id].failed}::float8 end))`;

/** JSON path of a cause that requires reading the member at Discord; see `rolesOfCauses`. */
const NEEDS_READING = sql.lit(
  '$[*] ? (!exists(@.groupId) && !exists(@.isAboutName) && (@.kind != "SWEEP" || exists(@.looksAnew)))',
);

/**
 * Condition on `client c`: its jobs wait for the member list of a sweep that `startListing`
 * started. They wait only for a short time, because the processes that run sweeps may be busy or
 * down.
 */
export const IS_LISTED_SOON = sql`exists (
  select from sweep s where s.client_id = c.id and s.kind = 'SYNC_ACCOUNTS' and s.state in ('WAITING', 'RUNNING')
    and s.cause ->> 'id' = ${sql.lit(CROWD.id)} and ((s.state = 'WAITING' and s.started_at > statement_timestamp() - interval '3 seconds')
      or (s.state = 'RUNNING' and s.started_at > statement_timestamp() - interval '1 minute')))`;
