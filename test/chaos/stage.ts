import pg from 'pg';

import type { Authority } from '../../services/model.js';
import { createImportRoles } from '../../services/connector/api-ports.js';
import { createSandboxDiscord } from '../../services/sandbox/discord/sandbox-discord.js';
import type {
  SandboxCall,
  SandboxDiscord,
  SandboxLimits,
} from '../../services/sandbox/discord/sandbox-interface.js';
import { timeOfSnowflake } from '../../services/sandbox/discord/snowflake.js';
import { DEMO, demoWorld } from '../../services/sandbox/demo-world.js';
import type { Store } from '../../services/store/store.js';
import { cause, clientInput } from '../builders/store-world.js';
import { CHAOS_TIMING, openChaosGateway } from '../support/chaos-parts.js';
import { eventually } from '../support/eventually.js';
import { startCrew, type Crew } from '../support/chaos-crew.js';
import { startWire, type Wire } from '../support/chaos-wire.js';
import { openCrashStore } from '../support/crash-parts.js';
import { SECRETS } from '../support/rig.js';
import type { World } from './steps.js';

/** What a world is played on: a database, processes that work it, a wire that is listened to, and a sandbox Discord. */
export interface Stage {
  readonly databaseUrl: string;
  readonly store: Store;
  readonly discord: SandboxDiscord;
  readonly wire: Wire;
  readonly crew: Crew;
  readonly clientId: string;
  /** When the sandbox's log says that a thing was done, by our clock. */
  readonly timeOf: (entryId: string) => number;
  /** Calls that met a planted fault. */
  readonly faulted: readonly SandboxCall[];
  readonly importRoles: () => Promise<unknown>;
  readonly update: (patch: ClientPatch) => Promise<void>;
  /** Asked of the database itself. */
  readonly query: (text: string) => Promise<readonly unknown[]>;
  readonly stop: () => Promise<void>;
}

export interface ClientPatch {
  readonly isEnabled?: boolean;
  readonly authority?: Authority;
  readonly unknownMembership?: 'KEEP' | 'REMOVE';
  readonly removalGuard?: {
    readonly minimum: number;
    readonly percent: number;
  };
  readonly wholeListWrites?: boolean;
  readonly botToken?: string;
}

/** Of both kinds of window; PUT and DELETE of a role share theirs. */
const SMALL_LIMITS: Partial<SandboxLimits> = {
  global: null,
  memberGet: { limit: 6, windowMs: 300, window: 'sliding' },
  memberPatch: { limit: 2, windowMs: 300, window: 'sliding' },
  memberRoles: { limit: 4, windowMs: 300, window: 'fixed' },
  others: null,
  invalidRequests: null,
};

/** As good as none. */
export const LENIENT = { minimum: 10_000, percent: 100 };

export async function openStage(
  databaseUrl: string,
  world: World,
): Promise<Stage> {
  const discord = createSandboxDiscord({
    world: demoWorld(SECRETS),
    clock: () => Date.now() + world.clockSkewMs,
    limits: world.isLimited ? SMALL_LIMITS : null,
    quirks: {
      unknownGuildCode: world.unknownGuildCode,
      keepsStaleRoleIds: world.keepsStaleRoleIds,
    },
  });
  const faulted: SandboxCall[] = [];
  discord.calls.onCall((call) => {
    if (call.fault !== undefined) faulted.push(call);
  });
  const wire = await startWire((await discord.start()).apiBase);
  const store = await openCrashStore(databaseUrl, CHAOS_TIMING.leaseMs);
  const gateway = openChaosGateway(store, ASKER);
  const { id: clientId } = await store.clients.createClient(
    clientInput({
      guildId: DEMO.guildId,
      applicationId: DEMO.applicationId,
      ...SECRETS,
      endpoints: { ...clientInput().endpoints, apiBase: wire.apiBase },
      removalGuard: { minimum: world.removals, percent: 0 },
      wholeListWrites: world.wholeListWrites,
    }),
  );
  const importRoles = createImportRoles({ store, gateway });
  // A loaded machine may take longer than a call may.
  await eventually(() =>
    importRoles(clientId).then(
      () => true,
      () => false,
    ),
  );
  const crew = await startCrew(databaseUrl, world.crew);
  const direct = new pg.Client({ connectionString: databaseUrl });
  await direct.connect();
  return {
    databaseUrl,
    store,
    discord,
    wire,
    crew,
    clientId,
    timeOf: (entryId) => timeOfSnowflake(entryId) - world.clockSkewMs,
    faulted,
    importRoles: async () => importRoles(clientId),
    update: async (patch) =>
      void (await store.clients.updateClient(clientId, patch, cause)),
    query: async (text) => (await direct.query<object>(text)).rows,
    async stop() {
      await direct.end();
      await crew.stop();
      await gateway.stop();
      await store.stop();
      await wire.stop();
      await discord.stop();
    },
  };
}

/** The process that answers people and never writes to a member. */
export const ASKER = 'asker';
