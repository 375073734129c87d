import type { ClientId } from '../../model.js';
import type { SweepPort } from '../sweeps/ports.js';
import type { Sweep } from '../sweeps/sweep.types.js';
import type { Bell } from './bell.js';
import type { Looker } from './closed-records.js';
import { createDueSweeps, type DueSweeps } from './due-sweeps.js';
import type { Semaphore } from './gate.js';
import type { NoticePort, StopListening } from './ports.js';
import { createSweepTraces, isOver, type SweepTraces } from './sweep-traces.js';

const HOUR_MS = 3_600_000;

export interface SweepScope {
  /** Null: all of them. */
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
   * The path's progress on a sweep changes no sweep row, so such sweeps are re-read at this
   * interval.
   */
  readonly lookAgainMs: number;
  readonly clock: () => number;
}

interface Watched extends Deps {
  readonly traces: SweepTraces;
  readonly due: DueSweeps;
}

/**
 * Sweeps as they change, each in its state when read: a slow reader misses intermediate states,
 * never the last one. Unfinished sweeps come first; a named sweep comes in any state.
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

/** Finished sweeps are no news; unfinished ones are sent first. */
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
