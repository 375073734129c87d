import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createServer } from 'node:net';

import { z } from 'zod';

import { endChild, spawnBound } from '../../test/support/spawn-bound.js';

const Said = z.record(z.string(), z.unknown());

export interface Memory {
  readonly resident: number;
  /** Objects of the heap and the bytes they hold outside of it: what a leak is made of. */
  readonly held: number;
}

/** A process whose memory is measured, and which is spoken to over its channel. */
export interface MeasuredChild {
  /** Resolves with the next thing it says unasked. */
  heard(): Promise<Record<string, unknown>>;
  ask(message: string | object): Promise<Record<string, unknown>>;
  memoryMiB(isCollected?: boolean): Promise<Memory>;
  stop(): Promise<void>;
}

export async function startMeasured(
  words: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<MeasuredChild> {
  const probe = join(import.meta.dirname, 'hostile-probe.ts');
  const child: ChildProcess = await spawnBound(
    [
      process.execPath,
      '--expose-gc',
      '--import',
      import.meta.resolve('tsx'),
      '--import',
      probe,
      ...words,
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      serialization: 'advanced',
      detached: true,
      env,
    },
  );
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the measured process ended with ${code}`);
  });
  ended.catch(() => undefined);
  const answer = async () => {
    const [message] = await Promise.race([once(child, 'message'), ended]);
    return Said.parse(message);
  };
  const ask = async (message: string | object) => {
    const answered = answer();
    child.send(message);
    return answered;
  };
  return {
    heard: answer,
    ask,
    memoryMiB: async (isCollected = false) => {
      const { rss, held } = await ask(isCollected ? 'collect' : 'resident');
      const toMiB = (bytes: unknown) => Math.round(Number(bytes) / 2 ** 20);
      return { resident: toMiB(rss), held: toMiB(held) };
    },
    stop: () => endChild(child, 15_000),
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
