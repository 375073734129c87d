import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import { endChild, spawnBound } from '../../test/support/spawn-bound.js';
import { freePort } from './measured-child.js';
import { BENCH_KEY, startFlags } from './service.js';

const Held = z.object({
  rss: z.number(),
  heapUsed: z.number(),
  handles: z.number(),
  files: z.number(),
});
export type Held = z.output<typeof Held>;

/** The whole service in one process, as production has it, with a key that may do everything. */
export interface SoakService {
  /** After a collection of garbage; bytes, and counts. */
  held(): Promise<Held>;
  /** Resolves with `data`; throws what the answer's errors say. */
  ask(query: string, variables?: object): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

const TOKEN = 'soak';
const SCOPES = 'discord:read+discord:write+discord:admin';
const Answer = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z.array(z.unknown()).optional(),
});

export async function startSoakService(options: {
  readonly main: string;
  readonly databaseUrl: string;
  readonly brokers: string;
  readonly topic: string;
}): Promise<SoakService> {
  const port = await freePort();
  const probe = join(import.meta.dirname, 'soak-probe.ts');
  const child = await spawnBound(
    [process.execPath, '--expose-gc', '--import', probe, ...(await startFlags()), options.main],
    {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      detached: true,
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'production',
        DATABASE_URL: options.databaseUrl,
        KAFKA_BROKERS: options.brokers,
        KAFKA_TOPICS: options.topic,
        KAFKA_EVENTS_TOPIC: `${options.topic}.written`,
        ENCRYPTION_KEYS: BENCH_KEY,
        API_KEYS: `soak:${SCOPES}:${createHash('sha256').update(TOKEN).digest('hex')}`,
        PORT: String(port),
        LOG_LEVEL: 'warn',
      },
    },
  );
  const base = `http://127.0.0.1:${port}`;
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the service ended with ${code}`);
  });
  ended.catch(() => undefined);
  await Promise.race([isReady(base), ended]);
  return {
    async held() {
      const answer = once(child, 'message');
      child.send('how much?');
      const [held]: unknown[] = await Promise.race([answer, ended]);
      return Held.parse(held);
    },
    async ask(query, variables = {}) {
      const response = await fetch(`${base}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${TOKEN}`,
        },
        body: JSON.stringify({ query, variables }),
      });
      const { data, errors } = Answer.parse(await response.json());
      if (errors !== undefined) throw new Error(JSON.stringify(errors));
      return data ?? {};
    },
    stop: () => endChild(child, 15_000),
  };
}

async function isReady(base: string): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const answer = await fetch(`${base}/health/ready`).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok === true) return;
    await sleep(100);
  }
  throw new Error('the service is not ready after half a minute');
}
