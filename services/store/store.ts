import type { KeyRing } from '../lib/encryption.js';
import type { Logger } from '../lib/logger.js';
import type { JobTable } from '../reconcile/job-table.js';
import type { Memory } from '../reconcile/ports.js';
import { readCredentials } from './clients/credentials.js';
import { createClients } from './clients/clients.js';
import { createSaveRoles } from './clients/save-roles.js';
import { clearTrouble, saveTrouble } from './clients/trouble.js';
import { openDatabase } from './database.js';
import { createApplyFacts } from './facts/apply-facts.js';
import { createReconcileMember } from './jobs/await-outcome.js';
import {
  letBotsGo,
  releaseBotLeases,
  renewBotLeases,
} from './jobs/bot-leases.js';
import { abandonJobs, claimJobs } from './jobs/claim.js';
import { createLinks, findLink } from './links/links.js';
import { createListener } from './listen.js';
import { createMappings } from './mappings/mappings.js';
import { migrate } from './migrate.js';
import { createDrainOutbox } from './outbox/drain-outbox.js';
import { createEnqueueEvent } from './outbox/enqueue-event.js';
import { createOpenRecord, readTally } from './path/open-record.js';
import { readMember } from './path/read-member.js';
import { createPostpone, createSettle } from './path/settle.js';
import { createReadQueries } from './read/read-queries.js';

export interface StoreOptions {
  readonly url: string;
  readonly poolSize: number;
  /** Names this process in leases and claims; never used twice. */
  readonly owner: string;
  readonly keys: KeyRing;
  /** Of another owner: has its process ended for certain? */
  readonly isGone: (owner: string) => boolean;
  /** How long a fact's mark waits for others to join it. */
  readonly windowMs: number;
  readonly leaseMs: number;
  /** Whether there is a broker to take written events away. */
  readonly hasBroker: boolean;
  readonly clock: () => number;
  readonly logger: Logger;
}

/** The memory: everything the rooms ask of the database, behind one open connection pool. */
export async function openStore(options: StoreOptions) {
  const { owner, keys, windowMs, leaseMs, isGone, clock } = options;
  const leasing = { owner, leaseMs, isGone };
  const database = await openDatabase(options);
  const listener = createListener(options);
  const enqueueEvent = createEnqueueEvent(options);
  const path = { database, owner, enqueueEvent };
  const db = () => database.sql();

  const memory: Memory = {
    readMember: (member) => readMember(db(), member),
    openRecord: createOpenRecord(path),
    settle: createSettle(path),
    postpone: createPostpone(path),
    saveRoles: createSaveRoles(database),
    saveTrouble: (clientId, trouble) => saveTrouble(db(), clientId, trouble),
  };

  const jobs: JobTable = {
    renewLeases: () => renewBotLeases(db(), leasing),
    releaseLeases: () => releaseBotLeases(db(), owner),
    letGo: (applicationIds) => letBotsGo(db(), owner, applicationIds),
    claim: (request) => claimJobs(db(), leasing, request),
    abandon: (members) => abandonJobs(db(), owner, members),
    onMarked: (wake) => listener.on('reconcile_job', wake),
  };

  return {
    name: 'store',
    memory,
    jobs,
    outbox: {
      drain: createDrainOutbox({ database, lock: listener.tryLock }),
      onPending: (wake: () => void) => listener.on('outbox', wake),
    },
    clients: createClients({ database, keys, clock }),
    mappings: createMappings({ database, enqueueEvent, clock }),
    links: {
      ...createLinks({ database, enqueueEvent, clock }),
      findLink: (id: string) => findLink({ em: database.orm.em.fork() }, id),
      reconcileMember: createReconcileMember({ database, clock }),
    },
    applyFacts: createApplyFacts({ database, windowMs }),
    clearTrouble: (clientId: string) => clearTrouble(db(), clientId),
    readTally: (clientId: string, removals: number) =>
      readTally(db(), clientId, removals),
    readCredentials: (clientId: string) =>
      readCredentials(db(), keys, clientId),
    read: createReadQueries(db),
    migrate: () => migrate(database),
    start: () => listener.start(),
    ready: () => listener.ready(),
    async stop() {
      await listener.stop();
      await database.close();
    },
  };
}

export type Store = Awaited<ReturnType<typeof openStore>>;
