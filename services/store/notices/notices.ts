import { sql } from 'kysely';

import type { AuditFilter } from '../../api/audit/ports.js';
import type { Moment, RecordPlace } from '../../api/subscriptions/ports.js';
import type { ClientId } from '../../model.js';
import type { Database } from '../connection/database.js';
import type { Listener } from '../connection/listen.js';
import type { Db } from '../entities/entities.js';
import { auditConditions, RECORD_COLUMNS, type RecordRow, toRecord } from '../read/audit.js';
import { every } from '../read/page.js';

/**
 * Notifications of closed audit records and changed sweeps, from all processes, and the queries
 * that subscriptions need. Runs no query on its own.
 */
export function createNotices({
  database,
  listener,
}: {
  readonly database: Database;
  readonly listener: Pick<Listener, 'on'>;
}) {
  const db = () => database.sql();
  return {
    /**
     * Calls `wake` with the client of a closed record, or with null if notifications may have been
     * missed.
     */
    onRecordsClosed: async (wake: (clientId: ClientId | null) => void) =>
      listener.on('audit_record_closed', wake),
    onSweepsMoved: async (wake: (moved: SweepMoved | null) => void) =>
      listener.on('sweep_moved', (payload) => wake(movedOf(payload))),
    readMoment: async () => readMoment(db()),
    pageClosedRecords: async (filter: AuditFilter, window: RecordWindow) =>
      pageClosedRecords(db(), filter, window),
    recentSweepIds: async (request: Parameters<typeof recentSweepIds>[1]) =>
      recentSweepIds(db(), request),
  };
}

interface SweepMoved {
  readonly clientId: ClientId;
  readonly sweepId: string;
}

function movedOf(payload: string | null): SweepMoved | null {
  const [clientId, sweepId] = payload?.split(' ') ?? [];
  return clientId && sweepId ? { clientId, sweepId } : null;
}

interface RecordWindow {
  readonly since: Moment;
  /** Null: up to now. The result returns the snapshot at the end of the window as `until`. */
  readonly until: Moment | null;
  /** The last record of the previous page; null for the first page. */
  readonly after: RecordPlace | null;
  readonly limit: number;
}

export async function readMoment(db: Db): Promise<Moment> {
  const { rows } = await sql<{
    moment: Moment;
  }>`select pg_current_snapshot()::text as moment`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error('PostgreSQL returned no snapshot');
  return row.moment;
}

/**
 * Returns records closed within the window, ordered by transaction id. The window is given by
 * database snapshots, because times and ids cannot show which records are new: a record is closed,
 * and its id created, before its transaction is committed, and a later record may be committed
 * first. The bounds around the window allow an index scan. They also exclude records restored from
 * a backup of another server, which have that server's transaction ids.
 */
export async function pageClosedRecords(
  db: Db,
  filter: AuditFilter,
  { since, until, after, limit }: RecordWindow,
) {
  const { rows } = await sql<PageRow>`
    select w.until::text as until, r.*
    from (select coalesce(${until}::pg_snapshot, pg_current_snapshot()) as until) w
    left join lateral (
      select ${RECORD_COLUMNS}, closed_xid::text as "closedBy"
      from audit_record
      where closed_xid >= pg_snapshot_xmin(${since}::pg_snapshot) and closed_xid < pg_snapshot_xmax(w.until)
        and not pg_visible_in_snapshot(closed_xid, ${since}::pg_snapshot) and pg_visible_in_snapshot(closed_xid, w.until)
        and closed_at > clock_timestamp() - interval '1 day'
        and ${every([
          ...auditConditions(filter),
          after && sql`(closed_xid, id) > (${after.closedBy}::xid8, ${after.id}::uuid)`,
        ])}
      order by audit_record.closed_xid, audit_record.id
      limit ${limit + 1}
    ) r on true`.execute(db);
  const found = rows.filter((row) => row.id !== null);
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  const [row] = rows;
  if (row === undefined) throw new Error('PostgreSQL returned no snapshot');
  return {
    records: page.map(toRecord),
    until: row.until,
    next: last ? { closedBy: last.closedBy, id: last.id } : null,
  };
}

interface PageRow extends RecordRow {
  readonly until: Moment;
  readonly closedBy: string;
}

/** Maximum number of sweeps per read; the newest are returned. */
const LIMIT = 200;

/** Returns the ids of unfinished and recently finished sweeps, newest first. */
export async function recentSweepIds(
  db: Db,
  request: {
    /** Null: sweeps of all clients. */
    readonly clientIds: readonly ClientId[] | null;
    readonly finishedWithinMs: number;
  },
): Promise<readonly string[]> {
  const { clientIds, finishedWithinMs } = request;
  const { rows } = await sql<{ id: string }>`
    select id from sweep
    where ${every([
      clientIds && sql`client_id = any(${clientIds}::uuid[])`,
      sql`(finished_at is null or finished_at > clock_timestamp() - make_interval(secs => ${finishedWithinMs / 1000}::float8))`,
    ])}
    order by id desc limit ${LIMIT}`.execute(db);
  return rows.map((row) => row.id);
}
