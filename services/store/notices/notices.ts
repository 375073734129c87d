import type { ClientId } from '../../model.js';
import type { Database } from '../connection/database.js';
import type { Listener } from '../connection/listen.js';
import { pageClosedRecords, readMoment, type RecordWindow } from './closed-records.js';
import { recentSweepIds } from './recent-sweeps.js';
import type { AuditFilter } from '../../api/audit/ports.js';

/** Notifications about events in any process. No query runs without a listener. */
export function createNotices({
  database,
  listener,
}: {
  readonly database: Database;
  readonly listener: Pick<Listener, 'on'>;
}) {
  const db = () => database.sql();
  return {
    /** Calls back with null when notices may have been missed. */
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

export interface SweepMoved {
  readonly clientId: ClientId;
  readonly sweepId: string;
}

function movedOf(payload: string | null): SweepMoved | null {
  const [clientId, sweepId] = payload?.split(' ') ?? [];
  return clientId && sweepId ? { clientId, sweepId } : null;
}
