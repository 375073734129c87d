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
  /** Sends SIGTERM, and SIGKILL after `limitMs`. 0: SIGKILL at once. */
  stop(limitMs?: number): Promise<void>;
}

interface Options {
  readonly main: string;
  readonly databaseUrl: string;
  readonly parts: string;
  readonly windowMs: number;
  readonly execArgv?: readonly string[];
}

/** Resolves when it reads the topic. */
export async function startService(
  options: Options & { readonly brokers: string; readonly topic: PlatformTopic },
): Promise<Service> {
  const { topic, brokers } = options;
  const groupId = uniqueName('bench-reader');
  const { service, ended } = await spawnService(options, {
    KAFKA_BROKERS: brokers,
    KAFKA_TOPICS: topic.name,
    KAFKA_EVENTS_TOPIC: `${topic.name}.written`,
    KAFKA_GROUP_ID: groupId,
  });
  await Promise.race([topic.waitForReader(groupId), ended]);
  return service;
}

/** Starts the service without a broker. Resolves once the process exists, before it is ready. */
export async function startWithoutKafka(options: Options): Promise<Service> {
  return (await spawnService(options, {})).service;
}

async function spawnService(
  options: Options,
  kafka: NodeJS.ProcessEnv,
): Promise<{ readonly service: Service; readonly ended: Promise<never> }> {
  const probe = join(import.meta.dirname, 'memory-probe.ts');
  const child = await spawnBound(
    [
      process.execPath,
      '--expose-gc',
      '--import',
      probe,
      ...(await startFlags()),
      ...(options.execArgv ?? []),
      options.main,
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      detached: true,
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'production',
        DATABASE_URL: options.databaseUrl,
        ...kafka,
        ENCRYPTION_KEYS: BENCH_KEY,
        API_KEYS: `bench:discord:read:${createHash('sha256').update('bench').digest('hex')}`,
        PARTS: options.parts,
        PORT: '0',
        RECONCILE_WINDOW_MS: String(options.windowMs),
      },
    },
  );
  const ended = once(child, 'exit').then(([code]): never => {
    throw new Error(`the service ended with ${code}`);
  });
  ended.catch(() => undefined);
  const service: Service = {
    async residentBytes() {
      const answer = once(child, 'message');
      child.send('how much?');
      const [bytes] = await Promise.race([answer, ended]);
      return Number(bytes);
    },
    stop: (limitMs = 15_000) => endChild(child, limitMs),
  };
  return { service, ended };
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
