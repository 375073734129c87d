import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { startKafka, type KafkaNode } from '../../test/support/kafka-node.js';
import { startDurablePostgres, type DurablePostgres } from './durable-postgres.js';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

/** What the benches share; each part is started when it is first asked for. */
export interface BenchWorld {
  /** A shorter run: to see that it works, not to quote. */
  readonly isQuick: boolean;
  postgres(): Promise<DurablePostgres>;
  kafka(): Promise<KafkaNode>;
  /** The compiled service's main file, as `npm start` runs it. */
  service(): Promise<string>;
  close(): Promise<void>;
}

export function createBenchWorld(isQuick: boolean): BenchWorld {
  const closing: (() => Promise<void>)[] = [];
  const postgres = once(async () => {
    const server = await startDurablePostgres();
    closing.push(() => server.stop());
    return server;
  });
  const kafka = once(async () => {
    const node = await startKafka();
    closing.push(() => node.close());
    return node;
  });
  return {
    isQuick,
    postgres,
    kafka,
    service: once(compileService),
    async close() {
      for (const step of closing.splice(0).toReversed()) await step();
    },
  };
}

function once<T>(start: () => Promise<T>): () => Promise<T> {
  let started: Promise<T> | undefined;
  return () => (started ??= start());
}

async function compileService(): Promise<string> {
  const typescript = createRequire(import.meta.url).resolve('typescript/package.json');
  const tsc = join(typescript, '../bin/tsc');
  await run(process.execPath, [tsc, '-b', 'tsconfig.build.json'], {
    cwd: root,
  });
  return join(root, 'dist/main.js');
}
