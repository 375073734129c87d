import type { ClientId, DiscordUserId } from '../../model.js';
import type { Database } from '../database.js';
import type { EnqueueEvents } from '../outbox/enqueue-event.js';
import type { Page } from '../read/page.js';
import type { Listener } from '../listen.js';
import { readDrift, type DriftRequest } from './drift.js';
import {
  countLinkedMembers,
  readExpectation,
  readLinkedMembers,
  readOldest,
} from './guild-state.js';
import {
  noteLeft,
  refreshMirror,
  type ListedMember,
  type ListingRef,
} from './refresh-mirror.js';
import {
  claimSweep,
  createFinishSweep,
  holdSweep,
  releaseSweep,
  renewSweep,
  type SweepRun,
} from './runs.js';
import { createSchedules, type NextRun, type Timing } from './schedules.js';
import { cancelSweep, createStartSweep } from './start-sweep.js';
import {
  countSweeps,
  findSweeps,
  pageSweeps,
  type SweepFilter,
} from './sweep-views.js';

interface Deps {
  readonly database: Database;
  readonly owner: string;
  readonly enqueueEvents: EnqueueEvents;
  readonly listener: Pick<Listener, 'on'>;
}

/** Everything the sweeps ask of the database. */
export function createSweepStore(deps: Deps) {
  const { database, listener } = deps;
  const db = () => database.sql();
  return {
    /** For the API. */
    startSweep: createStartSweep(database),
    cancelSweep: async (id: string) => cancelSweep(db(), id),
    findSweeps: async (ids: readonly string[]) => findSweeps(db(), ids),
    pageSweeps: async (filter: SweepFilter, page: Page) =>
      pageSweeps(db(), filter, page),
    countSweeps: async (filter: SweepFilter) => countSweeps(db(), filter),
    /** With what only the room of the sweeps knows: when a pattern's next time is, and what is usual. */
    schedules: (timing: {
      readonly nextRun: NextRun;
      readonly defaultsOf: (clientId: ClientId) => readonly Timing[];
    }) => createSchedules({ database, ...timing }),
    onSchedule: (wake: () => void) => listener.on('schedule', wake),
    onSweep: (wake: () => void) => listener.on('sweep', wake),
    runs: runsOf(deps),
    readDrift: async (request: DriftRequest) => readDrift(db(), request),
    readExpectation: async (clientId: ClientId) =>
      readExpectation(db(), clientId),
    readLinkedMembers: async (clientId: ClientId) =>
      readLinkedMembers(db(), clientId),
    countLinkedMembers: async (clientId: ClientId) =>
      countLinkedMembers(db(), clientId),
    readOldest: async (request: Parameters<typeof readOldest>[1]) =>
      readOldest(db(), request),
  };
}

/** What a process does with the sweep it holds. What is written for one that it holds no longer resolves with null. */
function runsOf({ database, owner, enqueueEvents }: Deps) {
  const db = () => database.sql();
  return {
    claim: async (leaseMs: number) => claimSweep(db(), owner, leaseMs),
    renew: async (id: string, ms: number, checked: number) =>
      renewSweep(db(), { id, owner, ms }, checked),
    release: async (id: string) => releaseSweep(db(), id, owner),
    finish: createFinishSweep(database, owner),
    refreshMirror: async (
      run: SweepRun,
      listing: ListingRef,
      members: readonly ListedMember[],
    ) =>
      database.transaction(async (tx) =>
        (await holdSweep(tx.sql, run.id, owner))
          ? refreshMirror(tx.sql, listing, members, enqueueEvents)
          : null,
      ),
    noteLeft: async (
      run: SweepRun,
      listing: ListingRef,
      listed: readonly DiscordUserId[],
    ) =>
      database.transaction(async (tx) =>
        (await holdSweep(tx.sql, run.id, owner))
          ? noteLeft(tx.sql, listing, listed, enqueueEvents)
          : null,
      ),
  };
}
