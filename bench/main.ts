/**
 * `npm run bench [-- name…] [--quick] [--real] [--full]`: one table for each question, and the
 * figures in bench/results.json. Bounded: `crowd` and `live` take ten minutes each (`--quick`: three
 * and two), and `--only=removals,joins` picks some of their rows; the others take under a quarter of
 * an hour together (`--quick`: under three minutes). `--real` uses Discord's real windows, `--full` also
 * measures a million links and 100,000 hostile requests. `soak` takes an hour
 * and runs when it is named.
 */
import { loadavg } from 'node:os';

import { api } from './api.js';
import { buckets } from './buckets.js';
import { calls } from './calls.js';
import { crowd } from './crowd.js';
import { dissolve } from './dissolve.js';
import { hostile } from './hostile.js';
import { intake } from './intake.js';
import { jobs } from './jobs.js';
import { latency } from './latency.js';
import { live } from './live.js';
import { memory } from './memory.js';
import { processes } from './processes.js';
import { scale } from './scale.js';
import { soak } from './soak.js';
import { sweep } from './sweep.js';
import type { Bench } from './support/bench.js';
import { createBenchWorld } from './support/bench-world.js';
import { machineOf } from './support/machine.js';
import { printAnswer } from './support/print-answer.js';
import { saveResults } from './support/save-results.js';

const BENCHES: readonly Bench[] = [
  latency,
  live,
  intake,
  calls,
  buckets,
  memory,
  jobs,
  processes,
  hostile,
  sweep,
  dissolve,
  crowd,
  api,
  scale,
];

/** An hour each: when named, and not with the others. */
const LONG: readonly Bench[] = [soak];

const words = process.argv.slice(2);
const isQuick = words.includes('--quick');
const chosen = choose(words.filter((word) => !word.startsWith('--')));
const world = createBenchWorld(isQuick);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void world.close().finally(() => process.exit(130)));

try {
  const machine = machineOf(await world.postgres());
  for (const [name, value] of Object.entries(machine)) console.log(`${name.padEnd(16)}  ${value}`);
  for (const bench of chosen) {
    const startedAt = Date.now();
    const answer = await bench.answer(world);
    console.log(printAnswer(bench, answer));
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    const load = Number(loadavg()[0]?.toFixed(1));
    console.log(`  (${seconds} s; load average at the end ${load})`);
    await saveResults({ machine, bench, answer, isQuick, load });
  }
} catch (error) {
  // Before the servers go: what ends because of them would speak louder.
  console.error(error);
  process.exitCode = 1;
} finally {
  await world.close();
}

function choose(names: readonly string[]): readonly Bench[] {
  const all = [...BENCHES, ...LONG];
  const unknown = names.filter((name) => !all.some((bench) => bench.name === name));
  if (unknown.length > 0) {
    const known = all.map((bench) => bench.name).join(', ');
    throw new Error(`there is no bench ${unknown.join(', ')}; there are ${known}`);
  }
  if (names.length === 0) return BENCHES;
  return all.filter((bench) => names.includes(bench.name));
}
