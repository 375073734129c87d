import { type RawBuilder, sql } from 'kysely';

import { type ClientId, DEFAULT_AUDIT_RETENTION_DAYS } from '../../model.js';
import type { Database } from '../connection/database.js';
import type { TryLock } from '../connection/listen.js';
import type { Db } from '../entities/entities.js';
import { firstIdAt } from '../time-ids.js';

/** Arbitrary key of an advisory lock. Only one process deletes expired rows at a time. */
const LOCK = 741_300_116;

export interface Removed {
  /** Deleted rows by kind. Kinds without deletions are left out. */
  readonly counts: Readonly<Partial<Record<Kind, number>>>;
  /** True: more rows have expired than one run may delete. */
  readonly hasMore: boolean;
}

interface Deps {
  readonly database: Database;
  readonly lock: TryLock;
}

/**
 * Deletes expired rows in small statements with pauses, at most `most` statements. All kinds and
 * clients take turns. Returns null if another process is already deleting.
 */
export function createRetention({ database, lock }: Deps) {
  return async (request: {
    readonly most: number;
    readonly pause: () => Promise<void>;
  }): Promise<Removed | null> => {
    const unlock = await lock(LOCK);
    if (unlock === null) return null;
    try {
      return await removeOver(database, request);
    } finally {
      await unlock();
    }
  };
}

async function removeOver(
  database: Database,
  { most, pause }: { readonly most: number; readonly pause: () => Promise<void> },
): Promise<Removed> {
  const counts: Partial<Record<Kind, number>> = {};
  const steps = await stepsOf(database.sql());
  let taken = 0;
  // Repeats until a round deletes nothing, because a sweep can be deleted only after its marks.
  for (let isOver = false; !isOver;) {
    isOver = true;
    for (const step of steps) {
      const removed = await database.transaction(async (tx) => step.remove(tx.sql));
      if (removed === 0) continue;
      isOver = false;
      counts[step.kind] = (counts[step.kind] ?? 0) + removed;
      taken += 1;
      if (taken >= most) return { counts, hasMore: true };
      await pause();
    }
  }
  return { counts, hasMore: false };
}

/**
 * Rows per step, which is one statement. With small steps, no lock is held for long and the
 * write-ahead log grows evenly.
 */
export const STEP = 500;

/** Kinds of rows that expire, as named in the log. */
export type Kind =
  | 'auditRecords'
  | 'sweeps'
  | 'sweepMarks'
  | 'decisions'
  | 'askedRemovals'
  | 'tickets'
  | 'answers'
  | 'events'
  | 'departedAccounts'
  | 'handChanges';

/**
 * Deletes one kind of expired rows. `remove` deletes at most STEP rows, oldest first, and returns
 * how many.
 */
export interface Step {
  readonly kind: Kind;
  readonly remove: (db: Db) => Promise<number>;
}

const DAY_MS = 24 * 60 * 60_000;

/** Returns all steps, including those for the records of deleted clients. */
export async function stepsOf(db: Db): Promise<readonly Step[]> {
  const { rows } = await sql<Keeping>`
    with recursive seen (client_id) as (
      (select client_id from audit_record order by client_id limit 1)
      union all
      select (select a.client_id from audit_record a where a.client_id > seen.client_id order by a.client_id limit 1)
      from seen where seen.client_id is not null
    )
    select k.client_id as "clientId", coalesce(c.audit_retention_days, ${DEFAULT_AUDIT_RETENTION_DAYS}::int) as days,
      extract(epoch from statement_timestamp())::float8 * 1000 as "nowMs"
    from (select client_id from seen where client_id is not null union select id from client) k
    left join client c on c.id = k.client_id order by k.client_id`.execute(db);
  return [...rows.flatMap(stepsOfClient), ...COMMON];
}

interface Keeping {
  readonly clientId: ClientId;
  readonly days: number;
  readonly nowMs: number;
}

/**
 * Deletes sweeps before the records that hold their results. A sweep is deleted only after its
 * marks.
 */
function stepsOfClient({ clientId, days, nowMs }: Keeping): readonly Step[] {
  const until = new Date(nowMs - days * DAY_MS);
  const request = { clientId, until };
  return [
    step('sweeps', sweepsOver(request)),
    step('sweepMarks', marksOfSweepsOver(request)),
    step('auditRecords', recordsOver(request)),
  ];
}

interface Over {
  readonly clientId: ClientId;
  readonly until: Date;
}

function step(kind: Kind, statement: RawBuilder<unknown>): Step {
  return {
    kind,
    async remove(db) {
      const { numAffectedRows } = await statement.execute(db);
      return Number(numAffectedRows ?? 0);
    },
  };
}

const at = (time: Date) => sql`${time.toISOString()}::timestamptz`;

/**
 * Selects records by id, because ids are indexed and sort by the time of opening. Keeps open
 * records, because they are evidence of an unfinished run.
 */
export const recordsOver = ({ clientId, until }: Over) => sql`
  delete from audit_record where id = any(array(
    select id from audit_record
    where client_id = ${clientId} and id < ${firstIdAt(until)}::uuid and closed_at < ${at(until)}
    order by id limit ${STEP}))`;

/**
 * Condition on `sweep s`: finished before `until`, and no removal decision belongs to it. A held
 * sweep is not finished.
 */
const isOver = ({ clientId, until }: Over) => sql`
  s.client_id = ${clientId} and s.finished_at < ${at(until)}
  and s.state in ('DONE', 'FAILED', 'CANCELLED', 'REJECTED')
  and not exists (select from removal_decision d where d.sweep_id = s.id)`;

export const sweepsOver = (over: Over) => sql`
  delete from sweep where id = any(array(
    select s.id from sweep s
    where ${isOver(over)} and not exists (select from sweep_mark k where k.sweep_id = s.id)
    order by s.finished_at limit ${STEP}))`;

/**
 * Deletes the marks before their sweep: a sweep may have marked a whole guild, and deleting it
 * would cascade to all of its marks at once.
 */
const marksOfSweepsOver = (over: Over) => sql`
  delete from sweep_mark where ctid = any(array(
    select k.ctid from (
      select s.id from sweep s where ${isOver(over)} and exists (select from sweep_mark k where k.sweep_id = s.id)
      order by s.finished_at limit 20) s
    join sweep_mark k on k.sweep_id = s.id limit ${STEP}))`;

/** Time for which a departed account is stored. An account that returns later is treated as new. */
const DEPARTED_DAYS = 90;

/** Steps for rows that belong to no client or have their own lifetime. */
const COMMON: readonly Step[] = [
  // The removal guard counts only the requests of the last hour.
  step(
    'askedRemovals',
    sql`
    delete from asked_removal where ctid = any(array(
      select ctid from asked_removal where asked_at < clock_timestamp() - interval '1 day'
      limit ${STEP}))`,
  ),
  // A rejection is kept as long as the account is linked. After a new link, the removal is tried
  // again.
  step(
    'decisions',
    sql`
    delete from removal_decision where ctid = any(array(
      select d.ctid from removal_decision d
      where d.verdict = 'REJECTED' and not exists (
        select from link l where l.client_id = d.client_id and l.discord_user_id = d.discord_user_id)
      limit ${STEP}))`,
  ),
  step(
    'tickets',
    sql`
    delete from link_ticket where ticket_hash = any(array(
      select ticket_hash from link_ticket where expires_at < clock_timestamp() - interval '1 hour'
      order by expires_at limit ${STEP}))`,
  ),
  step(
    'answers',
    sql`
    delete from idempotent_request where ctid = any(array(
      select ctid from idempotent_request where kept_until < clock_timestamp()
      order by kept_until limit ${STEP} for update skip locked))`,
  ),
  step(
    'departedAccounts',
    sql`
    delete from departed_account where ctid = any(array(
      select ctid from departed_account
      where ended_at < clock_timestamp() - make_interval(days => ${DEPARTED_DAYS}::int) limit ${STEP}))`,
  ),
  // A held removal waits for an admin or a newer fact as long as the account is linked. A dispute that
  // lasts renews its row with each reversal, at least hourly.
  step(
    'handChanges',
    sql`
    delete from hand_change where ctid = any(array(
      select h.ctid from hand_change h
      where h.changed_at < clock_timestamp() - interval '1 day' and not (h.is_held and exists (
        select from link l where l.client_id = h.client_id and l.discord_user_id = h.discord_user_id))
      order by h.changed_at limit ${STEP}))`,
  ),
  // Events stay unsent this long only if there is no longer a broker.
  step(
    'events',
    sql`
    delete from outbox where position = any(array(
      select position from (select position, time from outbox order by position limit ${STEP}) o
      where o.time < clock_timestamp() - make_interval(days => ${DEFAULT_AUDIT_RETENTION_DAYS}::int)))`,
  ),
];
