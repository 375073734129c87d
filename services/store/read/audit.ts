import { type RawBuilder, sql } from 'kysely';

import type {
  AuditRecordId,
  Cause,
  ClientId,
  DiscordUserId,
  Outcome,
  PlatformUserId,
  RoleId,
} from '../../model.js';
import type { Asker } from '../connection/together.js';
import {
  type Counted,
  type Time,
  rowCount,
  every,
  limitOf,
  toDate,
  toDateOrNull,
  toRows,
} from './page.js';
import type { AuditFilter } from '../../api/audit/ports.js';
import type { Page, Rows } from '../../api/kit/ports.js';

export interface RecordRow {
  readonly id: AuditRecordId;
  readonly client_id: ClientId;
  readonly discord_user_id: DiscordUserId;
  readonly platform_user_id: PlatformUserId | null;
  readonly causes: readonly Cause[];
  readonly planned_added: readonly RoleId[];
  readonly planned_removed: readonly RoleId[];
  readonly added: readonly RoleId[];
  readonly removed: readonly RoleId[];
  readonly ensured_added: readonly RoleId[];
  readonly ensured_removed: readonly RoleId[];
  readonly nickname: string | null;
  readonly outcome: Outcome | null;
  readonly reason: string | null;
  readonly opened_at: Time;
  readonly closed_at: Time | null;
}

export const RECORD_COLUMNS = sql`
  id, client_id, discord_user_id, platform_user_id, causes, planned_added, planned_removed, added, removed,
  ensured_added, ensured_removed, nickname, outcome, reason, opened_at, closed_at`;

/** Newest first: ids are UUIDv7, so their order is that of opening. */
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

/** While a record is open, the result of its plan is unknown. */
function ensuredRoles(row: RecordRow) {
  if (row.closed_at === null) return { added: [], removed: [] };
  return { added: row.ensured_added, removed: row.ensured_removed };
}

export function toRecord(row: RecordRow) {
  return {
    id: row.id,
    clientId: row.client_id,
    discordUserId: row.discord_user_id,
    platformUserId: row.platform_user_id,
    causes: row.causes,
    plannedAdded: row.planned_added,
    plannedRemoved: row.planned_removed,
    added: row.added,
    removed: row.removed,
    ensured: ensuredRoles(row),
    nickname: row.nickname,
    outcome: row.outcome,
    reason: row.reason,
    openedAt: toDate(row.opened_at),
    closedAt: toDateOrNull(row.closed_at),
  };
}
