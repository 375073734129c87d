import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { ClientId, RoleId } from '../../model.js';
import { RECORD_COLUMNS, toRecord, type RecordRow } from '../read/audit.js';
import { firstIdAt } from '../time-ids.js';

/**
 * Records opened at or after `from` and before `to`. `after`: the id of the last record in an
 * unfinished file, to continue that file; null: start a new file.
 */
interface AuditRange {
  readonly clientId: ClientId;
  readonly from: Date;
  readonly to: Date;
  readonly after: string | null;
}

/** Rows per statement. No more than these are in memory at a time. */
const STEP = 500;

/**
 * The largest clock difference between processes and database that the search by id allows for. Ids
 * contain the time of the process that created them.
 */
const SKEW_MS = 60 * 60_000;

/** Yields pages of records, oldest first, read on demand. */
export function createExportAudit(db: () => Db) {
  return async function* exportAudit(range: AuditRange) {
    const names = await readRoleNames(db(), range.clientId);
    let after = range.after;
    for (;;) {
      const rows = await readStep(db(), { ...range, after });
      if (rows.length > 0) yield rows.map((row) => exported(toRecord(row), names));
      const last = rows.at(-1);
      if (last === undefined || rows.length < STEP) return;
      after = last.id;
    }
  };
}

async function readStep(
  db: Db,
  { clientId, from, to, after }: AuditRange,
): Promise<readonly RecordRow[]> {
  const first = firstIdAt(new Date(from.getTime() - SKEW_MS));
  const end = firstIdAt(new Date(to.getTime() + SKEW_MS));
  const { rows } = await sql<RecordRow>`
    select ${RECORD_COLUMNS} from audit_record
    where client_id = ${clientId} and id > greatest(${first}::uuid, ${after}::uuid) and id < ${end}::uuid
      and opened_at >= ${from.toISOString()}::timestamptz and opened_at < ${to.toISOString()}::timestamptz
    order by id limit ${STEP}`.execute(db);
  return rows;
}

async function readRoleNames(db: Db, clientId: ClientId): Promise<ReadonlyMap<RoleId, string>> {
  const rows = await db
    .selectFrom('role')
    .select(['id', 'name'])
    .where('clientId', '=', clientId)
    .execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** Uses the field names of the API's AuditRecord. A role that was never read has no name. */
function exported(record: ReturnType<typeof toRecord>, names: ReadonlyMap<RoleId, string>) {
  const roles = (ids: readonly RoleId[]) => ids.map((id) => ({ id, name: names.get(id) ?? null }));
  return {
    id: record.id,
    openedAt: record.openedAt.toISOString(),
    closedAt: record.closedAt?.toISOString() ?? null,
    client: { id: record.clientId },
    discordUserId: record.discordUserId,
    platformUserId: record.platformUserId,
    causes: record.causes.map(({ kind, id, actor, groupId }) => ({
      kind,
      id,
      actor,
      groupId: groupId ?? null,
    })),
    plannedAdded: roles(record.plannedAdded),
    plannedRemoved: roles(record.plannedRemoved),
    added: roles(record.added),
    removed: roles(record.removed),
    ensured: {
      added: roles(record.ensured.added),
      removed: roles(record.ensured.removed),
    },
    nickname: record.nickname,
    outcome: record.outcome,
    reason: record.reason,
  };
}
