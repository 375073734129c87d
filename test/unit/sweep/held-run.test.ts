import { expect, test } from 'vitest';

import { holdRun, RunLostError, StoppingError } from '../../../services/sweep/held-run.js';
import type { SweepRun } from '../../../services/sweep/ports.js';

const run: SweepRun = {
  id: 'sweep-1',
  clientId: 'client-1',
  kind: 'REMOTE_SYNC',
  isDryRun: false,
  enforceStrategy: null,
  traceparent: null,
  isForCrowd: false,
  attempts: 1,
  refusal: null,
  pausedMs: 0,
};

/** A run, with how often the database was told of it. */
function heldRun() {
  const world = {
    now: 0,
    isOurs: true,
    isStopping: false,
    renewals: 0,
    rests: [] as number[],
  };
  const held = holdRun(run, {
    runs: {
      async renew() {
        world.renewals += 1;
        return Promise.resolve(world.isOurs);
      },
    },
    isStopping: () => world.isStopping,
    async pause(ms) {
      world.rests.push(ms);
      return Promise.resolve();
    },
    clock: () => world.now,
  });
  return { world, held };
}

test('pages of our own tables renew a run twice a second, not each', async () => {
  const { world, held } = heldRun();

  for (world.now = 0; world.now < 2_000; world.now += 50) await held.beforePage();

  expect(world.renewals).toBe(4);
});

test('a run that was taken over ends within half a second', async () => {
  const { world, held } = heldRun();
  await held.beforePage();
  world.isOurs = false;

  await held.beforePage();
  world.now = 500;

  await expect(held.beforePage()).rejects.toThrow(RunLostError);
});

test('no call is made before the run is ours at that moment', async () => {
  const { world, held } = heldRun();
  const ask = async () => Promise.resolve('answered');
  await held.call(ask);
  expect(await held.call(ask)).toBe('answered');
  expect(world.renewals).toBe(2);
  world.isOurs = false;

  await expect(held.call(ask)).rejects.toThrow(RunLostError);
  expect(held.callsMade()).toBe(2);
});

test('a process that stops is noticed at the next page', async () => {
  const { world, held } = heldRun();
  await held.beforePage();
  world.isStopping = true;

  await expect(held.beforePage()).rejects.toThrow(StoppingError);
});

test('a clock that is put back makes no call without asking', async () => {
  const { world, held } = heldRun();
  world.now = 3_600_000;
  await held.beforePage();
  world.now = 0;

  await held.call(async () => Promise.resolve());

  expect(world.renewals).toBe(2);
});

test('as long as a page took, others have the machine', async () => {
  const { world, held } = heldRun();
  const page = async (ms: number) => {
    await held.beforePage();
    world.now += ms;
  };
  for (const ms of [40, 0, 5_000, 25]) await page(ms);
  await held.call(async () => Promise.resolve());
  await page(10);

  expect(world.rests).toEqual([40, 1_000]);
});
