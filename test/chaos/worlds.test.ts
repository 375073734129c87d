import fc from 'fast-check';
import { test } from 'vitest';

import { createMigratedDatabase } from '../support/store.js';
import { runWorld } from './run-world.js';
import { world } from './steps.js';

/** `CHAOS_SEEDS` worlds from `CHAOS_SEED` on; what fails is printed with the seed and the path that repeat it. */
const numRuns = Number(process.env['CHAOS_SEEDS'] ?? 12);
const seed =
  process.env['CHAOS_SEED'] === undefined
    ? undefined
    : Number(process.env['CHAOS_SEED']);

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
