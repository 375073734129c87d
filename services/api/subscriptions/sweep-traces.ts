import type { ClientId } from '../../model.js';
import type { Sweep } from '../sweeps/sweep.types.js';

const HOUR_MS = 3_600_000;
const REMEMBERED = 1_000;

export interface SweepTraces {
  /** Whether it has moved since this was asked last. */
  hasMoved(view: Sweep): boolean;
  /**
   * Sweeps of the client, or of all clients, that change without a notification because the path
   * works for them.
   */
  moving(clientId: ClientId | null): readonly string[];
}

/** The last state of each sweep sent to a subscriber. */
export function createSweepTraces(clock: () => number): SweepTraces {
  const traces = new Map<string, Trace>();
  return {
    hasMoved(view) {
      const trace = traceOf(view);
      const before = traces.get(view.id);
      traces.delete(view.id);
      traces.set(view.id, trace);
      const [oldest] = traces.keys();
      if (traces.size > REMEMBERED && oldest !== undefined) traces.delete(oldest);
      return before?.print !== trace.print;
    },
    moving: (clientId) =>
      [...traces]
        .filter(([, trace]) => clientId === null || trace.clientId === clientId)
        .filter(([, trace]) => trace.movesUntil > clock())
        .map(([id]) => id),
  };
}

interface Trace {
  readonly clientId: ClientId;
  readonly print: string;
  readonly movesUntil: number;
}

function traceOf(view: Sweep): Trace {
  const { state, plan, reason } = view;
  return {
    clientId: view.clientId,
    print: JSON.stringify({
      state,
      reason,
      counts: [view.checked, view.drifted, view.changed, view.failed],
      plan: [plan?.hash, plan?.removals, plan?.additions],
    }),
    movesUntil: movesUntil(view),
  };
}

export function isOver(view: Sweep): boolean {
  return view.finishedAt !== null;
}

/** Members that cannot be reconciled may never be counted, so stop waiting after an hour. */
function movesUntil(view: Sweep): number {
  if (view.finishedAt === null) return Infinity;
  const isWaitedFor = !view.isDryRun && view.changed + view.failed < view.drifted;
  return isWaitedFor ? view.finishedAt.getTime() + HOUR_MS : 0;
}
