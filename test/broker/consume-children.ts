import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { compiledProject } from '../support/compiled.js';
import type { ConsumeOrder, JournalLine } from '../support/consume-child.js';
import { endChild, spawnBound } from '../support/spawn-bound.js';
import type { Cleanup } from './events-setting.js';

export interface ConsumingChild {
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Resolves with the signal that ended it, or with its exit code. */
  readonly ended: Promise<NodeJS.Signals | number | null>;
}

export interface ConsumeChildren {
  start(name: string, killAt?: ConsumeOrder['killAt']): Promise<ConsumingChild>;
  /** What was handed to the store, by whom, in the order in which it was. */
  journal(): Promise<readonly JournalLine[]>;
}

/**
 * Short, because a dead consumer's partitions wait for it; longer than a busy machine keeps a
 * living one from its heartbeat.
 */
const SESSION = { sessionTimeoutMs: 6_000, heartbeatMs: 200, fetchWaitMs: 50 };

/** Consumers of one group, each a process of its own. */
export async function createChildren(
  its: Pick<ConsumeOrder, 'brokers' | 'topic' | 'groupId' | 'databaseUrl'>,
  cleanup: Cleanup,
): Promise<ConsumeChildren> {
  const folder = await mkdtemp(join(tmpdir(), 'discord-connector-consume-'));
  cleanup.add(async () => rm(folder, { recursive: true, force: true }));
  const journal = join(folder, 'journal');
  await writeFile(journal, '');
  const home = await compiledProject();
  const script = join(home, 'test/support/consume-child.js');
  const env = {
    ...process.env,
    NODE_COMPILE_CACHE: join(home, 'compile-cache'),
  };

  return {
    async start(name, killAt) {
      const order: ConsumeOrder = {
        ...its,
        journal,
        name,
        session: SESSION,
        ...(killAt && { killAt }),
      };
      const child = await spawnBound([process.execPath, script, JSON.stringify(order)], {
        env,
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      cleanup.add(async () => endChild(child, 0));
      return {
        signal: (signal) => void child.kill(signal),
        ended: new Promise((resolve) => {
          child.once('close', (code, signal) => resolve(signal ?? code));
        }),
      };
    },
    journal: async () => (await readFile(journal, 'utf8')).split('\n').flatMap(toLine),
  };
}

/** The last line may be half written. */
function toLine(text: string): readonly JournalLine[] {
  try {
    return [JSON.parse(text)];
  } catch {
    return [];
  }
}
