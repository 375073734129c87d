import { mkdir, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { Part, Readiness } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import { findPostgresBinaries } from './postgres/binaries.js';
import { DATABASE, SUPERUSER, prepareCluster, type Auth } from './postgres/cluster.js';
import { lockFolder } from './postgres/folder-lock.js';
import { endLeftoverServer } from './postgres/leftover.js';
import { choosePort } from './postgres/port.js';
import { findFooting, type RunAs } from './postgres/run-as.js';
import { ServerStartError, startServer, type RunningServer } from './postgres/server.js';

export interface EmbeddedPostgresOptions {
  /**
   * The server's own folder. The server creates `cluster/`, `password` (0600), `port` and `lock` in
   * it.
   */
  readonly dataDir: string;
  /** If unset: a free port, the same at each start unless another program takes it. */
  readonly port?: number;
  /** Server settings, as `-c name=value`. */
  readonly settings?: Readonly<Record<string, string>>;
  /**
   * `trust` accepts every local account without a password, for tests. The choice is fixed when the
   * folder is first used.
   */
  readonly auth?: Auth;
  readonly logger: Logger;
  /** Ways to start PostgreSQL's programs, tried in order; detected if unset. */
  readonly ways?: readonly RunAs[];
}

export interface EmbeddedPostgres extends Omit<Part, 'start'> {
  /** Creates the database `discord_connector` if needed. Resolves to its URL. */
  start(): Promise<{ readonly url: string; readonly pid: number }>;
}

/**
 * Runs a real PostgreSQL without installation, for newcomers and tests. It is not for production,
 * because the bundled OpenSSL is past its end of life.
 * In: a folder. Out: an address on 127.0.0.1.
 * Never: two servers on one folder, or a killed process's server that survives the next start.
 */
export function createEmbeddedPostgres(options: EmbeddedPostgresOptions): EmbeddedPostgres {
  let server: RunningServer | undefined;
  let unlock: (() => Promise<void>) | undefined;

  const stop = async () => {
    const running = server;
    server = undefined; // from here on, the server's end is expected
    await running?.stop();
    await unlock?.();
    unlock = undefined;
  };
  return {
    name: 'embedded-postgres',
    start: async () => {
      if (unlock) throw new Error('embedded PostgreSQL is already running');
      const dataDir = await makeFolder(options.dataDir);
      unlock = await lockFolder(dataDir);
      try {
        const started = await startIn(dataDir, options);
        server = started.server;
        reportEnd(server, options.logger, () => server);
        return { url: started.url, pid: server.pid };
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
    ready: () => readiness(server),
  };
}

async function makeFolder(dataDir: string): Promise<string> {
  await mkdir(dataDir, { recursive: true, mode: 0o755 });
  return realpath(resolve(dataDir));
}

async function startIn(
  dataDir: string,
  options: EmbeddedPostgresOptions,
): Promise<{ readonly server: RunningServer; readonly url: string }> {
  const { logger, ways, auth = 'password', settings = {} } = options;
  const binaries = await findPostgresBinaries();
  const footing = await findFooting({
    binaries,
    dataDir,
    logger,
    ...(ways ? { ways } : {}),
  });
  await endLeftoverServer({
    cluster: join(footing.dataDir, 'cluster'),
    logger,
  });
  const { cluster, password } = await prepareCluster({
    footing,
    auth,
    passwordFile: join(dataDir, 'password'),
    isDurable: settings['fsync'] !== 'off',
  });
  const attempt = async () => {
    const port = options.port ?? (await choosePort(join(dataDir, 'port')));
    const server = await startServer({
      footing,
      cluster,
      port,
      settings,
      logger,
    });
    return { server, url: urlOf(port, password) };
  };
  // Another program may take the port between the check and its use.
  return attempt().catch(async (error: unknown) => {
    if (options.port !== undefined || !isPortTaken(error)) throw error;
    return attempt();
  });
}

function urlOf(port: number, password: string | undefined): string {
  const account = password === undefined ? SUPERUSER : `${SUPERUSER}:${password}`;
  return `postgresql://${account}@127.0.0.1:${port}/${DATABASE}`;
}

function isPortTaken(error: unknown): boolean {
  return (
    error instanceof ServerStartError &&
    error.lines.some((line) => line.includes('Address already in use'))
  );
}

function reportEnd(
  started: RunningServer,
  logger: Logger,
  current: () => RunningServer | undefined,
): void {
  void started.ended.then(() => {
    if (current() === started) logger.error({ pid: started.pid }, 'embedded PostgreSQL exited');
  });
}

function readiness(server: RunningServer | undefined): Readiness {
  if (server?.isRunning()) return { ok: true };
  return { ok: false, reason: 'embedded PostgreSQL is not running' };
}
