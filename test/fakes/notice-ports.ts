import type { NoticePort, StopListening } from '../../services/api/subscriptions/ports.js';
import type { AuditRecord } from '../../services/api/audit/audit-record.types.js';
import type { AuditFilter } from '../../services/api/audit/ports.js';
import type { Sweep } from '../../services/api/sweeps/sweep.types.js';

/** Of records, their order is that of closing: a moment is how many there were. */
export interface NoticeWorld {
  readonly audit: readonly AuditRecord[];
  readonly sweeps: readonly Sweep[];
}

/** The port, and the hands of whoever closes records and moves sweeps. */
export interface FakeNotices extends NoticePort {
  /** Says that records of a client were closed; null: that notices may have been missed. */
  recordsClosed(clientId: string | null): void;
  sweepMoved(sweep: Sweep | null): void;
  /** How many listen now. */
  listeners(): number;
}

export function createFakeNotices(world: NoticeWorld): FakeNotices {
  const onRecords = new Set<(clientId: string | null) => void>();
  const onSweeps = new Set<Parameters<NoticePort['onSweepsMoved']>[0]>();
  return {
    recordsClosed: (clientId) => onRecords.forEach((wake) => wake(clientId)),
    sweepMoved: (sweep) =>
      onSweeps.forEach((wake) => wake(sweep && { clientId: sweep.clientId, sweepId: sweep.id })),
    listeners: () => onRecords.size + onSweeps.size,
    onRecordsClosed: async (wake) => listen(onRecords, wake),
    onSweepsMoved: async (wake) => listen(onSweeps, wake),
    readMoment: async () => String(world.audit.length),
    pageClosedRecords: async (filter, { since, until, after, limit }) => {
      const end = until ?? String(world.audit.length);
      const begin = Number(after?.id ?? since);
      const found = world.audit
        .map((record, at) => ({ record, at }))
        .slice(begin, Number(end))
        .filter(({ record }) => fits(record, filter));
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        records: page.map(({ record }) => record),
        until: end,
        next: found.length > limit && last ? { closedBy: '0', id: String(last.at + 1) } : null,
      };
    },
    recentSweepIds: async ({ clientIds }) =>
      world.sweeps
        .filter((sweep) => clientIds?.includes(sweep.clientId) ?? true)
        .map((sweep) => sweep.id),
  };
}

function listen<Wake>(wakes: Set<Wake>, wake: Wake): StopListening {
  wakes.add(wake);
  return async () => void wakes.delete(wake);
}

function fits(record: AuditRecord, filter: AuditFilter): boolean {
  return (
    (filter.clientIds?.includes(record.clientId) ?? true) &&
    [record.discordUserId, undefined].includes(filter.discordUserId) &&
    [record.platformUserId, undefined].includes(filter.platformUserId) &&
    (filter.outcomes?.includes(record.outcome ?? 'UNCHANGED') ?? true)
  );
}
