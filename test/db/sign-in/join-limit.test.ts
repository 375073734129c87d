import { expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { membership } from '../../builders/store-world.js';
import { eventually } from '../../support/eventually.js';
import { useSignIn } from '../../support/sign-in-fixture.js';
import { signIn } from '../../support/sign-in-rig.js';

const { accounts, guildId, roles } = DEMO;
const MEMBER = '/guilds/{guild_id}/members/{user_id}';
const NEWCOMERS = ['carol', 'erin'] as const;

const guild = useSignIn({
  memberJoin: { limit: 1, windowMs: 5_000, window: 'fixed' },
  memberRoles: null,
  memberPatch: null,
  memberGet: null,
  global: null,
  others: null,
});

const arrived = () => NEWCOMERS.filter((name) => guild.rolesOf(name) !== undefined);

test('a person waiting for the join limit is not read and delays no other member', async () => {
  const rig = guild.rig();
  await guild.signIn('alice');
  rig.discord.moderator.leave({ guildId, discordUserId: accounts.carol });
  rig.discord.calls.reset();

  for (const name of NEWCOMERS) await signIn(rig, guild.personOf(name));
  await eventually(() => arrived().length === 1);
  const [delayed] = NEWCOMERS.filter((name) => !arrived().includes(name));
  await eventually(async () => {
    const link = await guild.linkOf(delayed ?? '');
    return link?.reason?.includes('Discord asked to wait') === true;
  });
  await rig.store.applyFacts([membership('alice', 'pilots')]);
  await eventually(() => guild.rolesOf('alice')?.includes(roles.pilot) === true);
  const arrivedBefore = arrived().length;
  await guild.quiet();

  expect(arrivedBefore).toBe(1);
  expect(arrived()).toHaveLength(2);
  expect(guild.calls()).not.toContain(`GET ${MEMBER} 404`);
  expect((await guild.records()).filter(({ closedAt }) => closedAt === null)).toEqual([]);
});
