import { fiftyGuilds, twoGuilds } from './crowd/guilds.js';
import { imported } from './crowd/imported.js';
import { joins } from './crowd/joins.js';
import { onboarding } from './crowd/onboarding.js';
import { removals } from './crowd/removals.js';
import { renames } from './crowd/renames.js';
import type { BenchWorld } from './support/bench-world.js';
import type { Answer, Bench } from './support/bench.js';
import { chosenCases } from './support/chosen-cases.js';
import { scaledTime } from './support/scaled-time.js';

export const crowd: Bench = {
  name: 'crowd',
  question: 'how long do many members take, compared with the limits and a naive bot?',
  answer,
};

const CASES: Readonly<Record<string, (world: BenchWorld) => Promise<Answer>>> = {
  onboarding,
  imported,
  joins,
  renames,
  two: twoGuilds,
  fifty: fiftyGuilds,
  removals: async (world) =>
    removals(world, { members: world.isQuick ? 100 : 300, withNaive: true }),
  dissolve: async (world) =>
    removals(world, { members: world.isQuick ? 300 : 3_000, withNaive: false }),
};

async function answer(world: BenchWorld): Promise<Answer> {
  const answers: Answer[] = [];
  for (const run of chosenCases(CASES)) answers.push(await run(world));
  return {
    rows: answers.flatMap(({ rows }) => rows),
    notes: [
      scaledTime(0.1).note,
      'The limit is the shortest time in which the buckets, full at the start, allow the writes. The naive bot (bench/naive) runs on the same guild with its own sandbox Discord.',
      ...answers.flatMap(({ notes }) => notes),
    ],
  };
}
