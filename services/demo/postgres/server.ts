import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

import type { Logger } from '../../lib/logger.js';
import { spawnIdentity, type Footing } from './run-as.js';

const START_LIMIT_MS = 60_000; // recovery after a crash can take long
const FAST_SHUTDOWN_LIMIT_MS = 10_000;
const KEPT_LINES = 20;

export interface RunningServer {
  readonly pid: number;
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<void>;
  isRunning(): boolean;
  stop(): Promise<void>;
}

interface ServerOptions {
  readonly footing: Footing;
  readonly cluster: string;
  readonly port: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly logger: Logger;
}

/** The server did not start; `lines` are its last output. */
export class ServerStartError extends Error {
  constructor(
    cause: string,
    readonly lines: readonly string[],
  ) {
    super(`embedded PostgreSQL did not start (${cause}): ${lines.join(' | ')}`);
    this.name = 'ServerStartError';
  }
}

/** Resolves once the server accepts connections. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const child = spawnServer(options);
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  await waitUntilReady(child, options.logger);
  return {
    pid: child.pid ?? 0,
    ended,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    stop: async () => stopServer(child, ended),
  };
}

function spawnServer(options: ServerOptions): ChildProcess {
  const { footing, cluster, port, settings } = options;
  const all = {
    // Loopback only. No socket file, because its folder would have to be accessible to two
    // accounts.
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    port: String(port),
    ...settings,
  };
  const words = [
    ...footing.runAs.prefix,
    footing.binaries.postgres,
    '-D',
    cluster,
    ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  const [file = '', ...args] = words;
  return spawn(file, args, {
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true, // Ctrl-C must reach only the service, which then stops its children in order
    ...spawnIdentity(footing.runAs),
  });
}

async function waitUntilReady(child: ChildProcess, logger: Logger): Promise<void> {
  const lines: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (cause: string) => reject(new ServerStartError(cause, lines));
  const timer = setTimeout(() => {
    fail(`not ready after ${START_LIMIT_MS / 1000} s`);
    child.kill('SIGQUIT');
  }, START_LIMIT_MS);
  child.once('error', (error) => fail(error.message));
  child.once('close', (code, signal) => fail(`ended with ${code ?? signal}`));
  if (child.stderr) {
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
      if (line.includes('ready to accept connections')) resolve();
      log(logger, line);
    });
  }
  try {
    await promise;
  } finally {
    clearTimeout(timer);
  }
}

function log(logger: Logger, line: string): void {
  const isTrouble = /\b(?:FATAL|PANIC):/.test(line);
  logger[isTrouble ? 'warn' : 'debug']({ line }, 'embedded PostgreSQL');
}

/**
 * Tries a fast shutdown, which ends sessions and writes a checkpoint. If that takes too long, tries
 * an immediate shutdown, after which the next start has to recover. Finally kills the server.
 */
async function stopServer(child: ChildProcess, ended: Promise<void>): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!child.kill(signal)) break; // gone already
    const timer = new AbortController();
    const isOver = await Promise.race([
      ended.then(() => true),
      delay(FAST_SHUTDOWN_LIMIT_MS, false, { signal: timer.signal }),
    ]);
    timer.abort();
    if (isOver) return;
  }
  await ended;
}
