import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import pg from 'pg';
import { z } from 'zod';

import { silentLogger } from '../../services/lib/logger.js';
import {
  createEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from '../../services/demo/embedded-postgres.js';
import { asNobody, asRootElsewhere, type RunAs } from '../../services/demo/postgres/run-as.js';

export interface EmbeddedWorld {
  /** Open to everybody; `dataDir` lies in it and does not exist yet. */
  readonly folder: string;
  readonly dataDir: string;
  embedded(options?: Partial<EmbeddedPostgresOptions>): EmbeddedPostgres;
  /** A process of its own with a server in `dataDir`, to be killed. */
  startChild(ways?: readonly RunAs[]): ChildProcess;
  end(): Promise<void>;
}

export const isRoot = process.getuid?.() === 0;

/** As on systems that cannot end a child with its parent. */
export const withoutDeathSignal: readonly RunAs[] = isRoot
  ? [...asRootElsewhere, ...asNobody].filter(({ prefix }) => prefix[0] !== 'setpriv')
  : [{ prefix: [] }];

/** An empty folder, and an end to everything that a test starts in it. */
export async function createEmbeddedWorld(): Promise<EmbeddedWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'discord-connector-embedded-'));
  await chmod(folder, 0o755);
  const dataDir = join(folder, 'postgres');
  const cleanups: (() => Promise<void>)[] = [];
  return {
    folder,
    dataDir,
    embedded: (options = {}) => {
      const server = createEmbeddedPostgres({
        dataDir,
        settings: { fsync: 'off' },
        logger: silentLogger,
        ...options,
      });
      cleanups.push(async () => server.stop());
      return server;
    },
    startChild: (ways) => {
      const child = spawnChild(dataDir, ways);
      cleanups.push(async () => kill(child));
      return child;
    },
    end: async () => {
      for (const cleanup of cleanups.toReversed()) await cleanup();
      // A server dies some milliseconds after the child that was killed.
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

function spawnChild(dataDir: string, ways?: readonly RunAs[]): ChildProcess {
  const script = join(import.meta.dirname, 'embedded-postgres-child.ts');
  const args = ['--import', 'tsx', script, dataDir];
  if (ways) args.push(JSON.stringify(ways));
  return spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

const addressLine = z.object({ url: z.string(), pid: z.number() });

/** What the child says once its server is up. */
export async function firstLine(child: ChildProcess): Promise<z.infer<typeof addressLine>> {
  if (!child.stdout) throw new Error('no output');
  const lines = createInterface({ input: child.stdout });
  const [line]: unknown[] = await once(lines, 'line');
  return addressLine.parse(JSON.parse(String(line)));
}

export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

export async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
