/**
 * Builds every part of the connector, starts them in the order of the data flow, and stops them in
 * an order that lets them finish their work.
 * In: a configuration. Out: a running connector.
 * Never: a decision about a member; the reconcile path makes those.
 */
import { randomUUID } from 'node:crypto';

import { createHealthServer } from './api/http/listen.js';
import type { ApiObservers } from './api/limits/meter.js';
import type { ApiServer } from './api/server.js';
import type { Config } from './config.js';
import { createLife, type Life, type Part } from './lib/lifecycle.js';
import type { Logger } from './lib/logger.js';
import { createRequestScopes, type RequestScopes } from './lib/request-scope.js';
import { createSteadyClock } from './lib/steady-clock.js';
import type { Secrets } from './lib/secrets.js';
import { apiOf } from './connector/api.js';
import { createCheckClient } from './connector/check-client.js';
import { runNamedCommand } from './connector/commands.js';
import type { demonstrate as Demonstrate } from './connector/demonstrate.js';
import { createKeepPauses, discordOf } from './connector/discord.js';
import { eventParts } from './connector/events.js';
import { healthOf } from './connector/health.js';
import { liveOf } from './connector/live.js';
import { openStoreFor } from './connector/open-store.js';
import { type ConnectorTiming, reconcilePath, revocationsOf, TIMING } from './connector/path.js';
import { timedParts } from './connector/timed.js';
import { apiObservers, openTelemetry, type Telemetry } from './connector/telemetry.js';
import type { Store } from './store/store.js';
import type { RunningSandbox } from './demo/sandbox.js';

export const VERSION = '0.1.0';

export interface Connector {
  /**
   * Starts all parts. Resolves when the connector serves, or when it was stopped during the start.
   * In the sandbox, the result is the welcome text; otherwise it is empty. Waits while the database
   * is unreachable. Any other error is thrown after everything has stopped.
   */
  start(): Promise<string>;
  stop(): Promise<void>;
  /** Names of parts that have not stopped yet. */
  unfinished(): readonly string[];
}

export function createConnector(
  config: Config,
  logger: Logger,
  secrets: Secrets,
  timing: ConnectorTiming = TIMING,
): Connector {
  let life: Life | null = null;
  let isStopping = false;
  let starting: Promise<string> = Promise.resolve('');
  let store: Store | null = null;
  let sandbox: RunningSandbox | null = null;
  let telemetry: Telemetry | null = null;

  const run = async (): Promise<string> => {
    const processId = randomUUID();
    const about = { logger, secrets, version: VERSION, timing };
    telemetry = await openTelemetry(config, { ...about, processId });
    sandbox = await startSandboxFor(config, logger);
    const { statement: onStatement } = telemetry.observed;
    const scopes = createRequestScopes();
    const scope = () => scopes.current();
    const bound = { ...about, sandbox, onStatement, scope };
    store = await openStoreFor(config, bound);
    const world = { store, sandbox, telemetry, timing, scopes };
    const made = partsOf(config, logger, world);
    life = made.life;
    if (isStopping) return '';
    await life.start();
    if (life.stage() !== 'serving') return '';
    const address = made.api?.address() ?? null;
    const parts = [...config.parts];
    logger.info({ version: VERSION, address, parts }, 'ready');
    if (sandbox === null) return '';
    const base = config.http.publicUrl ?? address;
    return demonstrate({ ...made, store, sandbox, address: base });
  };
  const end = async () => {
    await life?.stop();
    await store?.stop();
    await sandbox?.stop();
    await telemetry?.stop();
  };
  return {
    start() {
      starting = run().catch(async (error: unknown) => {
        await end();
        throw error;
      });
      return starting;
    },
    async stop() {
      isStopping = true;
      logger.info('stopping');
      await life?.stop();
      await starting.catch(() => undefined);
      await end();
      logger.info('stopped');
    },
    unfinished: () => life?.unfinished() ?? ['start'],
  };
}

/** Imported on demand, like the sandbox: production never loads either. */
const demonstrate: typeof Demonstrate = async (made) =>
  (await import('./connector/demonstrate.js')).demonstrate(made);

async function startSandboxFor(config: Config, logger: Logger): Promise<RunningSandbox | null> {
  if (config.sandbox === null) return null;
  const { startSandbox } = await import('./demo/sandbox.js');
  return startSandbox({
    ...config.sandbox,
    dataDir: config.dataDir,
    needsDatabase: config.databaseUrl === null,
    logger,
  });
}

/** Runs a one-off command beside the service. Resolves to the process exit code. */
export async function runCommand(
  config: Config,
  name: string,
  args: readonly string[],
): Promise<number> {
  return runNamedCommand(config, { name, args, version: VERSION });
}

interface World {
  readonly store: Store;
  readonly sandbox: RunningSandbox | null;
  readonly telemetry: Telemetry;
  readonly timing: ConnectorTiming;
  readonly scopes: RequestScopes;
}

function partsOf(config: Config, logger: Logger, world: World) {
  const { store, sandbox, telemetry, timing, scopes } = world;
  const clock = createSteadyClock();
  const windowMs = config.reconcileWindowMs;
  const about = { store, telemetry, version: VERSION, timing, clock };
  const discord = discordOf(config, logger, about);
  const { gateway, oauth } = discord;
  const memory = memoryOf(store);
  const [kafka, ...events] = eventParts(config, logger, about);
  const pauses = createKeepPauses({ gateway, store, logger });
  const far: Part[] = [gateway, ...(kafka === undefined ? [] : [kafka])];
  const worker = config.parts.has('reconcile')
    ? reconcilePath(logger, { store, gateway, oauth, telemetry, clock, windowMs }, timing.path)
    : null;
  const path = worker === null ? [] : [worker, revocationsOf(logger, { store, oauth })];
  const watched: Part[] = [memory, store.clockWatch, ...far, ...path, ...events];
  const checkClient = createCheckClient({ store, gateway }, () => peopleBase(config, sandbox, api));
  const observers = apiObservers(telemetry, { ...discord, store, watched });
  const observed = { ...discord, watched, observers, life: (): Life => life };
  const api: ApiServer | null = config.parts.has('api')
    ? apiOf(config, logger, { store, sandbox, checkClient, scopes, ...observed })
    : null;
  const door = api ?? healthServerOf(config, logger, observed);
  const live =
    worker === null
      ? []
      : [
          liveOf(logger, {
            ...about,
            gateway,
            checkClient,
            isInWork: (member) => worker.isInWork(member),
          }),
        ];
  const timed = config.parts.has('sweeps')
    ? timedParts(logger, { ...about, gateway, checkClient })
    : [];
  const work = [store.clockWatch, ...path, ...live, ...events, ...timed];
  const life = createLife({
    // The HTTP server starts first, so that `/health/ready` can report what the start is waiting
    // for.
    starts: [door, memory, ...far, pauses, ...work],
    // The HTTP server stays open during shutdown, for requests in flight and for readiness probes.
    // Gateway sessions close before the leases are released, so that the next process resumes them.
    stops: [live, work.filter((part) => !live.includes(part)), [door], [...far, pauses], [memory]],
    logger,
    random: Math.random,
    clock,
  });
  return { life, gateway, api, checkClient };
}

/** The database connection. Migrates the schema before anything reads it. */
function memoryOf(store: Store): Part {
  return {
    name: store.name,
    async start() {
      await store.migrate();
      await store.keys.refuseWrong();
      await store.keys.logLost();
      await store.start();
    },
    stop: () => store.stop(),
    ready: () => store.ready(),
  };
}

function healthServerOf(
  config: Config,
  logger: Logger,
  observed: Parameters<typeof healthOf>[1] & { readonly observers: ApiObservers },
): Part {
  const health = healthOf(config, observed);
  const { observers } = observed;
  return createHealthServer({ ...config.http, health, logger, observers });
}

/**
 * Returns the base URL of public pages; null if not set. The sandbox uses its own address by
 * default; a real service must set PUBLIC_URL.
 */
function peopleBase(
  config: Config,
  sandbox: RunningSandbox | null,
  api: ApiServer | null,
): string | null {
  const own = sandbox === null ? null : (api?.address() ?? null);
  return config.http.publicUrl ?? own;
}
