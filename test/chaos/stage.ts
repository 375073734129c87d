import pg from 'pg';
import {
  createSandboxDiscord,
  type SandboxCall,
  type SandboxDiscord,
  type SandboxLimits,
} from 'sandbox-discord';

import { createImportRoles } from '../../services/connector/api-ports.js';
import { createCheckClient } from '../../services/connector/check-client.js';
import { timeOfSnowflake } from '../../packages/sandbox-discord/src/snowflake.js';
import { DEMO, demoWorld } from '../../services/demo/demo-world.js';
import type { Screening } from '../../services/model.js';
import type { Store } from '../../services/store/store.js';
import { cause, clientInput } from '../builders/store-world.js';
import { CHAOS_TIMING, openChaosGateway } from './path-parts.js';
import { patiently, patientStore } from './patience.js';
import { createDatabaseDoor, type DatabaseDoor } from '../support/database-door.js';
import type { Cluster } from './cluster.js';
import { eventually } from '../support/eventually.js';
import { makeSecrets } from './service/secrets.js';
import { CALLBACK_URL } from './service/sign-in.js';
import { startCrew, type Crew } from './crew.js';
import { OTHER_BOT } from './hands.js';
import { startWire, type Wire } from './wire.js';
import { openCrashStore } from '../support/crash-parts.js';
import { SECRETS } from '../support/rig.js';
import { storeDoors, type ClientPatch, type Doors } from './doors.js';
import { startService, TOLD, type ServiceStage } from './service/stage.js';
import type { Person, World } from './steps.js';

/**
 * The parts a world is played on: a database, the processes that use it, a recording proxy, and a
 * sandbox Discord.
 */
export interface Stage {
  readonly databaseUrl: string;
  readonly store: Store;
  readonly discord: SandboxDiscord;
  readonly wire: Wire;
  readonly crew: Crew;
  /** The proxy between its processes and the database; the test connects directly. */
  readonly door: DatabaseDoor;
  /** Null: only the path and the sweeps run. */
  readonly service: ServiceStage | null;
  readonly doors: Doors;
  readonly botToken: string;
  /** The table that contains every event ever written. */
  readonly told: string;
  readonly clientId: string;
  readonly bot: Person | null;
  readonly screening: Screening;
  readonly names: boolean;
  /** What the session reports is true and complete. */
  readonly isTruthful: boolean;
  /** When an entry of the sandbox's log was made, by our clock. */
  readonly timeOf: (entryId: string) => number;
  /** Calls that a planted fault affected. */
  readonly faulted: readonly SandboxCall[];
  readonly importRoles: () => Promise<unknown>;
  /** The doctor, in the process that answers people. */
  readonly check: () => Promise<unknown>;
  readonly update: (patch: ClientPatch) => Promise<void>;
  /** Queries the database directly. */
  readonly query: (text: string) => Promise<readonly unknown[]>;
  readonly stop: () => Promise<void>;
}

/** Both kinds of window occur; PUT and DELETE of a role share theirs. */
const SMALL_LIMITS: Partial<SandboxLimits> = {
  global: null,
  memberGet: { limit: 6, windowMs: 300, window: 'sliding' },
  memberPatch: { limit: 2, windowMs: 300, window: 'sliding' },
  memberRoles: { limit: 4, windowMs: 300, window: 'fixed' },
  others: null,
  invalidRequests: null,
};

/** Practically no limit. */
export const LENIENT = { minimum: 10_000, percent: 100 };

/**
 * Where a world is played: an existing database, or for a service one that can go down, with a
 * broker if there is one.
 */
export interface Ground {
  readonly url: string;
  readonly cluster: Cluster | null;
  readonly brokers: string | null;
}

export async function openStage(ground: Ground, world: World): Promise<Stage> {
  const { url: databaseUrl, cluster } = ground;
  const planted = makeSecrets();
  const { botToken, clientSecret } = cluster === null ? SECRETS : planted;
  const { discord, faulted } = openDiscord(world, { botToken, clientSecret });
  const { apiBase, url } = await discord.start();
  const wire = await startWire(apiBase);
  const { leaseMs } = CHAOS_TIMING;
  const key = cluster === null ? {} : { key: planted.encryptionKey };
  const store = patientStore(await openCrashStore(databaseUrl, leaseMs, key));
  const gateway = openChaosGateway(store, ASKER);
  const { id: clientId } = await store.clients.createClient(
    clientInput({
      guildId: DEMO.guildId,
      applicationId: DEMO.applicationId,
      botToken,
      clientSecret,
      callbackUrl: CALLBACK_URL,
      endpoints: {
        apiBase: wire.apiBase,
        authorizeUrl: `${url}/oauth2/authorize`,
        tokenUrl: `${apiBase}/oauth2/token`,
        revokeUrl: `${apiBase}/oauth2/token/revoke`,
      },
      removalGuard: { minimum: world.removals, percent: 0 },
      wholeListWrites: world.wholeListWrites,
      screening: world.screening,
      isLive: world.isLive,
      handRemovals: world.handRemovals,
      ...(world.names && {
        nicknamePolicy: { strategy: 'TEMPLATE', template: '%username', onUnlink: 'RESET' },
      }),
    }),
  );
  const importNow = createImportRoles({ store, gateway });
  // On a loaded machine an import may exceed the call timeout.
  await eventually(() =>
    importNow(clientId).then(
      () => true,
      () => false,
    ),
  );
  const direct = openQuery(ground);
  const door = await createDatabaseDoor(databaseUrl);
  const service =
    cluster === null
      ? null
      : await startService({ ...ground, cluster }, world.crew, {
          databaseUrl: door.url,
          planted,
          discord,
          query: direct.query,
          wish: {
            clientId,
            applyFacts: store.applyFacts,
            goesByTime: world.steps.some((step) => step.kind === 'group' && step.isDeleted),
          },
        });
  const crew = service?.crew ?? (await startCrew(door.url, world.crew));
  const update = async (patch: ClientPatch) =>
    void (await store.clients.updateClient(clientId, patch, cause));
  const importRoles = async () => importNow(clientId);
  return {
    databaseUrl,
    botToken,
    store,
    discord,
    wire,
    crew,
    door,
    service,
    doors: service?.doors ?? storeDoors({ store, clientId, update, importRoles }),
    told: service === null ? 'outbox' : TOLD,
    clientId,
    bot: world.bot,
    screening: world.screening,
    names: world.names,
    isTruthful: world.isTruthful,
    timeOf: (entryId) => timeOfSnowflake(entryId) - world.clockSkewMs,
    faulted,
    importRoles,
    check: async () => createCheckClient({ store, gateway }, () => null)(clientId),
    update,
    query: direct.query,
    async stop() {
      await direct.stop();
      door.letGo();
      await crew.stop();
      await door.stop();
      await service?.broker?.stop();
      await gateway.stop();
      await store.stop();
      await wire.stop();
      await discord.stop();
    },
  };
}

function openDiscord(
  world: World,
  secrets: { readonly botToken: string; readonly clientSecret: string },
) {
  const discord = createSandboxDiscord({
    world: demoWorld({ ...secrets, redirectUris: [CALLBACK_URL] }),
    clock: () => Date.now() + world.clockSkewMs,
    limits: world.isLimited ? SMALL_LIMITS : null,
    quirks: {
      unknownGuildCode: world.unknownGuildCode,
      keepsStaleRoleIds: world.keepsStaleRoleIds,
    },
    gateway: { ...GATEWAY, resumableMs: world.resumableMs },
  });
  addOtherBot(discord);
  screen(discord, world);
  const faulted: SandboxCall[] = [];
  discord.calls.onCall((call) => {
    if (call.fault !== undefined) faulted.push(call);
  });
  return { discord, faulted };
}

/** Short, so that a dead connection is noticed soon. */
const GATEWAY = { heartbeatIntervalMs: 1_000, reconnectGraceMs: 300 };

function addOtherBot({ moderator }: SandboxDiscord): void {
  moderator.addUser({ discordUserId: OTHER_BOT, username: 'other-bot', isBot: true });
  moderator.join({ guildId: DEMO.guildId, discordUserId: OTHER_BOT });
}

/** Members who have not passed screening have just joined, and one account may be a bot's. */
function screen({ moderator }: SandboxDiscord, { pending, bot }: World): void {
  const { guildId, accounts } = DEMO;
  const hasScreening = pending.length > 0;
  moderator.editGuild({ guildId, hasScreening });
  for (const person of pending) {
    const which = { guildId, discordUserId: accounts[person] };
    moderator.leave(which);
    moderator.join(which);
  }
  if (bot !== null) moderator.editUser({ discordUserId: accounts[bot], isBot: true });
}

function openQuery({ url, cluster }: Ground) {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  pool.on('error', () => undefined);
  return {
    query: async (text: string): Promise<readonly unknown[]> =>
      patiently(async () => {
        await cluster?.up();
        return (await pool.query<object>(text)).rows;
      }),
    stop: async () => pool.end(),
  };
}

/** The process that answers people and never writes to a member. */
export const ASKER = 'asker';
