import fc from 'fast-check';
import { test } from 'vitest';

import { createMigratedDatabase } from '../support/store.js';
import { runWorld } from './run-world.js';
import { world } from './steps.js';

/**
 * The short form plays the same worlds every time; `npm run chaos` plays `CHAOS_SEEDS` others, from `CHAOS_SEED` or anywhere.
 * What fails is printed with the seed and the path that repeat it.
 */
const SHORT = { CHAOS_SEEDS: '12', CHAOS_SEED: '20261122' };
const given = process.env['CHAOS_SEEDS'] === undefined ? SHORT : process.env;
const numRuns = Number(given['CHAOS_SEEDS']);
const seed =
  given['CHAOS_SEED'] === undefined ? undefined : Number(given['CHAOS_SEED']);

test(
  `${numRuns} random worlds end in step with what is known`,
  async () => {
    await fc.assert(
      fc.asyncProperty(world, async (each) => {
        const database = await createMigratedDatabase();
        try {
          await runWorld(database.url, each);
        } finally {
          await database.drop();
        }
      }),
      {
        numRuns,
        ...(seed !== undefined && { seed }),
        interruptAfterTimeLimit: 40 * 60_000,
        markInterruptAsFailure: false,
        endOnFailure: numRuns > 50,
      },
    );
  },
  45 * 60_000,
);
