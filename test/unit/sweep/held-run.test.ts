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

/** A run, with the number of its renewals in the database. */
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

test('reading pages of our own tables renews the run twice a second, not on every page', async () => {
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

test('each call to Discord first confirms that the run is still ours', async () => {
  const { world, held } = heldRun();
  const ask = async () => Promise.resolve('answered');
  await held.call(ask);
  expect(await held.call(ask)).toBe('answered');
  expect(world.renewals).toBe(2);
  world.isOurs = false;

  await expect(held.call(ask)).rejects.toThrow(RunLostError);
  expect(held.callsMade()).toBe(2);
});

test('a stopping process ends the run at the next page', async () => {
  const { world, held } = heldRun();
  await held.beforePage();
  world.isStopping = true;

  await expect(held.beforePage()).rejects.toThrow(StoppingError);
});

test('a call renews the run even if the clock was set back', async () => {
  const { world, held } = heldRun();
  world.now = 3_600_000;
  await held.beforePage();
  world.now = 0;

  await held.call(async () => Promise.resolve());

  expect(world.renewals).toBe(2);
});

test('the run pauses before the next page for as long as the last page took, at most a second', async () => {
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
