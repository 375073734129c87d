import { describe, expect, test } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { membership, snapshotOf } from '../builders/store-world.js';
import { withRoles } from '../support/lying-discord.js';
import { usePath } from '../support/path-fixture.js';
import { queryOnce } from '../support/query-once.js';

const { guildId, accounts, roles } = DEMO;
const EVENT_HOST = '300000000000000002';
const ALL = ['pilots', 'directors', 'recruits'];
const MEMBER = new RegExp(`^/guilds/${guildId}/members/\\d+$`);

const path = usePath({ mayLie: true });

/** Makes the last reading of each member too old to confirm a role list. */
async function ageMirror(): Promise<void> {
  await queryOnce(
    path.databaseUrl(),
    `update member set roles_read_at = roles_read_at - interval '2 minutes'`,
  );
}

async function grantAll(): Promise<void> {
  await path.rig().store.applyFacts([snapshotOf('alice', ALL)]);
  await path.rig().quiet();
}

describe('a role that a moderator added since the mirror was read', () => {
  test('survives a reading that lacks it', async () => {
    const { discord, liar } = path.rig();
    await path.link('alice');
    await ageMirror();
    discord.moderator.giveRole({
      guildId,
      discordUserId: accounts.alice,
      roleId: EVENT_HOST,
    });
    liar().lie({
      method: 'GET',
      path: MEMBER,
      times: 1,
      answer: withRoles([]),
    });

    await grantAll();

    expect(path.rig().rolesOf('alice')).toEqual(
      expect.arrayContaining([EVENT_HOST, roles.pilot, roles.director, roles.recruit]),
    );
  });

  test('survives a reading that lacks it, even after a run wrote to the member without reading it', async () => {
    const { discord, liar, store } = path.rig();
    await path.link('alice');
    await ageMirror();
    await store.applyFacts([membership('alice', 'pilots')]);
    await path.rig().quiet();
    discord.moderator.giveRole({
      guildId,
      discordUserId: accounts.alice,
      roleId: EVENT_HOST,
    });
    await store.applyFacts([membership('alice', 'pilots', 'removed')]);
    liar().lie({
      method: 'GET',
      path: MEMBER,
      times: 1,
      answer: withRoles([]),
    });

    await grantAll();

    expect(path.rig().rolesOf('alice')).toContain(EVENT_HOST);
  });
});
