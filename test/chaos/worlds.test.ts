import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';

import { playOnGround } from './grounds.js';
import { runWorld } from './run-world.js';
import { describeSteps, type Step, type World } from './steps.js';
import { serviceWorldOf, worldOf } from './worlds.js';

/**
 * One seed is one world. `npm run chaos` plays `CHAOS_SEEDS` of them, starting at `CHAOS_SEED` or
 * at a random seed.
 */
const count = Number(process.env['CHAOS_SEEDS'] ?? 0);
const firstSeed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1e9));
/** Worlds spend most of their time waiting. */
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
  service: [
    { kind: 'service', count: 1 },
    { kind: 'service', count: 2, isSplit: true },
    { kind: 'service', count: 2, isSplit: false },
    { kind: 'service', count: 3, isSplit: true },
  ],
  any: [],
} as const;
const crews = z.enum(['inside', 'children', 'service', 'any']);
type CrewKind = z.output<typeof crews>;

const settings = { timeout: 60 * 60_000 };

if (count === 0) {
  test('ten random worlds end with every member in step with the facts', settings, () =>
    playAll(20_261_122, 10, 'inside'),
  );
  test('two random worlds with killed processes end with every member in step', settings, () =>
    playAll(20_261_201, 2, 'children'),
  );
  test('a random whole-service world with outages ends with all in step', settings, async () => {
    const which = { seed: 20_262_020, crew: 'service' } as const;
    const world = worldFrom(which.seed, which.crew);
    const steps = [...world.steps, ...CLOCKS_PUT_BACK];
    expect(await playOne(which, { ...world, steps })).toBeNull();
  });
} else {
  const crew = crews.parse(process.env['CHAOS_CREW'] ?? 'any');
  test(`${count} random worlds end with every member in step with the facts`, settings, () =>
    playAll(firstSeed, count, crew),
  );
}

/** Both clocks jump back during a wait that Discord requested. That wait once lasted an hour. */
const CLOCKS_PUT_BACK: readonly Step[] = [
  { kind: 'link', person: 'bob', account: 'bob' },
  { kind: 'limit', form: 'globalByHeaders' },
  { kind: 'reconcile', person: 'bob' },
  { kind: 'clock', place: 0, stepMs: -3_600_000 },
  { kind: 'clock', place: 1, stepMs: -3_600_000 },
];

function worldFrom(seed: number, crew: CrewKind): World {
  const [world] = fc.sample(worldsOf(seed, crew), { seed, numRuns: 1 });
  if (world === undefined) throw new Error('no world was made');
  return world;
}

/** With crew "any", the whole service plays every fourth world. */
function worldsOf(seed: number, crew: CrewKind): fc.Arbitrary<World> {
  if (crew === 'service' || (crew === 'any' && seed % 4 === 0))
    return serviceWorldOf(CREWS.service);
  const { inside, children } = CREWS;
  return worldOf(crew === 'any' ? [...inside, ...children] : CREWS[crew]);
}

async function playAll(first: number, worlds: number, crew: CrewKind): Promise<void> {
  const seeds = Array.from({ length: worlds }, (_, index) => first + index);
  const failures: string[] = [];
  const playNext = async (): Promise<void> => {
    const seed = seeds.shift();
    if (seed === undefined || failures.length >= MOST_FAILURES) return;
    const which = { seed, crew };
    const failure = await playOne(which, worldFrom(seed, crew));
    if (failure !== null) failures.push(failure);
    return playNext();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, playNext));
  expect(failures.join('\n\n'), 'worlds that did not hold').toBe('');
}

const MOST_FAILURES = 12;

async function playOne(
  which: { readonly seed: number; readonly crew: CrewKind },
  world: World,
): Promise<string | null> {
  const startedAt = Date.now();
  try {
    const faults = await playOnGround(world, async (ground) => runWorld(ground, world));
    if (process.env['CHAOS_TIMES'])
      console.log(
        `${which.seed} ${world.crew.kind} ${world.steps.length} steps ${Date.now() - startedAt} ms, ${faults.length} faults`,
        ...faults,
      );
    return faults.length === 0 ? null : reportOf(which, world, faults);
  } catch (error) {
    return reportOf(which, world, [String(error instanceof Error ? error.stack : error)]);
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
