import { day } from './live/day.js';
import { hands } from './live/hands.js';
import { memoryCost } from './live/memory-cost.js';
import type { BenchWorld } from './support/bench-world.js';
import type { Answer, Bench } from './support/bench.js';
import { chosenCases } from './support/chosen-cases.js';

export const live: Bench = {
  name: 'live',
  question: 'how fast is a change on Discord put right, and what does a live session cost?',
  answer,
};

const CASES: Readonly<Record<string, (world: BenchWorld) => Promise<Answer>>> = {
  hands,
  memory: memoryCost,
  day,
};

async function answer(world: BenchWorld): Promise<Answer> {
  const answers: Answer[] = [];
  for (const run of chosenCases(CASES)) answers.push(await run(world));
  return {
    rows: answers.flatMap(({ rows }) => rows),
    notes: answers.flatMap(({ notes }) => notes),
  };
}
