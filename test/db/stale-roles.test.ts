import { describe, expect, test } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { snapshotOf } from '../builders/store-world.js';
import { usePath } from '../support/path-fixture.js';

const { guildId, accounts, roles } = DEMO;
const path = usePath({ discord: { quirks: { keepsStaleRoleIds: true } } });

describe('a guild that shows ids of deleted roles', () => {
  test('keeps them in a list write, because a newly created role may look the same', async () => {
    const { roleId } = path.rig().discord.moderator.createRole({
      guildId,
      name: 'Soon gone',
    });
    path.rig().discord.moderator.giveRole({
      guildId,
      discordUserId: accounts.alice,
      roleId,
    });
    path.rig().discord.moderator.deleteRole({ guildId, roleId });
    await path.link('alice');

    await path.rig().store.applyFacts([snapshotOf('alice', ['pilots', 'directors', 'recruits'])]);
    await path.rig().quiet();

    expect(path.rig().discord.calls.count({ method: 'PATCH', status: 200 })).toBe(1);
    expect(new Set(path.rig().rolesOf('alice'))).toEqual(
      new Set([roleId, ...Object.values(roles)]),
    );
  });
});
