import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

/** `npm run chaos -- --seeds N [--seed S] [--crew inside|children]`: plays N random worlds; what fails is printed with what repeats it. */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    seed: { type: 'string' },
    crew: { type: 'string' },
  },
});

const run = spawnSync('vitest', ['run', '--project', 'chaos'], {
  stdio: 'inherit',
  env: {
    ...process.env,
    CHAOS_SEEDS: values.seeds,
    ...(values.crew !== undefined && { CHAOS_CREW: values.crew }),
    ...(values.seed !== undefined && { CHAOS_SEED: values.seed }),
  },
});
process.exitCode = run.status ?? 1;
