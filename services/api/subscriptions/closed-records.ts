import type { AuditRecord } from '../audit/audit-record.types.js';
import type { AuditFilter } from '../audit/ports.js';
import type { Semaphore } from './limits.js';
import type { Moment, NoticePort, RecordPlace, StopListening } from './ports.js';
import type { Bell } from './stream.js';

/**
 * Maximum number of records held in memory for one subscriber. The next page is read once the
 * subscriber has consumed these records.
 */
const PAGE = 200;

/** The source of values for one subscriber. `look` reads the changes since its last call. */
export interface Looker<Value> {
  readonly look: () => AsyncGenerator<Value, void>;
  readonly stop: StopListening;
}

/**
 * Streams audit records that are closed after this call, each once. That includes records closed
 * before the first read.
 */
export async function lookForClosedRecords(deps: {
  readonly notices: NoticePort;
  readonly filter: AuditFilter;
  readonly bell: Bell;
  readonly gate: Semaphore;
  readonly onPage: () => void;
}): Promise<Looker<AuditRecord>> {
  const { notices, filter, bell, gate } = deps;
  const stop = await notices.onRecordsClosed((clientId) => {
    if (clientId === null || (filter.clientIds?.includes(clientId) ?? true)) bell.ring();
  });
  let since = await gate(() => notices.readMoment()).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  let until: Moment | null = null;
  let after: RecordPlace | null = null;

  async function* look(): AsyncGenerator<AuditRecord, void> {
    do {
      const window = { since, until, after, limit: PAGE };
      const page = await gate(() => notices.pageClosedRecords(filter, window));
      // The position is advanced before the records are delivered, so that a retry after a failed
      // read does not send them again.
      after = page.next;
      until = after === null ? null : page.until;
      if (after === null) since = page.until;
      deps.onPage();
      yield* page.records;
    } while (after !== null);
  }
  return { look, stop };
}
