import type { EnqueueEvent, EnqueueEvents } from '../outbox/outbox.js';
import { createSchedules, type Usual } from './schedules.js';
import { cancelSweep, claimSweep, createStartSweep, theSweep } from './start-sweep.js';
import { rememberAgreements } from '../remote/save-readings.js';
import type { Page } from '../../api/kit/ports.js';
import type { SweepFilter } from '../../api/sweeps/ports.js';
import type { ClientId, DiscordUserId } from '../../model.js';
import type {
  ListedMember,
  ListingRef,
  SweepEnding,
  SweepRun,
  UnlinkedChunk,
} from '../../sweep/ports.js';
import type { Database } from '../connection/database.js';
import type { Listener } from '../connection/listen.js';
import { createDecideSweep, type Decision } from '../decisions/decide.js';
import type { JudgePlan } from '../decisions/hold-burst.js';
import { saveUnlinkedHolders } from '../unlinked/save-unlinked.js';
import { readWaiting } from './answer-waiting.js';
import { type DriftRequest, readDrift } from './drift.js';
import {
  countLinkedMembers,
  hasWritten,
  readExpectation,
  readLinkedMembers,
  readOldest,
  readScreened,
} from './guild-state.js';
import { type NamePageRequest, readNamePage, readNameRules } from './name-page.js';
import { noteLeft, refreshMirror } from './refresh-mirror.js';
import { createFinishSweep, holdSweep, postponeSweep, releaseSweep, renewSweep } from './runs.js';
import { countSweeps, findSweeps, heldSweeps, pageSweeps } from './sweep-views.js';

interface Deps {
  readonly database: Database;
  readonly owner: string;
  readonly enqueueEvent: EnqueueEvent;
  readonly enqueueEvents: EnqueueEvents;
  readonly listener: Pick<Listener, 'on'>;
}

/** All database operations of the sweeps. */
export function createSweepStore(deps: Deps) {
  const { database, listener } = deps;
  const db = () => database.sql();
  return {
    startSweep: createStartSweep(database),
    cancelSweep: async (id: string) => cancelSweep(db(), id),
    decideSweep: async (decision: Decision) => {
      await createDecideSweep(database)(decision);
      return theSweep(db(), decision.id);
    },
    findSweeps: async (ids: readonly string[]) => findSweeps(db(), ids),
    heldSweeps: async (clientId: ClientId) => heldSweeps(database.prepared, clientId),
    pageSweeps: async (filter: SweepFilter, page: Page) => pageSweeps(database.reads, filter, page),
    countSweeps: async (filter: SweepFilter) => countSweeps(database.reads, filter),
    /**
     * `usual` supplies the next time of a cron pattern and the default schedules, which only
     * services/sweep knows.
     */
    schedules: (usual: Usual) => createSchedules({ database, ...usual }),
    onSchedule: (wake: () => void) => listener.on('schedule', wake),
    onSweep: (wake: () => void) => listener.on('sweep', wake),
    /** `judgePlan` decides which of a sweep's removals wait for approval. */
    runs: (judgePlan: JudgePlan) => runsOf(deps, judgePlan),
    readDrift: async (request: DriftRequest) => readDrift(db(), request),
    readExpectation: async (clientId: ClientId) => readExpectation(db(), clientId),
    hasWritten: async (clientId: ClientId, asOf: string) => hasWritten(db(), clientId, asOf),
    readLinkedMembers: async (clientId: ClientId, beforePage: () => Promise<void>) =>
      readLinkedMembers(db(), clientId, { beforePage }),
    readWaiting: async (clientId: ClientId) => readWaiting(db(), clientId),
    countLinkedMembers: async (clientId: ClientId) => countLinkedMembers(db(), clientId),
    readScreened: async (request: Parameters<typeof readScreened>[1]) =>
      readScreened(db(), request),
    readOldest: async (request: Parameters<typeof readOldest>[1]) => readOldest(db(), request),
    readNameRules: async (clientId: ClientId) => readNameRules(db(), clientId),
    readNamePage: async (request: NamePageRequest) => readNamePage(db(), request),
  };
}

/**
 * Operations of the process that owns a sweep. If the process no longer owns the sweep, these
 * operations write nothing and return null or false.
 */
function runsOf(deps: Deps, judgePlan: JudgePlan) {
  const { database, owner, enqueueEvents } = deps;
  const db = () => database.sql();
  const finish = createFinishSweep({ ...deps, judgePlan });
  return {
    claim: async (leaseMs: number, inWork: readonly string[]) =>
      claimSweep(db(), owner, { leaseMs, inWork }),
    renew: async (id: string, ms: number, checked: number) =>
      renewSweep(db(), { id, owner, ms }, checked),
    release: async (run: SweepRun) => releaseSweep(db(), run, owner),
    postpone: async (id: string, until: { readonly waitMs: number; readonly reason: string }) =>
      postponeSweep(db(), { id, owner }, until),
    async finish(run: SweepRun, ending: SweepEnding) {
      if (ending.state === 'DONE' && !run.isDryRun) await rememberAgreements(db(), run.clientId);
      return finish(run, ending);
    },
    refreshMirror: async (run: SweepRun, listing: ListingRef, members: readonly ListedMember[]) =>
      database.transaction(async (tx) =>
        (await holdSweep(tx.sql, run.id, owner))
          ? refreshMirror(tx.sql, listing, members, enqueueEvents)
          : null,
      ),
    saveUnlinkedHolders: async (run: SweepRun, chunk: UnlinkedChunk) =>
      database.transaction(async (tx) => {
        const isOurs = await holdSweep(tx.sql, run.id, owner);
        if (isOurs) await saveUnlinkedHolders(tx.sql, run.clientId, chunk);
        return isOurs;
      }),
    noteLeft: async (run: SweepRun, listing: ListingRef, missing: readonly DiscordUserId[]) =>
      database.transaction(async (tx) =>
        (await holdSweep(tx.sql, run.id, owner))
          ? noteLeft(tx.sql, listing, missing, enqueueEvents)
          : null,
      ),
  };
}
