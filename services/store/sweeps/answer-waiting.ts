import { sql } from 'kysely';

import type { ClientId } from '../../model.js';
import type { AnsweredJobs, WaitingJob } from '../../sweep/ports.js';
import type { Db } from '../entities/entities.js';

/** Returns jobs that are neither claimed nor parked. */
export async function readWaiting(db: Db, clientId: ClientId): Promise<readonly WaitingJob[]> {
  return db
    .selectFrom('reconcile_job')
    .select(['discordUserId', 'version'])
    .where('clientId', '=', clientId)
    .where('isParked', '=', false)
    .where('claimedBy', 'is', null)
    .execute();
}

/**
 * Settles jobs without a run, from a complete member list: the jobs of listed members who are in
 * step, and of accounts missing from the list. Keeps a job that a person requested or that was
 * marked again since the list was requested. Also keeps a job whose run may have more to do,
 * because of an open record, a removal decision, a change made by hand, a grant, a nickname, an unassignable role, an
 * authority other than PLATFORM, or an ending link, mapping or client.
 */
export async function answerWaiting(
  db: Db,
  clientId: ClientId,
  { askedAt, inStep, absent }: AnsweredJobs,
): Promise<void> {
  if (inStep.length > 0)
    await sql`
      with answered as (${answeredJobs(clientId, inStep)}
          and m.read_at is not null and m.is_present and not m.is_bot and not m.is_pending and m.nickname_set_hash is null
          and (m.timed_out_until is null or m.timed_out_until <= clock_timestamp())
          and m.roles_read_at >= ${askedAt}::timestamptz and ${ONLY_ROLES}
        order by j.discord_user_id for update of j
      ), over as (${DELETED})
      update member m set state = 'IN_STEP', reason = null, parking = null, last_reconciled_at = clock_timestamp(),
        done_version = a.version
      from answered a where m.client_id = ${clientId} and m.discord_user_id = a.discord_user_id`.execute(
      db,
    );
  if (absent.length > 0)
    await sql`
      with answered as (${answeredJobs(clientId, absent)}
          and (m.read_at is null or not m.is_present) and m.join_refusal is null
        order by j.discord_user_id for update of j
      ), over as (${DELETED})
      insert into member as m (client_id, discord_user_id, read_at, roles_read_at, is_present, absent_since, state, reason,
        last_reconciled_at, done_version)
      select ${clientId}::uuid, a.discord_user_id, clock_timestamp(), ${askedAt}::timestamptz, false, '-infinity', 'ABSENT',
        'the account is not in the guild', clock_timestamp(), a.version
      from answered a
      on conflict (client_id, discord_user_id) do update set read_at = excluded.read_at, roles_read_at = excluded.roles_read_at,
        is_present = false, absent_since = excluded.absent_since, role_ids = '{}', state = excluded.state,
        reason = excluded.reason, parking = null, last_reconciled_at = excluded.last_reconciled_at,
        done_version = excluded.done_version`.execute(db);
}

function answeredJobs(clientId: ClientId, jobs: readonly WaitingJob[]) {
  return sql`
    select j.client_id, j.discord_user_id, j.version
    from unnest(${jobs.map((job) => job.discordUserId)}::text[], ${jobs.map((job) => job.version)}::bigint[]) as w (id, version)
    join reconcile_job j on j.client_id = ${clientId} and j.discord_user_id = w.id and j.version = w.version
    left join member m on m.client_id = j.client_id and m.discord_user_id = j.discord_user_id
    where j.claimed_by is null and not j.is_parked and not j.causes @? '$[*] ? (exists(@.isAskedFor))'
      and exists (select from link l where l.client_id = j.client_id and l.discord_user_id = j.discord_user_id)
      and not exists (select from link l where l.client_id = j.client_id and l.discord_user_id = j.discord_user_id
        and l.status = 'ENDING')
      and not exists (select from audit_record o where o.client_id = j.client_id and o.discord_user_id = j.discord_user_id
        and o.closed_at is null)
      and not exists (select from removal_decision d where d.client_id = j.client_id and d.discord_user_id = j.discord_user_id)
      and not exists (select from hand_change h where h.client_id = j.client_id and h.discord_user_id = j.discord_user_id)
      and not exists (select from discord_grant g where g.client_id = j.client_id and g.discord_user_id = j.discord_user_id)
      and not exists (select from client c where c.id = j.client_id and c.ending_at is not null)
      and not exists (select from role_mapping p where p.client_id = j.client_id and p.retired_at is not null)`;
}

/**
 * Condition: the client of job `j` changes only roles, and its bot can assign every mapped role.
 */
const ONLY_ROLES = sql`
  exists (select from client c where c.id = j.client_id and c.authority = 'PLATFORM' and c.nickname_strategy = 'NONE')
  and not exists (select from role_mapping p left join role r on r.client_id = p.client_id and r.id = p.role_id
    where p.client_id = j.client_id and (r.id is null or r.refusal is not null or p.authority <> 'PLATFORM'))`;

const DELETED = sql`
  delete from reconcile_job j using answered a
  where j.client_id = a.client_id and j.discord_user_id = a.discord_user_id`;
