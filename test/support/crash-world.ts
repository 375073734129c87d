import { join } from 'node:path';
import { createInterface } from 'node:readline';

import pg from 'pg';
import { createSandboxDiscord, type SandboxCall, type SandboxDiscord } from 'sandbox-discord';

import { PATH_TIMING, reconcilePath } from '../../services/connector/path.js';
import { silentLogger } from '../../services/lib/logger.js';
import { DEMO, demoWorld } from '../../services/demo/demo-world.js';
import type { Store } from '../../services/store/store.js';
import { clientInput, createMappedClient, link } from '../builders/store-world.js';
import { compiledProject } from './compiled.js';
import type { CrashOrder } from './crash-child.js';
import { openCrashStore, openGateway } from './crash-parts.js';
import { eventually } from './eventually.js';
import { SECRETS } from './rig.js';
import { endChild, spawnBound } from './spawn-bound.js';
import { createMigratedDatabase } from './store.js';
import { noOAuth } from './no-oauth.js';

const { guildId, applicationId, accounts, roles } = DEMO;

/**
 * A database and a sandbox Discord that outlive the processes using them, with Carol linked and no
 * role added yet.
 */
export interface CrashWorld {
  readonly store: Store;
  readonly discord: SandboxDiscord;
  readonly clientId: string;
  readonly linkId: string;
  readonly query: (sql: string) => Promise<readonly Record<string, unknown>[]>;
  /** Resolves when the job table is empty. */
  readonly quiet: () => Promise<void>;
  /**
   * Starts the path of another process, wired as in production; it is stopped with the world at the
   * latest.
   */
  readonly startPath: () => Promise<{ stop(): Promise<void> }>;
  /**
   * Runs all waiting jobs with a path that is stopped again, so that no process holds the bot
   * afterwards.
   */
  readonly settle: () => Promise<void>;
  /** Starts the path in a process of its own. */
  readonly startChild: (order?: Partial<CrashOrder>) => Promise<CrashChild>;
  /** Call it once the child is dead: ends its lease, which lasts as long as in production. */
  readonly endLease: () => Promise<void>;
  /** The writes that the sandbox counted since the last `settle`, oldest first. */
  readonly writes: () => readonly SandboxCall[];
  readonly rolesOfCarol: () => readonly string[];
  readonly end: () => Promise<void>;
}

export interface CrashChild {
  /** The points passed so far, in order. */
  readonly passed: () => readonly string[];
  /** Resolves with the signal that ended the process; null: it ended in order. */
  readonly ended: () => Promise<NodeJS.Signals | null>;
  readonly signal: (signal: 'SIGTERM' | 'SIGKILL') => void;
  /** Sends SIGTERM once the process is working. */
  readonly stopInOrder: () => Promise<void>;
}

export async function createCrashWorld(): Promise<CrashWorld> {
  const cleanups: (() => Promise<unknown>)[] = [];
  const database = await createMigratedDatabase();
  cleanups.push(database.drop);
  const discord = createSandboxDiscord({
    world: demoWorld(SECRETS),
    limits: null,
  });
  const { apiBase } = await discord.start();
  cleanups.push(() => discord.stop());
  const store = await openCrashStore(database.url, PATH_TIMING.leaseMs);
  cleanups.push(() => store.stop());
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  cleanups.push(async () => client.end());

  const { client: row } = await createMappedClient(
    store,
    [
      { groupId: 'pilots', roleId: roles.pilot },
      { groupId: 'directors', roleId: roles.director },
      { groupId: 'recruits', roleId: roles.recruit },
    ],
    {
      guildId,
      applicationId,
      ...SECRETS,
      endpoints: { ...clientInput().endpoints, apiBase },
    },
  );
  const linkId = await link(store, row.id, 'carol', accounts.carol);

  const query = async (sql: string) => (await client.query<Record<string, unknown>>(sql)).rows;
  const isEmpty = async (sql: string) => (await query(sql)).length === 0;
  const world: CrashWorld = {
    store,
    discord,
    clientId: row.id,
    linkId,
    query,
    quiet: () =>
      eventually(() => isEmpty('select from reconcile_job'), {
        what: 'no job is left',
      }),
    async startPath() {
      const gateway = openGateway(store);
      const path = reconcilePath(silentLogger, { store, gateway, oauth: noOAuth });
      await path.start();
      const stop = once(async () => {
        await path.stop();
        await gateway.stop();
      });
      cleanups.push(stop);
      return { stop };
    },
    async settle() {
      const path = await world.startPath();
      await world.quiet();
      await path.stop();
      discord.calls.reset();
    },
    async startChild(order) {
      const child = await spawnChild({
        databaseUrl: database.url,
        leaseMs: PATH_TIMING.leaseMs,
        ...order,
      });
      cleanups.push(async () => endChild(child.process, 0));
      return child;
    },
    async endLease() {
      // Keeps a worker that a test inserted with a longer `live_until`.
      await query(`
        update worker set live_until = clock_timestamp()
        where live_until < now() + interval '1 minute'`);
      await query('update bot_lease set leased_until = clock_timestamp()');
    },
    writes: () => discord.calls.recent().filter((call) => call.method !== 'GET'),
    rolesOfCarol: () => discord.member(guildId, accounts.carol)?.roleIds ?? [],
    async end() {
      for (const cleanup of cleanups.toReversed()) await cleanup();
    },
  };
  await world.settle();
  return world;
}

async function spawnChild(order: CrashOrder) {
  const home = await compiledProject();
  const script = join(home, 'test/support/crash-child.js');
  const child = await spawnBound([process.execPath, script, JSON.stringify(order)], {
    env: { ...process.env, NODE_COMPILE_CACHE: join(home, 'compile-cache') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  let isClosed = false;
  child.once('close', () => (isClosed = true));
  return {
    process: child,
    passed: () => lines.filter((line) => line !== 'working'),
    async ended() {
      await eventually(() => isClosed, {
        what: 'the process ends',
      }).catch((error: unknown) => {
        throw new Error(`${String(error)}: it passed ${lines.join(', ')}`);
      });
      return child.signalCode;
    },
    signal: (signal: 'SIGTERM' | 'SIGKILL') => void child.kill(signal),
    async stopInOrder() {
      await eventually(() => lines.includes('working'));
      child.kill('SIGTERM');
    },
  };
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}
