import { expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { membership } from '../../builders/store-world.js';
import { eventually } from '../../support/eventually.js';
import { usePath } from '../../support/path-fixture.js';
import { limitingWrites } from './crowd.js';

const { roles } = DEMO;
const PEOPLE = ['alice', 'bob', 'carol'] as const;

const bucket = { limit: 1, windowMs: 4_000, window: 'fixed' } as const;
const path = usePath(limitingWrites(bucket));

const arePilots = (names: readonly (typeof PEOPLE)[number][]) =>
  names.every((name) => path.rig().rolesOf(name)?.includes(roles.pilot));

const openRecords = async () =>
  (await path.records()).filter(({ closedAt }) => closedAt === null).length;

test('who is delayed before any call leaves no open record', async () => {
  for (const name of PEOPLE) await path.link(name);
  const rig = path.rig();
  const give = async (...names: (typeof PEOPLE)[number][]) =>
    rig.store.applyFacts(names.map((name) => membership(name, 'pilots')));

  // One by the one bucket, one by the other: both are known to be spent now.
  await give('alice', 'bob');
  await eventually(() => arePilots(['alice', 'bob']));
  await give('carol');
  await eventually(
    async () => (await path.stateOf('carol'))?.reason?.includes('is used up') === true,
  );

  expect(arePilots(['carol'])).toBe(false);
  expect(await openRecords()).toBe(0);
  await eventually(() => arePilots(['carol']));
  await rig.quiet();
  expect(await path.records()).toHaveLength(3);
});
