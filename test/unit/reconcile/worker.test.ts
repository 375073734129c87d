import { expect, test } from 'vitest';

import { UnavailableError } from '../../../services/lib/errors.js';
import { silentLogger } from '../../../services/lib/logger.js';
import { LANES, type MemberKey } from '../../../services/model.js';
import type { Job, JobTable } from '../../../services/reconcile/job.js';
import { createWorker } from '../../../services/reconcile/worker.js';
import { createPacing, NOTHING_KNOWN } from '../../../services/discord/limits/pacing.js';
import { eventually } from '../../support/eventually.js';

const jobOf = (discordUserId: string): Job => ({
  clientId: 'client',
  discordUserId,
  version: 1,
  lane: LANES.fresh,
  attempts: 0,
  causes: [],
  lateCauses: 0,
});

const idOf = ({ discordUserId }: MemberKey) => discordUserId;

/** An in-memory job table whose claims return when the test decides. */
function createTable(...discordUserIds: readonly string[]) {
  const jobs = new Map(discordUserIds.map((id) => [id, jobOf(id)]));
  const asked: (() => void)[] = [];
  let isHeld = false;
  const claim: JobTable['claim'] = async ({ busy = [] }) => {
    if (isHeld) await new Promise<void>((resolve) => asked.push(resolve));
    const isBusy = new Set(busy.map(idOf));
    return {
      jobs: [...jobs.values()].filter((job) => !isBusy.has(idOf(job))),
      nextDueInMs: null,
    };
  };
  return {
    jobs,
    table: {
      claim,
      onMarked: async () => async () => undefined,
      renewLeases: async () => ({ gained: 0, surplus: [] }),
      letGo: async () => undefined,
      startListing: async () => false,
      releaseLeases: async () => undefined,
    },
    hold: () => {
      isHeld = true;
    },
    isAsked: () => asked.length > 0,
    answer: () => {
      isHeld = false;
      for (const resolve of asked.splice(0)) resolve();
    },
  };
}

const lease = {
  start: async () => undefined,
  stop: async () => undefined,
  hold: () => () => true,
  surplus: () => [],
  letGo: async () => undefined,
  close: () => undefined,
};

/** A worker whose runs end when the test decides. */
function createWork(jobs: JobTable, windowMs = 0) {
  const runs: {
    readonly id: string;
    readonly end: PromiseWithResolvers<Date | null>;
  }[] = [];
  const worker = createWorker({
    jobs,
    lease,
    reconcile: async (job) => {
      const end = Promise.withResolvers<Date | null>();
      runs.push({ id: idOf(job), end });
      return end.promise;
    },
    pacing: createPacing({
      writeOutlook: () => NOTHING_KNOWN,
      clock: Date.now,
      runsPerClient: 4,
    }),
    logger: silentLogger,
    runsPerClient: 4,
    pollMs: 5,
    windowMs,
  });
  return {
    worker,
    runs,
    /** The promise that the last run of this member waits for. */
    endOf: (id: string) => runs.findLast((run) => run.id === id)?.end,
    countOf: (id: string) => runs.filter((run) => run.id === id).length,
  };
}

const away = () => new UnavailableError('database unreachable');

test('two runs that fail shortly after each other are both retried', async () => {
  const { table, jobs, hold, isAsked, answer } = createTable('one', 'two');
  const { worker, endOf, countOf } = createWork(table);
  await worker.start();
  await eventually(() => countOf('one') + countOf('two') === 2);

  hold();
  endOf('one')?.reject(away());
  await eventually(isAsked);
  endOf('two')?.reject(away());
  answer();

  await eventually(() => countOf('one') === 2 && countOf('two') === 2);
  jobs.clear();
  endOf('one')?.resolve(null);
  endOf('two')?.resolve(null);
  await worker.stop();
});

test('a member never has two runs at once, however often the table is polled', async () => {
  const { table, jobs } = createTable('one', 'two');
  const { worker, endOf, countOf } = createWork(table);
  await worker.start();

  await eventually(() => countOf('two') === 1);
  for (let rounds = 1; rounds <= 5; rounds += 1) {
    endOf('two')?.reject(away());
    await eventually(() => countOf('two') === rounds + 1);
  }

  expect(countOf('one')).toBe(1);
  jobs.clear();
  endOf('one')?.resolve(null);
  endOf('two')?.resolve(null);
  await worker.stop();
});

test('a member is not run again within the window after a run', async () => {
  const { table, jobs } = createTable('one');
  const { worker, endOf, countOf } = createWork(table, 300);
  await worker.start();
  await eventually(() => countOf('one') === 1);
  const endedAtMs = performance.now();
  endOf('one')?.resolve(null);

  await eventually(() => countOf('one') === 2);

  expect(performance.now() - endedAtMs).toBeGreaterThanOrEqual(299);
  jobs.clear();
  endOf('one')?.resolve(null);
  await worker.stop();
});

test('a member whose run was postponed does not wait for the window', async () => {
  const { table, jobs } = createTable('one');
  const { worker, endOf, countOf } = createWork(table, 600_000);
  await worker.start();
  await eventually(() => countOf('one') === 1);

  endOf('one')?.resolve(new Date(0));

  await eventually(() => countOf('one') === 2);
  jobs.clear();
  endOf('one')?.resolve(new Date(0));
  await worker.stop();
});
