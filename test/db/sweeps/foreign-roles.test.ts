import { expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { snapshotOf } from '../../builders/store-world.js';
import { withRoles } from '../../support/lying-discord.js';
import { held, useSweeps } from '../../support/sweep-fixture.js';

const EVENT_HOST = '300000000000000002';
const sweeps = useSweeps({ mayLie: true });

test('a member list without a member’s roles removes no foreign role, even if the next reading repeats it', async () => {
  const rig = sweeps.rig();
  const { discord, store } = rig;
  discord.moderator.giveRole(held('alice', EVENT_HOST));
  await sweeps.settledGuild();
  sweeps.tamper((guild) => ({
    listMembers: async (page) =>
      (await guild.listMembers(page)).map((member) =>
        member.discordUserId === DEMO.accounts.alice ? { ...member, roleIds: [] } : member,
      ),
    readRoleCounts: async () => new Map(),
  }));
  rig.liar().lie({
    method: 'GET',
    path: new RegExp(`/members/${DEMO.accounts.alice}$`),
    times: null,
    answer: withRoles([]),
  });

  await sweeps.sweep('REMOTE_SYNC');
  const [mirror] = await sweeps.query<{ role_ids: readonly string[] }>(
    `select role_ids from member where discord_user_id = '${DEMO.accounts.alice}'`,
  );
  expect(mirror?.role_ids).not.toContain(EVENT_HOST);
  await store.applyFacts([snapshotOf('alice', [])]);
  await rig.quiet();
  await store.applyFacts([snapshotOf('alice', ['pilots', 'directors', 'recruits'])]);
  await rig.quiet();

  expect(rig.rolesOf('alice')).toContain(EVENT_HOST);
  expect(rig.rolesOf('alice')).toHaveLength(4);
});
