/**
 * The wiring: builds every part in the order of the flow, starts them in that order, stops them in reverse.
 * In: a configuration. Out: a running connector.
 * Never: a decision about a member; those are the path's.
 */
import type { ApiServer } from './api/server.js';
import type { Config } from './config.js';
import { createKeyRing } from './lib/encryption.js';
import { startAll, type Part } from './lib/lifecycle.js';
import { identifyProcess } from './lib/process-identity.js';
import { createLogger, type Logger } from './lib/logger.js';
import { apiOf } from './connector/api.js';
import { createCheckClient } from './connector/check-client.js';
import { demonstrate } from './connector/demonstrate.js';
import { discordOf } from './connector/discord.js';
import { eventParts } from './connector/events.js';
import { PATH_TIMING, pathOf, revocationsOf } from './connector/path.js';
import { sweepParts } from './connector/sweeps.js';
import { openStore, type Store } from './store/store.js';
import { createDailyChecks } from './sweep/daily-checks.js';
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
    const made = partsOf(config, logger, { store, sandbox });
    const { parts, gateway, api, checkClient } = made;
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
            checkClient,
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
  const discord = discordOf(config, logger, { store, version: VERSION });
  const { gateway, oauth } = discord;
  const watched: Part[] = [store, gateway];
  if (config.parts.has('reconcile'))
    watched.push(
      pathOf(logger, { store, gateway, oauth }),
      revocationsOf(logger, { store, oauth }),
    );
  watched.push(...eventParts(config, logger, store));
  const checkClient = createCheckClient({ store, gateway }, () =>
    peopleBase(config, sandbox, api),
  );
  const api: ApiServer | null = config.parts.has('api')
    ? apiOf(config, logger, {
        store,
        sandbox,
        ...discord,
        watched,
        checkClient,
      })
    : null;
  const timed = config.parts.has('sweeps')
    ? [
        createDailyChecks({
          claimDueChecks: store.claimDueChecks,
          checkClient,
          logger,
        }),
        ...sweepParts(logger, { store, gateway }),
      ]
    : [];
  const parts = [...watched, ...(api === null ? [] : [api]), ...timed];
  return { gateway, api, checkClient, parts };
}

/** Of the addresses that people are given. Where nobody said it, the sandbox is its own; a real service must be told. */
function peopleBase(
  config: Config,
  sandbox: RunningSandbox | null,
  api: ApiServer | null,
): string | null {
  const own = sandbox === null ? null : (api?.address() ?? null);
  return config.http.publicUrl ?? own;
}
