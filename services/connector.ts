/**
 * The wiring: builds every part in the order of the flow, starts them in that order, stops them in reverse.
 * In: a configuration. Out: a running connector.
 * Never: a decision about a member; those are the path's.
 */
import { createApiKeyAuthenticator } from './api/auth/api-keys.js';
import { createApiServer } from './api/server.js';
import type { Config } from './config.js';
import {
  checkApiBase,
  checkEndpoint,
  DISCORD_ENDPOINTS,
} from './discord/endpoints.js';
import { createDiscordGateway } from './discord/gateway.js';
import { createInvalidBudget } from './discord/invalid-budget.js';
import { createKeyRing } from './lib/encryption.js';
import { startAll, type Part } from './lib/lifecycle.js';
import { identifyProcess } from './lib/process-identity.js';
import { createLogger, type Logger } from './lib/logger.js';
import { apiPorts } from './connector/api-ports.js';
import { demonstrate, demoVariables } from './connector/demonstrate.js';
import { eventParts } from './connector/events.js';
import { healthOf } from './connector/health.js';
import { PATH_TIMING, pathOf } from './connector/path.js';
import { openStore, type Store } from './store/store.js';
import { startSandbox, type RunningSandbox } from './sandbox/sandbox.js';

export const VERSION = '0.1.0';

export interface Connector {
  /** What a newcomer needs to know; empty unless the sandbox runs. */
  readonly greeting: string;
  /** Where the API listens; null when this process runs without it. */
  readonly address: string | null;
  stop(): Promise<void>;
}

export async function startConnector(config: Config): Promise<Connector> {
  const logger = createLogger(config.logLevel);
  const sandbox =
    config.sandbox === null
      ? null
      : await startSandbox({
          ...config.sandbox,
          dataDir: config.dataDir,
          needsDatabase: config.databaseUrl === null,
          logger,
        });
  try {
    return await startOn(config, logger, sandbox);
  } catch (error) {
    await sandbox?.stop();
    throw error;
  }
}

/** Brings the given database up to date without starting anything. */
export async function migrateDatabase(config: Config): Promise<void> {
  const store = await openStoreFor(config, createLogger(config.logLevel), null);
  await store.migrate();
  await store.stop();
}

async function startOn(
  config: Config,
  logger: Logger,
  sandbox: RunningSandbox | null,
): Promise<Connector> {
  const store = await openStoreFor(config, logger, sandbox);
  try {
    await store.migrate();
    const { parts, gateway, api } = partsOf(config, logger, { store, sandbox });
    const stopAll = await startAll(parts);
    const address = api?.address() ?? null;
    logger.info(
      { version: VERSION, address, parts: [...config.parts] },
      'ready',
    );
    const greeting =
      sandbox === null
        ? ''
        : await demonstrate({
            sandbox,
            store,
            gateway,
            address: config.http.publicUrl ?? address,
          });
    return {
      address,
      greeting,
      async stop() {
        logger.info('stopping');
        await stopAll();
        await sandbox?.stop();
        logger.info('stopped');
      },
    };
  } catch (error) {
    await store.stop();
    throw error;
  }
}

async function openStoreFor(
  config: Config,
  logger: Logger,
  sandbox: RunningSandbox | null,
): Promise<Store> {
  const url = config.databaseUrl ?? sandbox?.databaseUrl;
  if (url === undefined || url === null)
    throw new Error('there is no database: set DATABASE_URL');
  const given = config.encryptionKeys;
  const keys =
    given.length > 0 || sandbox === null
      ? given
      : [
          {
            id: 'sandbox',
            key: Buffer.from(sandbox.secrets.encryptionKey, 'base64'),
          },
        ];
  const identity = identifyProcess();
  return openStore({
    url,
    poolSize: config.databasePoolSize,
    owner: identity.id,
    isGone: (owner) => identity.isGone(owner),
    keys: createKeyRing(keys),
    windowMs: config.reconcileWindowMs,
    leaseMs: PATH_TIMING.leaseMs,
    hasBroker: config.kafka !== null,
    clock: Date.now,
    logger,
  });
}

interface World {
  readonly store: Store;
  readonly sandbox: RunningSandbox | null;
}

function partsOf(config: Config, logger: Logger, { store, sandbox }: World) {
  const budget = createInvalidBudget({ clock: Date.now, logger });
  const gateway = createDiscordGateway({
    credentials: store.readCredentials,
    budget,
    logger,
    clock: Date.now,
    random: Math.random,
    userAgent: {
      url: config.http.publicUrl ?? `http://${config.http.host}`,
      version: VERSION,
    },
    timeoutMs: PATH_TIMING.callMs,
  });
  const watched: Part[] = [store, gateway];
  if (config.parts.has('reconcile'))
    watched.push(pathOf(logger, { store, gateway }));
  watched.push(...eventParts(config, logger, store));
  const api = config.parts.has('api')
    ? apiOf(config, logger, { store, sandbox, gateway, budget, watched })
    : null;
  return { gateway, api, parts: api === null ? watched : [...watched, api] };
}

type Gateway = ReturnType<typeof createDiscordGateway>;

function apiOf(
  config: Config,
  logger: Logger,
  world: World & {
    gateway: Gateway;
    budget: ReturnType<typeof createInvalidBudget>;
    watched: readonly Part[];
  },
) {
  const { sandbox } = world;
  const sandboxKey = sandbox && {
    name: 'sandbox-admin',
    scopes: ['discord:admin'] as const,
    hash: sandbox.adminKeyHash,
    clientIds: null,
  };
  const rules = {
    allowlist: config.endpointAllowlist,
    isProduction: sandbox === null,
  };
  return createApiServer({
    ports: { ...apiPorts(world), health: healthOf(config, world) },
    auth: createApiKeyAuthenticator({
      keys: sandboxKey ? [...config.apiKeys, sandboxKey] : config.apiKeys,
    }),
    logger,
    clock: Date.now,
    host: config.http.host,
    port: config.http.port,
    ...(config.http.publicUrl !== null && { publicUrl: config.http.publicUrl }),
    isProduction: sandbox === null,
    checkEndpoint: (url, name) =>
      (name === 'apiBase' ? checkApiBase : checkEndpoint)(url, rules),
    defaultEndpoints: sandbox?.client.endpoints ?? DISCORD_ENDPOINTS,
    ...(sandbox && {
      playgroundVariables: async () =>
        demoVariables({ sandbox, store: world.store }),
    }),
  });
}
