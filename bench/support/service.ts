import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { createKeyRing } from '../../services/lib/encryption.js';
import { uniqueName } from '../../test/support/broker.js';
import { endChild, spawnBound } from '../../test/support/spawn-bound.js';
import type { PlatformTopic } from './platform-topic.js';

const KEY = Buffer.alloc(32, 7);

export const BENCH_KEY = `bench:${KEY.toString('base64')}`;

/** What the service decrypts with; who fills its database encrypts with it. */
export const SERVICE_KEYS = createKeyRing([{ id: 'bench', key: KEY }]);

/** The service in a process of its own, as in production. */
export interface Service {
  /** After a collection of garbage. */
  residentBytes(): Promise<number>;
  stop(): Promise<void>;
}

/** Resolves when it reads the topic. */
export async function startService(options: {
  readonly main: string;
  readonly databaseUrl: string;
  readonly brokers: string;
  readonly topic: PlatformTopic;
  readonly parts: string;
  readonly windowMs: number;
  readonly execArgv?: readonly string[];
}): Promise<Service> {
  const { main, topic } = options;
  const groupId = uniqueName('bench-reader');
  const probe = join(import.meta.dirname, 'memory-probe.ts');
  const child = await spawnBound(
    [
      process.execPath,
      '--expose-gc',
      '--import',
      probe,
      ...(await startFlags()),
      ...(options.execArgv ?? []),
      main,
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      detached: true,
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'production',
        DATABASE_URL: options.databaseUrl,
        KAFKA_BROKERS: options.brokers,
        KAFKA_TOPICS: topic.name,
        KAFKA_EVENTS_TOPIC: `${topic.name}.written`,
        KAFKA_GROUP_ID: groupId,
        ENCRYPTION_KEYS: BENCH_KEY,
        API_KEYS: `bench:discord:read:${createHash('sha256').update('bench').digest('hex')}`,
        PARTS: options.parts,
        PORT: '0',
        RECONCILE_WINDOW_MS: String(options.windowMs),
      },
    },
  );
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the service ended with ${code}`);
  });
  await Promise.race([topic.waitForReader(groupId), ended]);
  ended.catch(() => undefined);
  return {
    async residentBytes() {
      const answer = once(child, 'message');
      child.send('how much?');
      const [bytes] = await Promise.race([answer, ended]);
      return Number(bytes);
    },
    stop: () => endChild(child, 15_000),
  };
}

/** Those of `npm start`, or of the script named: what is measured is what runs. */
export async function startFlags(
  script: 'start' | 'start:api' = 'start',
): Promise<readonly string[]> {
  const file = new URL('../../package.json', import.meta.url);
  const line = new RegExp(`"${script}": "([^"]*)"`);
  const start = line.exec(await readFile(file, 'utf8'))?.[1];
  return (start ?? '').split(' ').filter((word) => word.startsWith('--'));
}
