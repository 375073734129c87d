import { type RawBuilder, sql } from 'kysely';

import type { Asker } from '../connection/together.js';
import { columns, type RawRow } from '../entities/columns.js';
import { type Counted, rowCount, every, limitOf, toDate, toDateOrNull, toRows } from './page.js';
import type { AuditFilter } from '../../api/audit/ports.js';
import type { Page, Rows } from '../../api/kit/ports.js';

const NAMES = [
  'id',
  'clientId',
  'discordUserId',
  'platformUserId',
  'causes',
  'plannedAdded',
  'plannedRemoved',
  'added',
  'removed',
  'ensuredAdded',
  'ensuredRemoved',
  'nickname',
  'outcome',
  'reason',
  'openedAt',
  'closedAt',
] as const;

export type RecordRow = RawRow<'audit_record', (typeof NAMES)[number]>;

export const RECORD_COLUMNS = columns<'audit_record'>(NAMES);

/** Returns the newest records first. Ids are UUIDv7, so they sort by the time of opening. */
export async function pageAuditRecords(
  db: Asker,
  filter: AuditFilter,
  page: Page,
): Promise<Rows<ReturnType<typeof toRecord>>> {
  const { rows } = await sql<RecordRow>`
    select ${RECORD_COLUMNS} from audit_record
    where ${every([
      ...auditConditions(filter),
      page.after === null ? null : sql`id < ${page.after}::uuid`,
    ])}
    order by id desc
    ${limitOf(page)}`.execute(db);
  return toRows(rows, page, toRecord);
}

export async function countAuditRecords(db: Asker, filter: AuditFilter): Promise<number> {
  const { rows } = await sql<Counted>`
    select count(*) from audit_record where ${every(auditConditions(filter))}`.execute(db);
  return rowCount(rows);
}

export function auditConditions(filter: AuditFilter): (RawBuilder<unknown> | null)[] {
  const { clientId, clientIds, discordUserId, platformUserId, roleId } = filter;
  return [
    clientId === undefined ? null : sql`client_id = ${clientId}`,
    clientIds ? sql`client_id = any(${clientIds}::uuid[])` : null,
    discordUserId === undefined ? null : sql`discord_user_id = ${discordUserId}`,
    platformUserId === undefined ? null : sql`platform_user_id = ${platformUserId}`,
    filter.outcomes ? sql`outcome = any(${filter.outcomes}::text[])` : null,
    roleId === undefined
      ? null
      : sql`(${roleId} = any(planned_added) or ${roleId} = any(planned_removed) or ${roleId} = any(added) or ${roleId} = any(removed))`,
    filter.openedAfter ? sql`opened_at >= ${filter.openedAfter}` : null,
    filter.openedBefore ? sql`opened_at < ${filter.openedBefore}` : null,
  ];
}

export function toRecord({ ensuredAdded, ensuredRemoved, ...row }: RecordRow) {
  const closedAt = toDateOrNull(row.closedAt);
  return {
    ...row,
    // While a record is open, the result of its plan is unknown.
    ensured:
      closedAt === null
        ? { added: [], removed: [] }
        : { added: ensuredAdded, removed: ensuredRemoved },
    openedAt: toDate(row.openedAt),
    closedAt,
  };
}
