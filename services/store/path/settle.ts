import { sql, type RawBuilder } from 'kysely';

import { newBanEvents } from '../outbox/ban-events.js';
import type { EnqueueEvent } from '../outbox/outbox.js';
import { judgeRequests, settleRequests } from '../remote/settle-requests.js';
import { closeAndPublish } from './records.js';
import { settleDecisions } from '../decisions/hold.js';
import type { Db } from '../entities/entities.js';
import type { Logger } from '../../lib/logger.js';
import { LANES, type Cause, type LinkState, type MemberKey } from '../../model.js';
import type { Job } from '../../reconcile/job.js';
import type { Postponement, Settlement } from '../../reconcile/write/records.js';
import type { RemoteReading } from '../../reconcile/plan/remote.js';
import type { Database } from '../connection/database.js';
import { clearTrouble, logTroubleEnd, markAgain } from '../clients/trouble.js';
import { lockJob } from '../jobs/bot-leases.js';
import { endDrained } from './end-drained.js';
import { settleHands } from './settle-hands.js';
import { saveMember, type MemberColumns } from './save-member.js';

interface Deps {
  readonly database: Database;
  readonly owner: string;
  readonly enqueueEvent: EnqueueEvent;
  readonly logger: Logger;
}

/**
 * Ends a run in one transaction: saves the mirror, closes the record, enqueues events, deletes
 * ended links and ends the job.
 */
export function createSettle({ database, owner, enqueueEvent, logger }: Deps) {
  return async (job: Job, wanted: Settlement): Promise<readonly RemoteReading[]> => {
    const { asked, trouble } = await database.pipeline(async (db) => {
      const version = await lockJob(db, job, owner);
      const isStale = version !== job.version;
      const judged = await judgeRequests(db, job, wanted, isStale);
      const { settlement } = judged;
      const { observed, endedLinkIds } = settlement;
      const bans = settlement.joining?.refusal === 'BANNED' ? await newBanEvents(db, [job]) : [];
      for (const event of bans) await enqueueEvent(db, event);
      const { mayEnd } = await saveMember(
        db,
        job,
        {
          observed,
          isReading: settlement.isReading,
          standing: standingOf(job, settlement),
          job: isStale ? releaseJob(job) : endOf(job, settlement),
        },
        enqueueEvent,
      );
      const trouble = settlement.clearsTrouble ? await clearTrouble(db, job.clientId) : null;
      const { tryAgain = [] } = settlement;
      if (tryAgain.length > 0) await markAgain(db, job.clientId, tryAgain);
      await closeAndPublish(db, settlement, enqueueEvent);
      if (settlement.joining !== null) await endJoining(db, settlement.joining);
      await settleHands(
        db,
        { clientId: job.clientId, discordUserId: job.discordUserId },
        settlement,
        enqueueEvent,
      );
      await settleDecisions(db, job, settlement, enqueueEvent);
      const asked = await settleRequests(db, job, judged, enqueueEvent);
      if (mayEnd || endedLinkIds.length > 0)
        await endDrained(db, job.clientId, endedLinkIds, enqueueEvent);
      return { asked, trouble };
    });
    logTroubleEnd(logger, job.clientId, trouble);
    return asked;
  };
}

/**
 * Releases a job without settling it. The job is due again after `waitMs`. It keeps its causes and
 * puts them before those added meanwhile.
 */
export function createPostpone({ database, owner, enqueueEvent }: Omit<Deps, 'logger'>) {
  return async (job: Job, request: Postponement): Promise<void> =>
    database.pipeline(async (db) => {
      await lockJob(db, job, owner);
      const { outcome, observed, isReading, reason, closes, nickname } = request;
      const standing = { reason: sql`${reason}`, ...nicknameColumns(nickname) };
      const end = { observed, isReading, standing, job: postponeJob(job, request) };
      await saveMember(db, job, end, enqueueEvent);
      await closeAndPublish(db, { closes, reason, outcome, observed }, enqueueEvent);
      if (request.idleRecordId !== null)
        await sql`
          delete from audit_record where id = ${request.idleRecordId} and closed_at is null`.execute(
          db,
        );
    });
}

/** A job keeps at most this many causes, the newest: see `newest_causes` in the database. */
const MOST_CAUSES = 100;

const STATES: Readonly<Record<Settlement['outcome'], LinkState>> = {
  APPLIED: 'IN_STEP',
  UNCHANGED: 'IN_STEP',
  ABSENT: 'ABSENT',
  HELD: 'HELD',
  PARKED: 'PARKED',
  DISPUTED: 'DISPUTED',
};

function stateOf({ outcome, isWaiting, retry }: Settlement): LinkState {
  const state = STATES[outcome];
  const isPending = isWaiting || retry?.why === 'TIME_OUT';
  return isPending && state === 'IN_STEP' ? 'PENDING' : state;
}

function standingOf(job: Job, settlement: Settlement): MemberColumns {
  return {
    state: sql`${stateOf(settlement)}`,
    reason: sql`${settlement.reason}`,
    parking: parkingOf(settlement),
    last_reconciled_at: sql`clock_timestamp()`,
    done_version: sql`${job.version}`,
    ...nicknameColumns(settlement.nickname),
    ...(settlement.renamedByHandAt && {
      renamed_by_hand_at: sql`${settlement.renamedByHandAt.map((time) => time.toISOString())}::timestamptz[]`,
    }),
    ...(settlement.joining !== null && {
      join_refusal: sql`${settlement.joining.refusal}::text`,
    }),
  };
}

function parkingOf({ parking = [] }: Settlement): RawBuilder<unknown> {
  return parking.length === 0 ? sql`null::jsonb` : sql`${JSON.stringify(parking)}::jsonb`;
}

function nicknameColumns(nickname: Settlement['nickname']): MemberColumns {
  if (nickname === null) return {};
  const { asked, isTaken } = nickname;
  return isTaken
    ? { nickname_refused: sql`null::text` }
    : {
        nickname_refused: sql`${asked}`,
        nickname_refused_at: sql`clock_timestamp()`,
      };
}

/**
 * Deletes the grant after an attempt to add the person to the guild, so that its tokens are
 * revoked. If the client keeps tokens, deletes the grant only if the person is banned or the token
 * is invalid. A person who signed in again meanwhile has a new grant, which a later run uses.
 */
async function endJoining(
  db: Db,
  { grantId, refusal }: NonNullable<Settlement['joining']>,
): Promise<void> {
  const isUseless = refusal === 'BANNED' || refusal === 'INVALID_TOKEN';
  await sql`
    delete from discord_grant g using client c
    where g.id = ${grantId} and c.id = g.client_id
      and (not c.keeps_tokens or ${isUseless}::boolean)`.execute(db);
  await sql`
    update discord_grant set is_join_wanted = false
    where id = ${grantId} and is_join_wanted`.execute(db);
}

function endOf(
  job: Job,
  { isParked, isWaiting, asksAgain, isUnexplained, observed, retry }: Settlement,
): RawBuilder<unknown> {
  if (asksAgain) return parkJob(job, absenceProvable(job));
  const isOver = observed?.isPresent === true && !observed.isPending;
  if (isWaiting && isOver && !isParked)
    return parkJob(job, sql`clock_timestamp()`, SCREENING_CAUSE);
  const retryAt = retry && sql`${retry.at.toISOString()}::timestamptz`;
  if (!isParked && !isWaiting)
    return retryAt === null
      ? sql`delete from reconcile_job ${of(job)}`
      : parkJob(job, retryAt, RETRY_CAUSE);
  const waits = isParked && isUnexplained ? '61 seconds' : '1 day';
  return parkJob(
    job,
    sql`least(clock_timestamp() + ${waits}::interval, ${retryAt ?? sql`null`})`,
    isParked ? PARKED_CAUSE : SCREENING_CAUSE,
  );
}

/**
 * Releases a job that was marked after the member was read. It runs again for the new causes only.
 * If it already keeps the maximum number of causes, the new causes cannot be told apart, and it
 * runs again for all of them.
 */
function releaseJob(job: Job): RawBuilder<unknown> {
  return sql`
    update reconcile_job set claimed_by = null, claimed_causes = '[]', attempts = 0, marked_at = clock_timestamp(),
      causes = case when jsonb_array_length(causes) >= ${MOST_CAUSES} then causes
        else jsonb_path_query_array(causes, '$[$late to last]', ${JSON.stringify({ late: job.lateCauses })}::jsonb) end ${of(job)}`;
}

/**
 * When an absence can be proven: a minute after Discord first reported the account as not in the
 * guild, plus a second for safety. That first report may be from this run. If a complete member
 * list has lacked the account since (`-infinity`), the absence can be proven now.
 */
function absenceProvable(job: Job): RawBuilder<unknown> {
  return sql`greatest(clock_timestamp(),
    coalesce((select absent_since from member ${of(job)}), clock_timestamp()) + interval '61 seconds')`;
}

/** Parks the job until `dueAt`. A mark makes it due at once. */
function parkJob(job: Job, dueAt: RawBuilder<unknown>, cause = PARKED_CAUSE): RawBuilder<unknown> {
  return sql`
    update reconcile_job set claimed_by = null, claimed_causes = '[]', attempts = 0, is_parked = true,
      lane = ${LANES.sweep}, causes = ${JSON.stringify([cause])}::jsonb,
      due_at = ${dueAt} ${of(job)}`;
}

function postponeJob(job: Job, request: Postponement): RawBuilder<unknown> {
  return sql`
    update reconcile_job set claimed_by = null, 
      due_at = clock_timestamp() + make_interval(secs => ${request.waitMs / 1000}::float8),
      attempts = attempts + ${request.isFailure ? 1 : 0}::int,
      causes = newest_causes(${writtenCauses(request)} || causes), claimed_causes = '[]' ${of(job)}`;
}

function writtenCauses({ writtenGroupIds }: Postponement): RawBuilder<unknown> {
  if (writtenGroupIds.length === 0) return sql`claimed_causes`;
  return sql`(
    select coalesce(jsonb_agg(case when one.cause ->> 'groupId' = any(${writtenGroupIds}::text[])
      then one.cause || '{"isWritten": true}' else one.cause end order by one.number), '[]')
    from jsonb_array_elements(claimed_causes) with ordinality as one (cause, number))`;
}

function of({ clientId, discordUserId }: MemberKey): RawBuilder<unknown> {
  return sql`where client_id = ${clientId} and discord_user_id = ${discordUserId}`;
}

const PARKED_CAUSE: Cause = {
  kind: 'REPAIR',
  id: 'parked',
  actor: 'connector',
};

/** These ids tell `readStanding` that the member waits and has not failed. */
const SCREENING_CAUSE: Cause = { ...PARKED_CAUSE, id: 'screening' };
const RETRY_CAUSE: Cause = { ...PARKED_CAUSE, id: 'retry' };
