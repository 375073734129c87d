/**
 * What subscriptions need from the store. In: a subscriber that wants notifications. Out: the
 * notification, then the changes page by page. Never: a record sent twice or left out, whichever
 * process closed it.
 */
import type { ClientId } from '../../model.js';
import type { AuditRecord } from '../audit/audit-record.types.js';
import type { AuditFilter } from '../audit/ports.js';

/** A snapshot of ended transactions; opaque. */
export type Moment = string;

/** The end of a page. */
export interface RecordPlace {
  readonly closedBy: string;
  readonly id: string;
}

interface RecordPage {
  readonly records: readonly AuditRecord[];
  readonly until: Moment;
  /** Null: that was all of it. */
  readonly next: RecordPlace | null;
}

export type StopListening = () => Promise<void>;

export interface NoticePort {
  /** Calls back with the client of closed records; with null when notices may have been missed. */
  onRecordsClosed(wake: (clientId: ClientId | null) => void): Promise<StopListening>;
  /**
   * Calls back for a sweep that has started or changed; with null if notifications may have been
   * missed.
   */
  onSweepsMoved(
    wake: (moved: { readonly clientId: ClientId; readonly sweepId: string } | null) => void,
  ): Promise<StopListening>;
  readMoment(): Promise<Moment>;
  /** Records closed after `since` and not after `until`, which is now when it is null. */
  pageClosedRecords(
    filter: AuditFilter,
    window: {
      readonly since: Moment;
      readonly until: Moment | null;
      readonly after: RecordPlace | null;
      readonly limit: number;
    },
  ): Promise<RecordPage>;
  /** Newest first, at most 200: unfinished ones, and those finished recently. */
  recentSweepIds(request: {
    readonly clientIds: readonly ClientId[] | null;
    readonly finishedWithinMs: number;
  }): Promise<readonly string[]>;
}
