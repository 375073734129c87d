import type { ClientId, DiscordUserId, Outcome, PlatformUserId, RoleId } from '../../model.js';
import type { Page, Rows } from '../kit/ports.js';
import type { AuditRecord } from './audit-record.types.js';

export interface AuditFilter {
  readonly clientId?: ClientId;
  /** Only records of these clients, for example those that a limited key may access. */
  readonly clientIds?: readonly ClientId[];
  readonly discordUserId?: DiscordUserId;
  readonly platformUserId?: PlatformUserId;
  readonly outcomes?: readonly Outcome[];
  readonly roleId?: RoleId;
  readonly openedAfter?: Date;
  readonly openedBefore?: Date;
}

export interface AuditReads {
  /** Returns a page of records, newest first. */
  pageAuditRecords(filter: AuditFilter, page: Page): Promise<Rows<AuditRecord>>;
  countAuditRecords(filter: AuditFilter): Promise<number>;
}
