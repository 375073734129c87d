import { expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, membership } from '../../builders/store-world.js';
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

test('a member delayed before the first call leaves no open record', async () => {
  for (const name of PEOPLE) await path.link(name);
  const rig = path.rig();
  const give = async (...names: (typeof PEOPLE)[number][]) =>
    rig.store.applyFacts(names.map((name) => membership(name, 'pilots')));

  // One write for each bucket, so both are known to be used up.
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

test('changes made before a delay are recorded immediately and not repeated', async () => {
  const { store, clientId, discord, quiet } = path.rig();
  await store.clients.updateClient(clientId, { wholeListWrites: false }, cause);
  await path.link('alice');

  await store.applyFacts([membership('alice', 'pilots'), membership('alice', 'directors')]);
  await eventually(
    async () => (await path.stateOf('alice'))?.reason?.includes('is used up') === true,
  );
  const [first, ...others] = await path.records();
  await quiet();

  expect(others).toEqual([]);
  expect(first).toMatchObject({ outcome: 'APPLIED', added: [expect.any(String)] });
  const records = await path.records();
  expect(records.flatMap(({ added }) => added)).toHaveLength(2);
  expect(records.every(({ closedAt }) => closedAt !== null)).toBe(true);
  expect(discord.calls.count({ method: 'PUT' })).toBe(2);
  expect(discord.calls.count({ method: 'GET' })).toBe(0);
});

test('a membership that changes during the delay is applied', async () => {
  const { store, clientId, discord, quiet } = path.rig();
  await store.clients.updateClient(clientId, { wholeListWrites: false }, cause);
  await path.link('alice');
  const isDelayed = async () =>
    (await path.stateOf('alice'))?.reason?.includes('is used up') === true;

  await store.applyFacts([membership('alice', 'pilots'), membership('alice', 'directors')]);
  await eventually(isDelayed);
  const held = path.rig().rolesOf('alice') ?? [];
  const group = held.includes(roles.pilot) ? 'pilots' : 'directors';
  await store.applyFacts([membership('alice', group, 'removed')]);
  await quiet();

  expect(path.rig().rolesOf('alice')).toHaveLength(1);
  expect(path.rig().rolesOf('alice')).not.toEqual(held);
  expect(discord.calls.count({ status: 429 })).toBe(0);
});
