import { expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, membership, snapshotOf } from '../../builders/store-world.js';
import { eventually } from '../../support/eventually.js';
import { usePath } from '../../support/path-fixture.js';
import { bringCrowd, holdersOf, limitingWrites, markForSweep, people } from './crowd.js';

const { guildId, accounts, roles } = DEMO;
const CROWD = people(12);

/** Longer than the test waits, so that a write in a second window fails it. */
const bucket = { limit: 3, windowMs: 60_000, window: 'fixed' } as const;

const path = usePath(limitingWrites(bucket));

test('a sweep uses both kinds of write, stays within the limits, and leaves the last call to a fresh grant', async () => {
  const { store, discord, clientId } = path.rig();
  const alice = { guildId, discordUserId: accounts.alice };
  discord.moderator.giveRole({ ...alice, roleId: roles.recruit });
  await store.applyFacts([snapshotOf('alice', ['recruits'])]);
  await path.link('alice');
  const removalGuard = { minimum: 1_000, percent: 100 };
  await store.clients.updateClient(clientId, { removalGuard }, cause);
  await bringCrowd(path.rig(), CROWD);
  for (const { discordUserId } of CROWD)
    discord.moderator.giveRole({
      guildId,
      discordUserId,
      roleId: roles.pilot,
    });

  await markForSweep(path.databaseUrl());
  // Two of the three calls of each bucket. The last one of each is reserved.
  await eventually(() => path.rig().writes() === 4);
  await store.applyFacts([membership('alice', 'directors')]);
  await eventually(() => (path.rig().rolesOf('alice') ?? []).includes(roles.director));

  const { calls } = discord;
  expect(calls.count({ method: 'DELETE', status: 204 })).toBe(2);
  expect(calls.count({ method: 'PATCH', status: 200 })).toBe(2);
  expect(calls.count({ method: 'PUT', status: 204 })).toBe(1);
  expect(calls.count({ status: 429 })).toBe(0);
  expect(holdersOf(path.rig(), roles.pilot)).toBe(CROWD.length - 4);
});
