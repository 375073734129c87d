import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { SweepRun } from '../../../services/sweep/ports.js';
import type { Store } from '../../../services/store/store.js';
import { judgePlan } from '../../../services/reconcile/guard/guard.js';
import { cause, clientInput } from '../../builders/store-world.js';
import type { TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { createMigratedDatabase, openTestStore } from '../../support/store.js';

const MINUTE = 60_000;

let database: TestDatabase;
/** Two processes. */
let one: Store;
let other: Store;

beforeEach(async () => {
  database = await createMigratedDatabase();
  one = await openTestStore(database.url);
  other = await openTestStore(database.url);
  const { id: clientId } = await one.clients.createClient(clientInput());
  await one.sweeps.startSweep({
    clientId,
    kind: 'REMOTE_SYNC',
    dryRun: false,
    enforceStrategy: null,
    cause,
  });
});

afterEach(async () => {
  await one.stop();
  await other.stop();
  await database.drop();
});

async function claimed(store: Store, leaseMs = MINUTE): Promise<SweepRun> {
  const run = await store.sweeps.runs(judgePlan).claim(leaseMs, []);
  if (run === null) throw new Error('there is nothing to claim');
  return run;
}

const ENDING = {
  state: 'DONE',
  plan: null,
  checked: 7,
  drifted: 0,
  changed: 0,
  failed: 0,
  reason: null,
  driftedMembers: [],
  marks: [],
  looks: [],
  holders: null,
} as const;

describe('a run', () => {
  test('that waits is claimed by only one of several processes', async () => {
    const more = await Promise.all([1, 2].map(async () => openTestStore(database.url)));

    const runs = await Promise.all(
      [one, other, ...more].map((store) => store.sweeps.runs(judgePlan).claim(MINUTE, [])),
    );
    for (const store of more) await store.stop();

    expect(runs.filter((run) => run !== null)).toHaveLength(1);
  });

  test('can be written only by its own process', async () => {
    const run = await claimed(one);

    expect(await other.sweeps.runs(judgePlan).claim(MINUTE, [])).toBeNull();
    expect(await other.sweeps.runs(judgePlan).renew(run.id, MINUTE, 0)).toBe(false);
    expect(await other.sweeps.runs(judgePlan).finish(run, ENDING)).toBeNull();
    expect(await one.sweeps.runs(judgePlan).renew(run.id, MINUTE, 3)).toBe(true);
    expect(await one.sweeps.findSweeps([run.id])).toMatchObject([{ state: 'RUNNING', checked: 3 }]);
    expect(await one.sweeps.runs(judgePlan).finish(run, ENDING)).toEqual({
      heldIn: null,
      isNewDoubt: false,
    });
    expect(await other.sweeps.findSweeps([run.id])).toMatchObject([{ state: 'DONE', checked: 7 }]);
  });

  test('of a dead process is restarted by another, and the dead process can no longer write', async () => {
    const run = await claimed(one, 1);

    const again: SweepRun[] = [];
    await eventually(async () => {
      const taken = await other.sweeps.runs(judgePlan).claim(MINUTE, []);
      if (taken !== null) again.push(taken);
      return taken !== null;
    });

    expect(again).toMatchObject([{ id: run.id, attempts: 2 }]);
    const { clientId } = run;
    const listing = { clientId, askedAt: new Date().toISOString() };
    expect(await one.sweeps.runs(judgePlan).refreshMirror(run, listing, [])).toBeNull();
    expect(await one.sweeps.runs(judgePlan).noteLeft(run, listing, [])).toBeNull();
    expect(await one.sweeps.runs(judgePlan).renew(run.id, MINUTE, 0)).toBe(false);
    expect(await one.sweeps.runs(judgePlan).finish(run, ENDING)).toBeNull();
  });

  test('that is released is started by another process as if for the first time', async () => {
    const run = await claimed(one);

    await one.sweeps.runs(judgePlan).release(run);

    expect(await claimed(other)).toMatchObject({ id: run.id, attempts: 1 });
  });

  test('that its process claimed but does not run is restarted by that process at once', async () => {
    const { id } = await claimed(one);

    const beside = await one.sweeps.runs(judgePlan).claim(MINUTE, [id]);
    const again = await one.sweeps.runs(judgePlan).claim(MINUTE, []);

    expect(beside).toBeNull();
    expect(again).toMatchObject({ id, attempts: 2 });
  });

  test('that was restarted is not released by a late statement', async () => {
    const run = await claimed(one);
    await claimed(one);

    await one.sweeps.runs(judgePlan).release(run);

    expect(await other.sweeps.runs(judgePlan).claim(MINUTE, [])).toBeNull();
  });

  test('that is cancelled can be neither written nor claimed', async () => {
    const run = await claimed(one);

    await other.sweeps.cancelSweep(run.id);

    expect(await one.sweeps.runs(judgePlan).renew(run.id, MINUTE, 0)).toBe(false);
    expect(await one.sweeps.runs(judgePlan).finish(run, ENDING)).toBeNull();
    expect(await other.sweeps.runs(judgePlan).claim(MINUTE, [])).toBeNull();
  });
});
