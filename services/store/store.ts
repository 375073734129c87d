import {
  createDrainOutbox,
  createEnqueueEvent,
  createEnqueueEvents,
  type EnqueueEvent,
} from './outbox/outbox.js';
import { clearTrouble, createSending, logTroubleEnd, saveTrouble } from './clients/trouble.js';
import { readCredentials } from './clients/client-rows.js';
import { countUnknownMemberships } from './read/platform.js';
import type { Db } from './entities/entities.js';
import type { KeyRing } from '../lib/encryption.js';
import type { Logger } from '../lib/logger.js';
import type { RequestScope } from '../lib/request-scope.js';
import type { JobTable } from '../reconcile/job.js';
import type { Memory } from '../reconcile/ports.js';
import { createChecks } from './clients/checks.js';
import { createClients } from './clients/clients.js';
import { createSaveRoles } from './clients/save-roles.js';
import { translateAtStart } from './connection/away.js';
import { createClockWatch } from './connection/clock-watch.js';
import { openConnections } from './connection/connections.js';
import type { Database } from './connection/database.js';
import type { Guard, JudgePlan } from './decisions/hold-burst.js';
import { createApplyFacts } from './facts/apply-facts.js';
import { createRestoreUser } from './facts/restore-user.js';
import { createExportAudit } from './export/export-audit.js';
import { createIdempotentAnswers } from './idempotency/idempotent-answers.js';
import { createReconcileMember } from './jobs/await-outcome.js';
import { letBotsGo, releaseBotLeases, renewBotLeases } from './jobs/bot-leases.js';
import { createClaimJobs } from './jobs/claim.js';
import { createImportMembers } from './links/import-members.js';
import { createStoredKeys } from './keys/stored-keys.js';
import { startListing } from './jobs/start-listing.js';
import { createLinks, findLink } from './links/links.js';
import { createLiveMemory } from './live/live-memory.js';
import type { HeartbeatTiming } from './connection/heartbeat.js';
import type { Listener } from './connection/listen.js';
import { createMappings } from './mappings/mappings.js';
import { migrate } from './migrate.js';
import { createNotices } from './notices/notices.js';
import { readTally, type Removal } from './path/guard-tally.js';
import type { OnStatement } from './connection/observe-pool.js';
import { createOpenRecord } from './path/records.js';
import { readMember } from './path/read-member.js';
import { createPostpone, createSettle } from './path/settle.js';
import type { ReadTiming } from './connection/read-share.js';
import { createReadQueries } from './read/read-queries.js';
import { createRetention } from './retention/retention.js';
import { createSignInStore } from './sign-in/sign-in-store.js';
import { createReadStanding } from './standing/read-standing.js';
import { createSweepStore } from './sweeps/sweep-store.js';

export interface StoreOptions {
  readonly url: string;
  readonly poolSize: number;
  /** Identifies this process in leases and claims; never reused. */
  readonly owner: string;
  readonly keys: KeyRing;
  /** Returns true only if the process with this owner id has certainly ended. */
  readonly isGone: (owner: string) => boolean;
  /** How long a bot lease lasts unless renewed. */
  readonly leaseMs: number;
  /** The connector's version, stored when it migrates the database. */
  readonly version?: string;
  /** Whether a broker is configured; without one, no events are stored. */
  readonly hasBroker: boolean;
  /** The removal guard: decides which removals of a burst wait for approval. */
  readonly judgePlan: JudgePlan;
  readonly clock: () => number;
  readonly logger: Logger;
  readonly onStatement?: OnStatement;
  readonly scope?: () => RequestScope | null;
  readonly readTiming?: Partial<ReadTiming>;
  readonly heartbeat?: HeartbeatTiming;
}

/** Opens the database connections and returns all database operations. */
export async function openStore(options: StoreOptions) {
  const { owner, keys, clock } = options;
  const { database, listener, ready, close } = await openConnections(options);
  const enqueueEvent = createEnqueueEvent(options);
  const enqueueEvents = createEnqueueEvents(options);
  const guard = { judgePlan: options.judgePlan, enqueueEvent };
  const { logger } = options;
  const path = { database, owner, enqueueEvent, guard, logger };
  const db = () => database.sql();
  let closing: Promise<void> | null = null;

  return {
    name: 'store',
    memory: memoryOf(path),
    jobs: jobsOf({ options, database, listener }),
    outbox: {
      drain: createDrainOutbox({ database, lock: listener.tryLock }),
      onPending: (wake: () => void) => listener.on('outbox', wake),
    },
    clients: createClients({ database, keys, guard, clock, logger }),
    mappings: createMappings({ database, guard, clock }),
    links: linksOf({ options, database, enqueueEvent }),
    signIn: createSignInStore({
      database,
      keys,
      owner,
      enqueueEvent,
      clock,
      listener,
    }),
    sweeps: createSweepStore({ database, owner, enqueueEvent, enqueueEvents, listener }),
    live: createLiveMemory({ database, owner, guard, enqueueEvents }),
    notices: createNotices({ database, listener }),
    idempotency: createIdempotentAnswers({ database, keys }),
    restoreUser: createRestoreUser({ database }),
    applyFacts: createApplyFacts({ database, guard }),
    ...questionsAboutClients(db, options),
    read: createReadQueries(database),
    readStanding: createReadStanding({ database, keyIds: keys.keyIds }),
    clockWatch: createClockWatch({ database, clock, logger }),
    connections: () => database.connections(),
    ...createSending(db, listener),
    migrate: () =>
      migrate(database, options.version).catch((error: unknown) => {
        throw translateAtStart(error);
      }),
    keys: createStoredKeys(options, database),
    removeOver: createRetention({ database, lock: listener.tryLock }),
    exportAudit: createExportAudit(db),
    start: () => listener.start(),
    ready,
    stop: () => (closing ??= close()),
  };
}

/** Client operations that are one statement each. */
function questionsAboutClients(db: () => Db, { keys, owner, logger }: StoreOptions) {
  return {
    countUnknownMemberships: (clientId: string) => countUnknownMemberships(db(), clientId),
    ...createChecks(db, owner),
    clearTrouble: async (clientId: string) =>
      logTroubleEnd(logger, clientId, await clearTrouble(db(), clientId)),
    readTally: (clientId: string, removals: readonly Removal[]) =>
      readTally(db(), clientId, removals),
    readCredentials: (clientId: string) => readCredentials(db(), keys, clientId),
  };
}

/** The database operations of services/reconcile. */
function memoryOf(path: {
  readonly database: Database;
  readonly owner: string;
  readonly enqueueEvent: EnqueueEvent;
  readonly guard: Guard;
  readonly logger: Logger;
}): Memory {
  const { database, guard } = path;
  const db = () => database.sql();
  return {
    readMember: (member) => readMember(database.prepared, member),
    openRecord: createOpenRecord(path),
    settle: createSettle(path),
    postpone: createPostpone(path),
    saveRoles: createSaveRoles({ database, guard }),
    saveTrouble: (clientId, trouble) => saveTrouble(db(), clientId, trouble),
  };
}

/** The worker's job operations. */
function jobsOf({
  options,
  database,
  listener,
}: {
  readonly options: StoreOptions;
  readonly database: Database;
  readonly listener: Listener;
}): JobTable {
  const { owner } = options;
  const db = () => database.sql();
  return {
    renewLeases: () => renewBotLeases(db(), options),
    releaseLeases: () => releaseBotLeases(db(), owner),
    letGo: (bots) => letBotsGo(db(), owner, bots),
    claim: createClaimJobs(database.prepared, options),
    startListing: (clientId) => startListing(db(), clientId),
    onMarked: (wake) => listener.on('reconcile_job', wake),
  };
}

function linksOf({
  options,
  database,
  enqueueEvent,
}: {
  readonly options: StoreOptions;
  readonly database: Database;
  readonly enqueueEvent: EnqueueEvent;
}) {
  const { clock } = options;
  return {
    ...createLinks({ database, enqueueEvent, clock }),
    importMembers: createImportMembers({
      database,
      enqueueEvents: createEnqueueEvents(options),
    }),
    findLink: (id: string) => findLink({ em: database.orm.em.fork() }, id),
    reconcileMember: createReconcileMember({ database }),
  };
}

export type Store = Awaited<ReturnType<typeof openStore>>;
