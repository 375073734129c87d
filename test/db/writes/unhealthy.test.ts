import { expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { membership } from '../../builders/store-world.js';
import { eventually } from '../../support/eventually.js';
import { usePath } from '../../support/path-fixture.js';
import { bringCrowd, holdersOf, people } from './crowd.js';

const { guildId, roles } = DEMO;
const CROWD = people(30);
const MEMBER_ROLE = '/guilds/{guild_id}/members/{user_id}/roles/{role_id}';
/** Each call creates facts that are newer than the stored ones. */
const grants = () => CROWD.map(({ platformUserId }) => membership(platformUserId, 'pilots'));

const path = usePath();

test('a guild that refuses calls for a reason that no read reveals is paused after a few calls, and resumes by itself', async () => {
  await bringCrowd(path.rig(), CROWD);
  const { discord, store } = path.rig();
  const fault = discord.faults.plant({
    effect: { kind: 'status', status: 403, code: 50013 },
    route: MEMBER_ROLE,
    times: null,
  });

  await store.applyFacts(grants());
  await eventually(async () => ((await path.client())?.pausedUntil ?? null) !== null);

  expect((await path.client())?.trouble).toMatch(
    /^guild \d+ has refused \d+ of the last \d+ calls/,
  );
  const refused = discord.calls.count({ status: 403 });
  // Ten responses, and the calls in progress at that time.
  expect(refused).toBeLessThanOrEqual(13);

  discord.faults.remove(fault);
  await path.expirePause();
  await path.rig().quiet();

  expect(discord.calls.count({ status: 403 })).toBe(refused);
  expect(holdersOf(path.rig(), roles.pilot)).toBeGreaterThanOrEqual(CROWD.length - refused);
  expect(await path.client()).toMatchObject({
    trouble: null,
    pausedUntil: null,
  });
});

test('a guild that revokes the bot’s permission costs a few calls, and gets every role once it restores the permission', async () => {
  await bringCrowd(path.rig(), CROWD);
  const { discord, store, importRoles, quiet } = path.rig();
  const bot = discord.guild(guildId).roles.find((role) => role.tags?.bot_id !== undefined);
  if (bot === undefined) throw new Error('the bot has no role of its own');
  const { roleId, permissions } = bot;
  discord.moderator.editRole({ guildId, roleId, permissions: '0' });

  await store.applyFacts(grants());
  await quiet();

  expect(discord.calls.count({ status: 403 })).toBeLessThanOrEqual(13);
  expect(holdersOf(path.rig(), roles.pilot)).toBe(0);

  discord.moderator.editRole({ guildId, roleId, permissions });
  await path.expirePause();
  await importRoles();
  await quiet();

  expect(holdersOf(path.rig(), roles.pilot)).toBe(CROWD.length);
});
