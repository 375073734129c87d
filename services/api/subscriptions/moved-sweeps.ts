import type { ClientId } from '../../model.js';
import type { SweepPort } from '../sweeps/ports.js';
import type { Sweep } from '../sweeps/sweep.types.js';
import type { Looker } from './closed-records.js';
import type { Semaphore } from './limits.js';
import type { NoticePort, StopListening } from './ports.js';
import type { Bell } from './stream.js';

const HOUR_MS = 3_600_000;

export interface SweepScope {
  /** Null: all sweeps of `clientIds`. */
  readonly sweepId: string | null;
  readonly clientIds: readonly ClientId[] | null;
}

interface Deps {
  readonly notices: NoticePort;
  readonly sweeps: Pick<SweepPort, 'findSweeps'>;
  readonly scope: SweepScope;
  readonly bell: Bell;
  readonly gate: Semaphore;
  readonly onPage: () => void;
  /**
   * How often unfinished sweeps are read again. A worker's progress changes no sweep row, so it
   * causes no notification.
   */
  readonly lookAgainMs: number;
  readonly clock: () => number;
}

interface Watched extends Deps {
  readonly traces: SweepTraces;
  readonly due: DueSweeps;
}

/**
 * Streams sweeps as they change, each with its state at the time of the read. A slow reader may
 * miss intermediate states, but never the last one. Unfinished sweeps come first. The sweep named
 * in `scope` is sent even if it is finished.
 */
export async function lookForMovedSweeps(deps: Deps): Promise<Looker<Sweep>> {
  const traces = createSweepTraces(deps.clock);
  const watched = { ...deps, traces, due: createDueSweeps() };
  const stop = await listen(watched);
  try {
    await takeStock(watched);
  } catch (error) {
    await stop();
    throw error;
  }
  let lookedAgainAt = deps.clock();
  return {
    stop,
    look() {
      if (deps.clock() - lookedAgainAt >= deps.lookAgainMs) {
        lookedAgainAt = deps.clock();
        watched.due.add(traces.moving(null));
      }
      return look(watched);
    },
  };
}

async function listen(watched: Watched): Promise<StopListening> {
  const { notices, scope, due, traces, bell } = watched;
  const ring = () => void (due.isEmpty() || bell.ring());
  const touches = (clientId: ClientId) => scope.clientIds?.includes(clientId) ?? true;
  const stopSweeps = await notices.onSweepsMoved((moved) => {
    if (moved === null) due.addAll();
    else if (touches(moved.clientId)) due.add(within(scope, [moved.sweepId]));
    ring();
  });
  const stopRecords = await notices
    .onRecordsClosed((clientId) => {
      due.add(traces.moving(clientId));
      ring();
    })
    .catch(async (error: unknown) => {
      await stopSweeps();
      throw error;
    });
  return async () => {
    await Promise.all([stopSweeps(), stopRecords()]);
  };
}

const within = ({ sweepId }: SweepScope, ids: readonly string[]) =>
  sweepId === null ? ids : ids.filter((id) => id === sweepId);

/**
 * Queues the unfinished sweeps and the sweep named in `scope`. The states of other finished sweeps
 * are only remembered, so that they are not sent as changed later.
 */
async function takeStock(watched: Watched): Promise<void> {
  const { scope, due, traces, bell } = watched;
  for (const view of await read(watched, await recentIds(watched)))
    if (isOver(view) && view.id !== scope.sweepId) traces.hasMoved(view);
    else due.add([view.id]);
  if (!due.isEmpty()) bell.ring();
}

async function* look(watched: Watched): AsyncGenerator<Sweep, void> {
  const { due, traces } = watched;
  try {
    if (due.takeAll()) due.add(await recentIds(watched));
    for (let ids = due.take(); ids.length > 0; ids = due.take())
      for (const view of await read(watched, ids)) if (traces.hasMoved(view)) yield view;
  } catch (error) {
    due.addAll();
    throw error;
  }
}

async function recentIds(watched: Watched): Promise<readonly string[]> {
  const { notices, gate, scope } = watched;
  if (scope.sweepId !== null) return [scope.sweepId];
  const { clientIds } = scope;
  return gate(() => notices.recentSweepIds({ clientIds, finishedWithinMs: HOUR_MS }));
}

async function read(
  { sweeps, gate, onPage }: Watched,
  ids: readonly string[],
): Promise<readonly Sweep[]> {
  if (ids.length === 0) return [];
  const found = await gate(() => sweeps.findSweeps(ids));
  onPage();
  return found.filter((view) => view !== undefined);
}

const AT_A_TIME = 20;
const MOST = 200;

/** The ids of sweeps to read. If there are more than 200, all recent sweeps are read instead. */
interface DueSweeps {
  add(ids: readonly string[]): void;
  addAll(): void;
  isEmpty(): boolean;
  /** Returns whether all recent sweeps must be read, and resets that flag. */
  takeAll(): boolean;
  /** Removes and returns the first ids, at most 20. */
  take(): readonly string[];
}

export function createDueSweeps(): DueSweeps {
  const due = new Set<string>();
  let areAllDue = false;
  return {
    add(ids) {
      for (const id of ids) due.add(id);
      if (due.size <= MOST) return;
      due.clear();
      areAllDue = true;
    },
    addAll: () => void (areAllDue = true),
    isEmpty: () => due.size === 0 && !areAllDue,
    takeAll() {
      const wereAllDue = areAllDue;
      areAllDue = false;
      return wereAllDue;
    },
    take() {
      const ids = [...due].slice(0, AT_A_TIME);
      for (const id of ids) due.delete(id);
      return ids;
    },
  };
}

const REMEMBERED = 1_000;

interface SweepTraces {
  /** Returns whether the sweep has changed since the last call for it, and remembers its state. */
  hasMoved(view: Sweep): boolean;
  /**
   * Returns the ids of sweeps of a client (null: of all clients) that may change without a
   * notification, because workers are carrying out their plans.
   */
  moving(clientId: ClientId | null): readonly string[];
}

/**
 * Remembers, for one subscriber, the state in which each sweep was last read. Keeps the last 1,000
 * sweeps.
 */
function createSweepTraces(clock: () => number): SweepTraces {
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

/**
 * Returns the time until which the sweep may still change, in milliseconds since 1970. The counts
 * of a finished sweep change while members are reconciled. Some members may never be reconciled, so
 * a finished sweep is followed for at most an hour.
 */
function movesUntil(view: Sweep): number {
  if (view.finishedAt === null) return Infinity;
  const isWaitedFor = !view.isDryRun && view.changed + view.failed < view.drifted;
  return isWaitedFor ? view.finishedAt.getTime() + HOUR_MS : 0;
}
