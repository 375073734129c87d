import { beforeEach, describe, expect, test } from 'vitest';

import type { Job } from '../../services/reconcile/job.js';
import { withMarks } from '../../services/reconcile/reconcile.js';
import type { Store } from '../../services/store/store.js';
import { NOTHING_SETTLED } from '../../services/reconcile/settle/settlement.js';
import { membership } from '../builders/store-world.js';
import { useJobs } from '../support/jobs-fixture.js';
import { must } from '../support/must.js';

const jobs = useJobs();
const { claim } = jobs;
let store: Store;

beforeEach(() => {
  store = jobs.store();
});

/** What a run does first: reads the member together with the marks added since the claim. */
async function read(job: Job): Promise<Job> {
  const facts = must(await store.memory.readMember(job));
  return withMarks(job, must(facts.marks));
}

/** Alternates, so that each fact changes the previous one. */
function turn(nth: number): 'added' | 'removed' {
  return nth % 2 === 0 ? 'added' : 'removed';
}

describe('a mark', () => {
  test('made while the job runs is kept, with its own causes only', async () => {
    await store.applyFacts([membership('alice', 'pilots')]);
    const [job] = await claim();

    await store.applyFacts([membership('alice', 'directors')]);
    await store.memory.settle(must(job), NOTHING_SETTLED);

    const [again] = await claim();
    expect(again?.causes.map((each) => each.groupId)).toEqual(['directors']);
  });

  test('made before the member is read is settled by that run, and one made afterwards is not', async () => {
    await store.applyFacts([membership('alice', 'pilots')]);
    const [claimed] = await claim();
    await store.applyFacts([membership('alice', 'directors')]);
    const job = await read(must(claimed));
    await store.applyFacts([membership('alice', 'pilots', 'removed')]);

    await store.memory.settle(job, NOTHING_SETTLED);
    const [again] = await claim();
    await store.memory.settle(await read(must(again)), NOTHING_SETTLED);

    expect(job.causes.map((each) => each.groupId)).toEqual(['pilots', 'directors']);
    expect(again?.causes.map((each) => each.groupId)).toEqual(['pilots']);
    expect(await claim()).toEqual([]);
  });

  test('is not lost if there are more causes than a job keeps', async () => {
    await store.applyFacts([membership('alice', 'pilots')]);
    const [claimed] = await claim();
    for (let nth = 0; nth < 60; nth += 1)
      await store.applyFacts([membership('alice', 'directors', turn(nth))]);
    const job = await read(must(claimed));
    for (let nth = 0; nth < 60; nth += 1)
      await store.applyFacts([membership('alice', 'pilots', turn(nth + 1))]);

    await store.memory.settle(job, NOTHING_SETTLED);

    const [again] = await claim();
    expect(again?.causes.filter(({ groupId }) => groupId === 'pilots')).toHaveLength(60);
  });
});
