import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';

import { createMigratedDatabase } from '../support/store.js';
import { runWorld } from './run-world.js';
import { describeSteps, type World } from './steps.js';
import { worldOf } from './worlds.js';

/** One seed is one world. `npm run chaos` plays `CHAOS_SEEDS` of them, from `CHAOS_SEED` on or from anywhere. */
const count = Number(process.env['CHAOS_SEEDS'] ?? 0);
const firstSeed = Number(
  process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1e9),
);
/** Worlds wait more than they work. */
const AT_ONCE = 3;

const CREWS = {
  inside: [
    { kind: 'inside', count: 1 },
    { kind: 'inside', count: 1 },
    { kind: 'inside', count: 2 },
  ],
  children: [
    { kind: 'children', count: 1 },
    { kind: 'children', count: 2 },
  ],
  any: [],
} as const;
const crews = z.enum(['inside', 'children', 'any']);
type CrewKind = z.output<typeof crews>;

const settings = { timeout: 60 * 60_000 };

if (count === 0) {
  test('ten random worlds end in step with what is known', settings, () =>
    playAll(20_261_122, 10, 'inside'),
  );
  test(
    'two random worlds whose processes are killed end so too',
    settings,
    () => playAll(20_261_201, 2, 'children'),
  );
} else {
  const crew = crews.parse(process.env['CHAOS_CREW'] ?? 'any');
  test(`${count} random worlds end in step with what is known`, settings, () =>
    playAll(firstSeed, count, crew),
  );
}

function worldFrom(seed: number, crew: CrewKind): World {
  const of =
    crew === 'any' ? [...CREWS.inside, ...CREWS.children] : CREWS[crew];
  const [world] = fc.sample(worldOf(of), { seed, numRuns: 1 });
  if (world === undefined) throw new Error('no world was made');
  return world;
}

async function playAll(
  first: number,
  worlds: number,
  crew: CrewKind,
): Promise<void> {
  const seeds = Array.from({ length: worlds }, (_, index) => first + index);
  const failures: string[] = [];
  const playNext = async (): Promise<void> => {
    const seed = seeds.shift();
    if (seed === undefined || failures.length >= MOST_FAILURES) return;
    const failure = await playOne(seed, crew);
    if (failure !== null) failures.push(failure);
    return playNext();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, playNext));
  expect(failures.join('\n\n'), 'worlds that did not hold').toBe('');
}

const MOST_FAILURES = 12;

async function playOne(seed: number, crew: CrewKind): Promise<string | null> {
  const world = worldFrom(seed, crew);
  const database = await createMigratedDatabase();
  const startedAt = Date.now();
  try {
    const faults = await runWorld(database.url, world);
    if (process.env['CHAOS_TIMES'])
      console.log(
        `${seed} ${world.crew.kind} ${world.steps.length} steps ${Date.now() - startedAt} ms, ${faults.length} faults`,
        ...faults,
      );
    return faults.length === 0 ? null : reportOf({ seed, crew }, world, faults);
  } catch (error) {
    return reportOf({ seed, crew }, world, [
      String(error instanceof Error ? error.stack : error),
    ]);
  } finally {
    await database.drop();
  }
}

function reportOf(
  { seed, crew }: { readonly seed: number; readonly crew: CrewKind },
  world: World,
  faults: readonly string[],
): string {
  const { steps, ...rest } = world;
  const again = `npm run chaos -- --seeds 1 --seed ${seed} --crew ${crew}`;
  return [
    `world ${seed} (${again})`,
    JSON.stringify(rest),
    describeSteps(steps),
    'does not hold:',
    ...faults,
  ].join('\n');
}
