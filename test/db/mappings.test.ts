import { describe, expect, test } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { cause, mapGroup, membership, nextOrder, snapshotOf } from '../builders/store-world.js';
import { eventually } from '../support/eventually.js';
import { usePath } from '../support/path-fixture.js';

const { guildId, accounts, roles } = DEMO;
const BOOSTER = '300000000000000001';
const FLEET_COMMAND = '300000000000000007';
const path = usePath();

const byName = (name: keyof typeof accounts) => ({
  guildId,
  discordUserId: accounts[name],
});

describe('mappings', () => {
  test('a new mapping adds the role for existing group members', async () => {
    await path.rig().store.mappings.retireMapping({
      id: path.mappingIds()[0] ?? '',
      holders: 'LEAVE',
      dryRun: false,
      cause,
    });
    await path.rig().store.applyFacts([membership('alice', 'pilots')]);
    await path.link('alice');
    expect(path.rig().rolesOf('alice')).toEqual([]);

    const { effect } = await mapGroup(path.rig().store.mappings, {
      clientId: path.rig().clientId,
      groupId: 'pilots',
      roleId: roles.pilot,
    });
    await path.rig().quiet();

    expect(effect).toEqual({
      additions: 1,
      removals: 0,
      calls: 1,
      seconds: 1,
      members: [
        {
          discordUserId: accounts.alice,
          platformUserId: 'alice',
          add: [roles.pilot],
          remove: [],
          nickname: null,
          reason: 'in group pilots',
        },
      ],
    });
    expect(path.rig().rolesOf('alice')).toEqual([roles.pilot]);
  });

  test('a retired mapping is deleted only once its role is removed', async () => {
    await path.link('alice');
    await path.rig().store.applyFacts([membership('alice', 'pilots')]);
    await path.rig().quiet();

    await path.rig().store.mappings.retireMapping({
      id: path.mappingIds()[0] ?? '',
      holders: 'TAKE_BACK',
      dryRun: false,
      cause,
    });
    await eventually(async () => {
      const [mappings] = await path.rig().store.read.mappingsOfClients([path.rig().clientId]);
      return mappings?.length === 2;
    });

    expect(path.rig().rolesOf('alice')).toEqual([]);
  });

  test('a mapping retired with LEAVE leaves the role on its holders, as a foreign role', async () => {
    await path.link('alice');
    await path.rig().store.applyFacts([membership('alice', 'pilots')]);
    await path.rig().quiet();

    await path.rig().store.mappings.retireMapping({
      id: path.mappingIds()[0] ?? '',
      holders: 'LEAVE',
      dryRun: false,
      cause,
    });
    await path.rig().store.applyFacts([membership('alice', 'pilots', 'removed')]);
    await path.rig().quiet();

    expect(path.rig().rolesOf('alice')).toEqual([roles.pilot]);
  });

  test.each([
    ['managed', BOOSTER, 'FAILED_PRECONDITION'],
    ['above the bot', FLEET_COMMAND, 'FAILED_PRECONDITION'],
    ['@everyone', guildId, 'FAILED_PRECONDITION'],
    ['unknown', '999999999999999999', 'NOT_FOUND'],
  ])('a mapping to a role that is %s is refused', async (_what, roleId, code) => {
    const attempt = mapGroup(path.rig().store.mappings, {
      clientId: path.rig().clientId,
      groupId: 'pilots',
      roleId,
    });

    await expect(attempt).rejects.toMatchObject({
      code,
      field: 'input.roleId',
    });
  });

  test('a mapping of an unknown group is refused with instructions for sending groups', async () => {
    const attempt = mapGroup(path.rig().store.mappings, {
      clientId: path.rig().clientId,
      groupId: 'nobody',
      roleId: roles.pilot,
    });

    await expect(attempt).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'input.groupId',
      message: expect.stringMatching(
        /group nobody is unknown: .*upsertPlatformGroups .*platform\.group\.changed\.v1/,
      ),
    });
  });

  test('a deleted group removes its role from its members, and a recreated one adds it only for newer members', async () => {
    await path.link('alice');
    await path.rig().store.applyFacts([membership('alice', 'pilots')]);
    await path.rig().quiet();
    path.rig().discord.calls.reset();

    await path
      .rig()
      .store.applyFacts([{ kind: 'groupDeleted', groupId: 'pilots', order: nextOrder(), cause }]);
    await path.rig().quiet();
    expect(path.rig().rolesOf('alice')).toEqual([]);
    expect(path.rig().discord.calls.recent()).toMatchObject([{ method: 'DELETE', status: 204 }]);

    await path
      .rig()
      .store.applyFacts([{ kind: 'groupChanged', groupId: 'pilots', order: nextOrder(), cause }]);
    await path.rig().quiet();
    expect(path.rig().rolesOf('alice')).toEqual([]);

    await path.rig().store.applyFacts([membership('alice', 'pilots')]);
    await path.rig().quiet();
    expect(path.rig().rolesOf('alice')).toEqual([roles.pilot]);
  });

  test.each([
    ['OBSERVE', 'writes nothing', [roles.recruit]],
    ['DISCORD', 'gives at the first reading, and takes nothing', [roles.recruit, roles.pilot]],
  ] as const)(
    'a client with authority %s %s, not even when a link ends',
    async (authority, _what, roleIds) => {
      await path.rig().store.clients.updateClient(path.rig().clientId, { authority }, cause);
      path.rig().discord.moderator.giveRole({
        ...byName('alice'),
        roleId: roles.recruit,
      });

      const linkId = await path.link('alice');
      await path.rig().store.applyFacts([snapshotOf('alice', ['pilots'])]);
      await path.rig().quiet();
      await path.rig().store.links.unlinkMember({ id: linkId, cause });
      await eventually(async () => (await path.stateOf('alice')) === undefined);

      expect(path.rig().rolesOf('alice')).toEqual(roleIds);
      expect(path.rig().writes()).toBe(roleIds.length - 1);
    },
  );
});
