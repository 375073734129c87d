import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { z } from 'zod';

import { hostileCorpus } from '../test/hostile/event-cases.js';
import { hostileEvents } from '../test/hostile/events.js';
import { hostileRequests } from '../test/hostile/requests.js';
import { eventually } from '../test/support/eventually.js';
import { createHostileClient, faultOfAnswer } from '../test/hostile/client.js';
import { numbers } from './support/bench-guilds.js';
import { verdict, type Answer, type Bench, type Row } from './support/bench.js';
import type { BenchWorld } from './support/bench-world.js';
import { freePort, startMeasured, type MeasuredChild } from './support/measured-child.js';

export const hostile: Bench = {
  name: 'hostile',
  question: 'what do hostile events and requests leave behind?',
  answer,
};

const isFull = process.argv.includes('--full');
const SEED = 20_261_122;
const IN_A_PORTION = 1_000;
const KEY = 'the-key-of-the-bench';

async function answer(world: BenchWorld): Promise<Answer> {
  const events = await playEvents(world, world.isQuick ? 10_000 : 100_000);
  const requests = await playRequests(world, requestCount(world));
  const faults = [...events.faults, ...requests.faults];
  return {
    rows: [events.row, requests.row],
    notes: [
      `Fuzzed from seed ${SEED}, the handmade ones again and again between them. Events: parsed, applied and halved as the consumer does it, in a process of its own, on a real database; the rate is its time alone. Requests: over HTTP, four at once, to the compiled service with PARTS api; 100,000 of them with --full.`,
      'Resident set in MiB: at rest, after a tenth and after all of it without a collection, after half of it and at the end after a forced one. Ratio: the end to the tenth, both collected.',
      'Held, in MiB: heap and the bytes its objects hold outside of it, collected. What grows in the resident set alone is memory that the allocator keeps for the next large request.',
      `Events ended as ${events.endings}.`,
      ...faults.slice(0, 5).map((fault) => `Fault: ${fault.slice(0, 300)}`),
      verdict('no fault', `${faults.length} faults`, faults.length === 0),
      ...[events.row, requests.row].map((row) =>
        verdict(
          `nothing is left behind, ratio held at most 1.1 (${row['what']})`,
          row['ratio held'] ?? '',
          Number(row['ratio held']) <= 1.1,
        ),
      ),
    ],
  };
}

function requestCount({ isQuick }: BenchWorld): number {
  if (isQuick) return 1_000;
  return isFull ? 100_000 : 5_000;
}

const Done = z.object({
  taken: z.object({
    facts: z.number(),
    skipped: z.number(),
    broken: z.number(),
    faults: z.array(z.string()),
  }),
  ms: z.number(),
});

interface Played {
  readonly row: Row;
  readonly faults: readonly string[];
}

/**
 * Plays portions one after the other and looks at the memory on the way; each portion gives the
 * milliseconds it took.
 */
async function measure(
  child: MeasuredChild,
  what: string,
  portions: { readonly count: number; readonly of: number },
  play: (portion: number) => Promise<number>,
): Promise<Row> {
  const atRest = await child.memoryMiB();
  let tenth = atRest;
  let half = atRest;
  let tenthCollected = atRest;
  let ms = 0;
  for (const portion of numbers(portions.count)) {
    ms += await play(portion);
    if (portion + 1 === portions.count / 2) half = await child.memoryMiB(true);
    if (portion + 1 !== Math.ceil(portions.count / 10)) continue;
    tenth = await child.memoryMiB();
    tenthCollected = await child.memoryMiB(true);
  }
  const all = await child.memoryMiB();
  const collected = await child.memoryMiB(true);
  const ratioOf = (name: 'resident' | 'held') =>
    Number((collected[name] / tenthCollected[name]).toFixed(2));
  return {
    what,
    count: portions.count * portions.of,
    'per second': Math.round((portions.count * portions.of * 1000) / ms),
    'at rest': atRest.resident,
    'after 10 %': tenth.resident,
    'after 50 %': half.resident,
    'after 100 %': all.resident,
    collected: collected.resident,
    ratio: ratioOf('resident'),
    'held at 10 %': tenthCollected.held,
    'at 100 %': collected.held,
    'ratio held': ratioOf('held'),
  };
}

async function playEvents(
  world: BenchWorld,
  count: number,
): Promise<Played & { readonly endings: string }> {
  const postgres = await world.postgres();
  const databaseUrl = await postgres.createDatabase('hostile');
  const taker = join(import.meta.dirname, 'support/hostile-taker.ts');
  const child = await startMeasured([taker, databaseUrl]);
  const faults: string[] = [];
  const sums = { facts: 0, skipped: 0, broken: 0 };
  const take = async (records: readonly unknown[]): Promise<number> => {
    const { taken, ms } = Done.parse(await child.ask(records));
    const { facts, skipped, broken } = taken;
    sums.facts += facts;
    sums.skipped += skipped;
    sums.broken += broken;
    faults.push(...taken.faults);
    return ms;
  };
  try {
    await child.heard(); // it is ready
    const portions = { count: count / IN_A_PORTION, of: IN_A_PORTION };
    const row = await measure(child, 'events', portions, async (portion) => {
      if (portion % 10 === 0) for (const { record } of hostileCorpus()) await take([record]);
      return take(hostileEvents(SEED + portion, IN_A_PORTION));
    });
    const { facts, skipped, broken } = sums;
    const endings = `${facts} facts, ${skipped} skipped, ${broken} dead letters`;
    return { row, faults, endings };
  } finally {
    await child.stop();
  }
}

async function playRequests(world: BenchWorld, count: number): Promise<Played> {
  const postgres = await world.postgres();
  const port = await freePort();
  const child = await startMeasured([await world.service()], {
    PATH: process.env['PATH'],
    NODE_ENV: 'production',
    DATABASE_URL: await postgres.createDatabase('hostile_api'),
    ENCRYPTION_KEYS: `bench:${Buffer.alloc(32, 7).toString('base64')}`,
    API_KEYS: `bench:discord:admin:${createHash('sha256').update(KEY).digest('hex')}`,
    PARTS: 'api',
    PORT: String(port),
    // Else most of them would be refused before anybody reads them.
    RATE_LIMIT_PER_MINUTE: '0',
    FAILED_SIGN_INS_PER_MINUTE: '0',
  });
  const address = `http://127.0.0.1:${port}`;
  const client = createHostileClient(address, KEY);
  const faults: string[] = [];
  const portions = { count: count / 500, of: 500 };
  try {
    await eventually(() => isLive(address, 'ready'), { withinMs: 30_000 });
    const row = await measure(child, 'requests', portions, async (portion) => {
      // every kind in each, filled up with operations to the size of a portion
      const kinds = [...hostileRequests(SEED + portion, 0)].length;
      const all = hostileRequests(SEED + portion, portions.of - kinds);
      const began = performance.now();
      const work = async () => {
        for (const request of all) {
          const fault = faultOfAnswer(await client.send(request));
          if (fault !== null) faults.push(`${request.name}: ${fault}`);
        }
      };
      await Promise.all([work(), work(), work(), work()]);
      return performance.now() - began;
    });
    if (!(await isLive(address))) faults.push('the service is gone');
    return { row, faults };
  } finally {
    client.close();
    await child.stop();
  }
}

async function isLive(address: string, how: 'live' | 'ready' = 'live'): Promise<boolean> {
  const response = await fetch(`${address}/health/${how}`).catch(() => null);
  await response?.text();
  return response?.ok ?? false;
}
