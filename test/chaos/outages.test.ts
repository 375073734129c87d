import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { hasKafka } from '../support/broker.js';
import { playOnGround } from './grounds.js';
import { runWorld } from './run-world.js';
import { describeSteps, type Step, type World } from './steps.js';
import { serviceWorldOf } from './worlds.js';

/** `npm run chaos -- --outages`: takes minutes per outage, so it runs only on request. */
const isAsked = process.env['CHAOS_OUTAGES'] !== undefined;

const LONG_MS = 95_000;
const database = (mode: 'fast' | 'immediate', ms = LONG_MS): Step => ({
  kind: 'database',
  mode,
  ms,
});
const broker = (mode: 'shut' | 'still', ms = LONG_MS): Step => ({
  kind: 'broker',
  mode,
  ms,
});

/** Each outage happens in the middle of a world, while its steps keep calling the entry points. */
const OUTAGES: readonly (readonly [string, number, readonly Step[]])[] = [
  ['the database, in order', 1, [database('fast')]],
  ['the database, by a crash', 2, [database('immediate')]],
  ['the broker, which refuses', 3, [broker('shut')]],
  ['the broker, which does not answer', 4, [broker('still')]],
  [
    'the database and the broker, and after them a process',
    5,
    [
      broker('shut', 2 * LONG_MS),
      database('immediate'),
      { kind: 'restart', place: 0, how: 'kill' },
    ],
  ],
];

describe.skipIf(!isAsked)('an outage of several minutes', () => {
  test.each(OUTAGES)(
    'of %s: everything is in step again afterwards',
    { timeout: 15 * 60_000 },
    async (name, seed, outage) => {
      const world = worldFrom(seed, outage);
      const startedAt = Date.now();
      const faults = await playOnGround(world, async (ground) =>
        runWorld(ground, world, (restedMs) =>
          console.log(
            `without ${name}: ${world.steps.length} steps of ${world.crew.count} processes took ${seconds(Date.now() - startedAt)}, all was in step ${seconds(restedMs)} after the outage${hasKafka() ? '' : ' (there was no broker at all)'}`,
          ),
        ),
      );
      expect(faults, describeSteps(world.steps)).toEqual([]);
    },
  );
});

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

function worldFrom(seed: number, outage: readonly Step[]): World {
  const crews = [{ kind: 'service', count: 2, isSplit: seed % 2 === 0 }] as const;
  const [world] = fc.sample(serviceWorldOf(crews), {
    seed: 20_261_400 + seed,
    numRuns: 1,
  });
  if (world === undefined) throw new Error('no world was made');
  const half = Math.ceil(world.steps.length / 2);
  return {
    ...world,
    steps: [...world.steps.slice(0, half), ...outage, ...world.steps.slice(half)],
  };
}
