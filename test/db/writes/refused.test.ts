import { expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { membership } from '../../builders/store-world.js';
import { eventually } from '../../support/eventually.js';
import { usePath } from '../../support/path-fixture.js';
import { bringCrowd, holdersOf, people } from './crowd.js';

const { roles } = DEMO;
const MEMBER_ROLE = '/guilds/{guild_id}/members/{user_id}/roles/{role_id}';

const path = usePath();

/** Makes Discord refuse the role, although its role list shows the role below the bot. */
const refuse = (times: number) =>
  path.rig().discord.faults.plant({
    effect: { kind: 'status', status: 403, code: 50013 },
    route: MEMBER_ROLE,
    times,
  });

const parked = async () => (await path.query("select 1 from member where state = 'PARKED'")).length;

const readings = () => {
  const count = (route: string) => path.rig().discord.calls.count({ method: 'GET', route });
  return {
    guild: count('/guilds/{guild_id}'),
    roles: count('/guilds/{guild_id}/roles'),
    members: count('/guilds/{guild_id}/members/{user_id}'),
  };
};

test('many refused roles cause one read of the guild, its roles and the bot', async () => {
  const crowd = people(20);
  await bringCrowd(path.rig(), crowd);
  refuse(20);

  await path
    .rig()
    .store.applyFacts(crowd.map(({ platformUserId }) => membership(platformUserId, 'pilots')));
  await eventually(async () => ((await path.client())?.pausedUntil ?? null) !== null);

  // The only member read is the bot.
  expect(readings()).toEqual({ guild: 1, roles: 1, members: 1 });
});

test('members refused for an unknown reason are retried after a minute', async () => {
  const crowd = people(3);
  await bringCrowd(path.rig(), crowd);
  const { store } = path.rig();
  refuse(3);
  for (const [index, { platformUserId }] of crowd.entries()) {
    await store.applyFacts([membership(platformUserId, 'pilots')]);
    await eventually(async () => (await parked()) > index);
  }

  const soon = await path.query(
    "update reconcile_job set due_at = now() where due_at < now() + interval '62 seconds' returning 1",
  );
  await path.rig().restart();

  // The first refusal caused the read, so that member stays parked.
  expect(soon).toHaveLength(2);
  await eventually(() => holdersOf(path.rig(), roles.pilot) === 2);
});
