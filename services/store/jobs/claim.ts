import { type RawBuilder, sql } from 'kysely';

import type { RawRow } from '../entities/columns.js';
import type { Asker } from '../connection/together.js';
import { type ClientId, LANES, type MemberKey } from '../../model.js';
import type { Claimed, ClaimRequest, Job, JobTable } from '../../reconcile/job.js';
import { isUnavailable } from '../live/is-live.js';
import { isReadable, botLeaseEnd, type Leasing } from './bot-leases.js';
import { IS_LISTED_SOON } from './start-listing.js';

/**
 * Numbers the claims of this process, so that the database can tell a claim that arrives late from
 * a newer one.
 */
export function createClaimJobs(db: Asker, leasing: Leasing): JobTable['claim'] {
  const unanswered = new Set<number>();
  let number = 0;
  return async (request) => {
    number += 1;
    const own = number;
    unanswered.add(own);
    const endedBefore = Math.min(...unanswered);
    try {
      return await claimJobs(db, leasing, request, { own, endedBefore });
    } finally {
      unanswered.delete(own);
    }
  };
}

/**
 * Claims due jobs, most urgent lane first, up to the number of runs that each client may still
 * start. Also returns the time until the next job is due. Claims nickname-only jobs up to the
 * number of member edits (PATCH) that the client has left. While a member list is about to replace
 * many single reads of a client, claims only its urgent jobs.
 *
 * A bot is leased to one process at a time, so jobs need no lease. A job claimed by another process
 * can be claimed at once, because that process no longer holds the bot. So can a job that this
 * process claimed but does not run, because the claim's response was lost or the run was dropped.
 * Claim numbers keep an abandoned claim that reaches the database late from taking a job that a
 * later claim has taken. A new client's bot, which no process has leased yet, is leased here. The
 * statement compares due times with its own start time, not the clock, so that PostgreSQL can use
 * the indexes on due times.
 */
export async function claimJobs(
  db: Asker,
  leasing: Leasing,
  request: ClaimRequest,
  claim: { readonly own: number; readonly endedBefore: number },
): Promise<Claimed> {
  const { owner } = leasing;
  const { inWork, busy = [] } = request;
  const { rows } = await sql<JobRow | DueRow>`
    with new_bot as (
      insert into bot_lease (application_id, owner, leased_until)
      select distinct c.application_id, ${owner}, ${botLeaseEnd(leasing)}
      from client c
      where ${isReadable(leasing)} and not exists (select from bot_lease b where b.application_id = c.application_id)
      on conflict do nothing returning application_id
    ), slot as (${slots(leasing, request)}
    ), next as (
      select due.client_id, due.discord_user_id from slot cross join lateral (
        select found.*, row_number() over (partition by found.lane order by found.due_at) as place from (
          select r.client_id, r.discord_user_id, r.lane, r.due_at from reconcile_job r
          where r.client_id = slot.client_id and r.due_at <= statement_timestamp()
            and (r.claimed_by is distinct from ${owner} or (r.claim_number < ${claim.endedBefore}
              and r.client_id || r.discord_user_id <> all(${keysOf(inWork)}::text[])))
            and r.client_id || r.discord_user_id <> all(${keysOf(busy)}::text[])
            and r.lane >= slot.least_lane
          order by r.lane desc, r.due_at limit greatest(slot.room, 0) for update of r skip locked
        ) found
      ) due
      where due.lane > ${LANES.name}::smallint or due.place <= coalesce(slot.edits, due.place)
    ), claimed as (
      update reconcile_job j set
        claimed_by = ${owner}, claim_number = ${claim.own},
        claimed_causes = newest_causes(j.claimed_causes || j.causes), causes = '[]'
      from ${FEW_OF_NEXT} where j.client_id = few.client_id and j.discord_user_id = few.discord_user_id
      returning j.client_id, j.discord_user_id, j.version, j.lane, j.attempts, j.claimed_causes
    )
    select client_id as "clientId", discord_user_id as "discordUserId", version::float8 as version, lane, attempts,
      claimed_causes as causes, null::float8 as "dueMs" from claimed
    union all
    select null, null, null, null, null, null, min(extract(epoch from later.due_at - statement_timestamp()) * 1000)::float8
    from slot cross join lateral (
      select r.due_at from reconcile_job r
      where slot.room > 0 and r.client_id = slot.client_id and r.claimed_by is distinct from ${owner}
        and r.due_at > statement_timestamp() and r.lane >= slot.least_lane
      order by r.due_at limit 1
    ) later`.execute(db);
  const jobs = rows.filter((row) => row.clientId !== null).map(jobOf);
  return {
    jobs: jobs.sort((a, b) => b.lane - a.lane),
    nextDueInMs: rows.find((row) => row.clientId === null)?.dueMs ?? null,
  };
}

/**
 * The rows of `next`. PostgreSQL estimates few rows for arrays, and finds each job by its key. For
 * `next` itself it estimates a tenth of the jobs, and would scan the whole table at each claim.
 */
const FEW_OF_NEXT = sql`
  unnest(array(select client_id from next), array(select discord_user_id from next)) as few (client_id, discord_user_id)`;

/**
 * Query of the clients whose jobs may be claimed now, each with the number of runs it may still
 * start, the member edits left for nicknames (null: unlimited) and the least urgent lane to claim.
 */
function slots(
  leasing: Leasing,
  {
    running,
    except,
    runsPerClient,
    urgentOnly = [],
    edits = new Map<ClientId, number>(),
  }: ClaimRequest,
): RawBuilder<unknown> {
  const { owner } = leasing;
  return sql`
      select c.id as client_id, ${runsPerClient}::int - coalesce(busy.runs, 0) as room, edits."left" as edits,
        case when c.id = any(${urgentOnly}::uuid[]) or ${IS_LISTED_SOON} then ${LANES.fresh}::smallint
          when edits."left" <= 0 then ${LANES.sweep}::smallint else ${LANES.name}::smallint end as least_lane
      from client c
      left join unnest(${[...edits.keys()]}::uuid[], ${[...edits.values()]}::int[]) as edits (client_id, "left") on edits.client_id = c.id
      left join unnest(${[...running.keys()]}::uuid[], ${[...running.values()]}::int[]) as busy (client_id, runs)
        on busy.client_id = c.id
      where c.is_enabled and c.stopped_at is null and (c.paused_until is null or c.paused_until <= statement_timestamp())
        and not ${isUnavailable} and ${isReadable(leasing)} and c.id <> all(${except}::uuid[]) and c.application_id in (
          select application_id from new_bot union all
          select application_id from bot_lease where owner = ${owner} and leased_until > statement_timestamp())`;
}

const keysOf = (members: readonly MemberKey[]) =>
  members.map(({ clientId, discordUserId }) => clientId + discordUserId);

type JobRow = RawRow<
  'reconcile_job',
  'clientId' | 'discordUserId' | 'version' | 'lane' | 'attempts' | 'causes'
> & { readonly dueMs: null };

/** The last row of a claim's result: the time until the next job is due. */
interface DueRow {
  readonly clientId: null;
  readonly dueMs: number | null;
}

function jobOf({ clientId, discordUserId, version, lane, attempts, causes }: JobRow): Job {
  return { clientId, discordUserId, version, lane, attempts, causes, lateCauses: 0 };
}
