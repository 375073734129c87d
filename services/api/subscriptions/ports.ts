/**
 * The store's port for subscriptions. In: listeners. Out: notifications, then the changes page by
 * page. Never: a record sent twice or left out, whichever process closed it.
 */
import type { ClientId } from '../../model.js';
import type { AuditRecord } from '../audit/audit-record.types.js';
import type { AuditFilter } from '../audit/ports.js';

/** A PostgreSQL snapshot, which tells which transactions have ended; opaque. */
export type Moment = string;

/** The position of the last record of a page. */
export interface RecordPlace {
  readonly closedBy: string;
  readonly id: string;
}

interface RecordPage {
  readonly records: readonly AuditRecord[];
  readonly until: Moment;
  /** Null: this is the last page. */
  readonly next: RecordPlace | null;
}

export type StopListening = () => Promise<void>;

export interface NoticePort {
  /**
   * Calls `wake` with the client whose records were closed, or with null if notifications may have
   * been missed. Resolves to an unsubscribe function.
   */
  onRecordsClosed(wake: (clientId: ClientId | null) => void): Promise<StopListening>;
  /**
   * Calls `wake` with a sweep that has started or changed, or with null if notifications may have
   * been missed. Resolves to an unsubscribe function.
   */
  onSweepsMoved(
    wake: (moved: { readonly clientId: ClientId; readonly sweepId: string } | null) => void,
  ): Promise<StopListening>;
  readMoment(): Promise<Moment>;
  /** Returns a page of records closed after `since` and until `until`; null: until now. */
  pageClosedRecords(
    filter: AuditFilter,
    window: {
      readonly since: Moment;
      readonly until: Moment | null;
      readonly after: RecordPlace | null;
      readonly limit: number;
    },
  ): Promise<RecordPage>;
  /** Returns the ids of unfinished and recently finished sweeps, newest first, at most 200. */
  recentSweepIds(request: {
    readonly clientIds: readonly ClientId[] | null;
    readonly finishedWithinMs: number;
  }): Promise<readonly string[]>;
}
