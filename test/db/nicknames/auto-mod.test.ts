import { expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { snapshotOf } from '../../builders/store-world.js';
import { useNicknames } from '../../support/nickname-fixture.js';

const { accounts, roles } = DEMO;
const PEOPLE = ['alice', 'bob', 'carol', 'dave'] as const;
const MEMBER = '/guilds/{guild_id}/members/{user_id}';

const names = useNicknames();

const autoMod = {
  kind: 'status',
  status: 400,
  code: 50035,
  errors: {
    guild_tag: { _errors: [{ code: 'AUTO_MODERATION', message: '' }] },
  },
} as const;

test('a nickname that AutoMod refuses delays no role, pauses no client, and is tried once', async () => {
  await names.policy('TEMPLATE', '%character');
  const { discord, store, clientId, quiet } = names.rig();
  discord.faults.plant({
    effect: autoMod,
    method: 'PATCH',
    route: MEMBER,
    times: null,
  });
  for (const name of PEOPLE) {
    await names.person(name, { character: `Pilot ${name}` });
    await names.link(name, accounts[name]);
  }
  const asked = discord.calls.count({ method: 'PATCH' });
  expect(asked).toBe(PEOPLE.length);

  await store.applyFacts(
    PEOPLE.map((name) => snapshotOf(name, ['pilots', 'directors', 'recruits'])),
  );
  await quiet();

  for (const name of PEOPLE)
    expect(names.rig().rolesOf(name)).toEqual(
      expect.arrayContaining([roles.pilot, roles.director, roles.recruit]),
    );
  const [client] = await store.clients.findClients([clientId]);
  expect(client).toMatchObject({ trouble: null, pausedUntil: null });
  const link = await store.read.findLinkByPlatformUser(clientId, 'bob');
  expect(link).toMatchObject({
    state: 'IN_STEP',
    reason: expect.stringContaining('Discord does not accept "Pilot bob"'),
  });
});
