/**
 * The API's port for subscriptions. The store calls listeners with notifications, and returns the
 * changes page by page. It never returns a record twice and never leaves one out, whichever process
 * closed it.
 */
import type { ClientId } from '../../model.js';
import type { AuditRecord } from '../audit/audit-record.types.js';
import type { AuditFilter } from '../audit/ports.js';

/**
 * A PostgreSQL snapshot as opaque text. It records which transactions had ended when it was taken.
 */
export type Moment = string;

/** The position of a page's last record; the next page starts after it. */
export interface RecordPlace {
  readonly closedBy: string;
  readonly id: string;
}

interface RecordPage {
  readonly records: readonly AuditRecord[];
  readonly until: Moment;
  /** Null on the last page. */
  readonly next: RecordPlace | null;
}

export type StopListening = () => Promise<void>;

export interface NoticePort {
  /**
   * Calls `wake` with the client whose audit records were closed, or with null if notifications may
   * have been missed. Resolves to a function that stops the calls.
   */
  onRecordsClosed(wake: (clientId: ClientId | null) => void): Promise<StopListening>;
  /**
   * Calls `wake` with a sweep that has started or changed, or with null if notifications may have
   * been missed. Resolves to a function that stops the calls.
   */
  onSweepsMoved(
    wake: (moved: { readonly clientId: ClientId; readonly sweepId: string } | null) => void,
  ): Promise<StopListening>;
  readMoment(): Promise<Moment>;
  /**
   * Returns a page of records closed after `since` and up to `until`; if `until` is null, up to
   * now.
   */
  pageClosedRecords(
    filter: AuditFilter,
    window: {
      readonly since: Moment;
      readonly until: Moment | null;
      readonly after: RecordPlace | null;
      readonly limit: number;
    },
  ): Promise<RecordPage>;
  /**
   * Returns the ids of unfinished and recently finished sweeps, newest first, at most 200. A null
   * `clientIds` selects all clients.
   */
  recentSweepIds(request: {
    readonly clientIds: readonly ClientId[] | null;
    readonly finishedWithinMs: number;
  }): Promise<readonly string[]>;
}
