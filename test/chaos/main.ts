import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

/**
 * `npm run chaos -- --seeds N [--seed S] [--crew inside|children|service]`: plays N random worlds;
 * what fails is printed with what repeats it. `--outages`: five worlds instead, with outages of
 * minutes.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    seed: { type: 'string' },
    crew: { type: 'string' },
    outages: { type: 'boolean', default: false },
  },
});

const file = values.outages ? 'outages' : 'worlds';
const words = ['run', '--project', 'chaos', `test/chaos/${file}.test.ts`];
const run = spawnSync('vitest', words, {
  stdio: 'inherit',
  env: {
    ...process.env,
    CHAOS_SEEDS: values.seeds,
    ...(values.outages && { CHAOS_OUTAGES: 'yes' }),
    ...(values.crew !== undefined && { CHAOS_CREW: values.crew }),
    ...(values.seed !== undefined && { CHAOS_SEED: values.seed }),
  },
});
process.exitCode = run.status ?? 1;
