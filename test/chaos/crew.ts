import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { DatabaseUnavailableError } from '../../services/lib/errors.js';
import { startChaosPath, type CallNews } from './path-parts.js';
import { compiledProject } from '../support/compiled.js';
import { createPauses, type Pause } from '../support/pauses.js';
import { spawnBound, watchDeath } from '../support/spawn-bound.js';

/**
 * `inside`: the path in the test's own process, which cannot be killed. `children`: in processes of
 * their own. `service`: the whole service, with its doors, as production runs it.
 */
export interface CrewPlan {
  readonly kind: 'inside' | 'children' | 'service';
  readonly count: number;
  /** Of a service: the parts are shared out among the processes. */
  readonly isSplit?: boolean;
}

/**
 * The processes that work a world's database side by side. A new one takes the place of each that
 * ends.
 */
export interface Crew {
  /**
   * Ends the one at this place and starts another; a kill takes it in the middle of whatever it
   * does.
   */
  replace(place: number, how: 'stop' | 'kill'): Promise<void>;
  /** The one at this place stands still for so long, if it is a process of its own. */
  pause(place: number, ms: number): void;
  readonly pauses: readonly Pause[];
  /** Resolves when none stands still. */
  pausesAreOver(): Promise<void>;
  stop(): Promise<void>;
  /**
   * When a process gave a call up, by its own account: under load it may do so with the answer at
   * its door.
   */
  readonly givenUp: readonly GivenUp[];
  /** When a process heard that it is to wait, by its own account: before, it cannot know. */
  readonly limited: readonly GivenUp[];
  /** Processes that ended unexpectedly, with their exit codes. */
  readonly deaths: readonly string[];
}

export interface GivenUp {
  readonly process: string;
  readonly atMs: number;
}

interface Worker {
  readonly name: string;
  /** Null: the test's own. */
  readonly child: ChildProcess | null;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export async function startCrew(databaseUrl: string, { kind, count }: CrewPlan): Promise<Crew> {
  let started = 0;
  const givenUp: GivenUp[] = [];
  const limited: GivenUp[] = [];
  const deaths: string[] = [];
  const pausing = createPauses();
  const start = async (): Promise<Worker> => {
    started += 1;
    const name = `${kind}-${started}`;
    const note: CallNews = (status, atMs) => {
      const process = `process-${name}`;
      (status === null ? givenUp : limited).push({ process, atMs });
    };
    return kind === 'inside'
      ? startInside(databaseUrl, name, note)
      : startChild(databaseUrl, name, note, deaths);
  };
  const workers = await Promise.all(Array.from({ length: count }, start));
  return {
    givenUp,
    limited,
    deaths,
    async replace(place, how) {
      const index = place % workers.length;
      await workers[index]?.[how]();
      workers[index] = await start();
    },
    pauses: pausing.pauses,
    pause(place, ms) {
      const { child = null, name } = workers[place % workers.length] ?? {};
      if (child !== null) pausing.pause(child, `process-${name}`, ms);
    },
    pausesAreOver: async () => pausing.over(),
    async stop() {
      await pausing.over();
      await Promise.all(workers.map(async (worker) => worker.stop()));
    },
  };
}

async function startInside(databaseUrl: string, name: string, onNews: CallNews): Promise<Worker> {
  // The database may cut it off while it starts; a supervisor starts it again.
  const stop = await startChaosPath(databaseUrl, name, onNews).catch((error: unknown) => {
    if (error instanceof DatabaseUnavailableError) return null;
    throw error;
  });
  if (stop === null) return startInside(databaseUrl, name, onNews);
  return { name, child: null, stop, kill: stop };
}

async function startChild(
  databaseUrl: string,
  name: string,
  onNews: CallNews,
  deaths: string[],
): Promise<Worker> {
  const home = await compiledProject();
  const script = join(home, 'test/chaos/path-child.js');
  const child = await spawnBound([process.execPath, script, databaseUrl, name], {
    env: { ...process.env, NODE_COMPILE_CACHE: join(home, 'compile-cache') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await working(child, onNews);
  // The database may cut it off while it starts; a supervisor starts it again.
  if (child.exitCode !== null) return startChild(databaseUrl, name, onNews, deaths);
  const end = watchDeath(child, (how) => deaths.push(`${name} ${how}`));
  return {
    name,
    child,
    stop: async () => end(STOP_MS),
    kill: async () => end(0),
  };
}

const STOP_MS = 10_000;

/** Killed on its way up it is a process all the same. */
async function working(child: ChildProcess, onNews: CallNews): Promise<void> {
  if (child.stdout === null) return;
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    if (line === 'working') return;
    const [status, atMs] = line.split(' ');
    onNews(status === '429' ? 429 : null, Number(atMs));
  });
  await Promise.race([once(lines, 'line'), once(child, 'exit')]);
}
