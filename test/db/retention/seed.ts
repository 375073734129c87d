import type pg from 'pg';

import { recordsOver, sweepsOver } from '../../../services/store/retention/retention.js';
import { silentLogger } from '../../../services/lib/logger.js';
import { openDatabase } from '../../../services/store/connection/database.js';

const DAY_MS = 86_400_000;

/**
 * Closed records, the oldest `days` old and the youngest `spreadDays` younger, with ids as of their
 * times.
 */
export async function addRecords(
  sql: pg.Client,
  record: {
    readonly clientId: string;
    readonly days: number;
    readonly closedDays?: number;
    readonly reason?: string;
    readonly isOpen?: boolean;
    readonly count?: number;
    readonly spreadDays?: number;
    readonly platformUserId?: string;
  },
): Promise<void> {
  const { clientId, days, reason = null, isOpen = false, count = 1 } = record;
  const { spreadDays = 0, closedDays = null, platformUserId = null } = record;
  await sql.query(
    `insert into audit_record (id, client_id, discord_user_id, platform_user_id, causes, planned_added, planned_removed, guarded_removed, added,
       outcome, reason, opened_at, closed_at)
     select (lpad(to_hex((extract(epoch from r.at) * 1000)::bigint), 12, '0') || '7000' || '8' || lpad(to_hex(r.n), 15, '0'))::uuid,
       $1, (600000000000000000 + r.n)::text, $8, '[]', '{1}', '{}', '{}', '{1}', 'APPLIED', $3, r.at,
       case when not $4 then coalesce(now() - $7 * interval '1 day', r.at + interval '1 second') end
     from (select n, now() - $2 * interval '1 day' + (n::float8 / $5) * $6 * interval '1 day' as at from generate_series(0, $5 - 1) n) r`,
    [clientId, days, reason, isOpen, count, spreadDays, closedDays, platformUserId],
  );
}

export async function addSweep(
  sql: pg.Client,
  sweep: {
    readonly clientId: string;
    readonly state: string;
    readonly days: number;
    readonly reason: string;
    readonly marks?: number;
  },
): Promise<string> {
  const { clientId, state, days, reason, marks = 0 } = sweep;
  const { rows } = await sql.query<{ id: string }>(
    `insert into sweep (id, client_id, kind, state, is_dry_run, cause, reason, drifted, started_at, finished_at)
     values (gen_random_uuid(), $1, 'VERIFY_GROUPS', $2, false, '{}', $4, 1, now() - $3 * interval '1 day', now() - $3 * interval '1 day')
     returning id`,
    [clientId, state, days, reason],
  );
  const id = rows[0]?.id ?? '';
  await sql.query(
    `insert into sweep_mark (sweep_id, discord_user_id) select $1, n::text from generate_series(1, $2) n`,
    [id, marks],
  );
  return id;
}

/** How PostgreSQL goes about one step. */
export async function planOf(
  sql: pg.Client,
  what: 'records' | 'sweeps',
  clientId: string,
): Promise<string> {
  const database = await openDatabase({
    url: `postgres://${sql.user}@${sql.host}:${sql.port}/${sql.database}`,
    poolSize: 1,
    logger: silentLogger,
  });
  const over = { clientId, until: new Date(Date.now() - 400 * DAY_MS) };
  const statement = what === 'records' ? recordsOver(over) : sweepsOver(over);
  const compiled = statement.compile(database.sql());
  await database.close();
  const { rows } = await sql.query<Record<string, string>>(`explain ${compiled.sql}`, [
    ...compiled.parameters,
  ]);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}
