import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { silentLogger } from '../../services/lib/logger.js';
import { createEmbeddedPostgres } from '../../services/demo/embedded-postgres.js';
import { bringUpToDate } from '../support/bring-up-to-date.js';

const run = promisify(execFile);

/**
 * `fast` ends sessions and flushes everything to disk. `immediate` is a crash: the next start
 * replays the log.
 */
export type OutageMode = 'fast' | 'immediate';

/** A PostgreSQL for one world, which can stop and restart. */
export interface Cluster {
  readonly url: string;
  readonly password: string;
  /** Resolves when the server is down; it restarts after this time. */
  outage(mode: OutageMode, ms: number): Promise<void>;
  /** Resolves when the server is up. */
  up(): Promise<void>;
  /** When the server was down. */
  readonly outages: readonly Outage[];
  stop(): Promise<void>;
}

export interface Outage {
  readonly from: number;
  until: number;
}

/**
 * `fsync` is off: a crash of the server alone loses no data, and no test needs the data after a
 * crash of the machine.
 */
const SETTINGS = {
  fsync: 'off',
  max_connections: '120',
  shared_buffers: '16MB',
};

/**
 * A cluster with the present tables to copy: creating one takes seconds, copying it a tenth of one.
 */
export interface ClusterTemplate {
  start(): Promise<Cluster>;
  end(): Promise<void>;
}

export async function createClusterTemplate(): Promise<ClusterTemplate> {
  const home = await mkdtemp(join(tmpdir(), 'discord-connector-chaos-'));
  await chmod(home, 0o755);
  const template = join(home, 'template');
  const server = serverIn(template);
  const { url } = await server.start();
  await bringUpToDate(url);
  await server.stop();
  let started = 0;
  return {
    async start() {
      started += 1;
      const folder = join(home, `world-${started}`);
      await run('cp', ['-a', template, folder]);
      // Each world chooses a free port of its own.
      await rm(join(folder, 'port'), { force: true });
      return startIn(folder);
    },
    end: async () => rm(home, { recursive: true, force: true, maxRetries: 10 }),
  };
}

function serverIn(dataDir: string, port?: number) {
  return createEmbeddedPostgres({
    dataDir,
    settings: SETTINGS,
    logger: silentLogger,
    ...(port !== undefined && { port }),
  });
}

async function startIn(folder: string): Promise<Cluster> {
  let server = serverIn(folder);
  let { pid, url } = await server.start();
  const first = new URL(url);
  const outages: Outage[] = [];
  let up: Promise<void> = Promise.resolve();

  const comeBack = async (outage: Outage, ms: number) => {
    await sleep(ms);
    server = serverIn(folder, Number(first.port));
    ({ pid, url } = await server.start());
    outage.until = Date.now();
  };
  return {
    url,
    password: first.password,
    outages,
    up: async () => up,
    async outage(mode, ms) {
      await up;
      const outage: Outage = { from: Date.now(), until: Infinity };
      outages.push(outage);
      if (mode === 'immediate') process.kill(pid, 'SIGQUIT');
      await server.stop();
      up = comeBack(outage, ms);
      // Callers of `up` receive the failure.
      up.catch(() => undefined);
    },
    async stop() {
      await up.catch(() => undefined);
      await server.stop();
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
