import { describe, expect, test } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { cause, snapshotOf } from '../builders/store-world.js';
import { withoutRole, withRoles } from '../support/lying-discord.js';
import { usePath } from '../support/path-fixture.js';

const { guildId, accounts, roles } = DEMO;
const EVENT_HOST = '300000000000000002';
const BOOSTER = '300000000000000001';
const ALL = ['pilots', 'directors', 'recruits'];
const MAPPED = [roles.pilot, roles.director, roles.recruit];

const path = usePath({ mayLie: true });

const MEMBER = new RegExp(`^/guilds/${guildId}/members/\\d+$`);
const ROLES = new RegExp(`^/guilds/${guildId}/roles$`);

async function giveForeign(name: 'alice' | 'bob', roleId = EVENT_HOST) {
  const { discord } = path.rig();
  const member = { guildId, discordUserId: accounts[name] };
  discord.moderator.giveRole({ ...member, roleId });
}

const patches = () => path.rig().discord.calls.count({ method: 'PATCH', status: 200 });

async function grantAll(name: 'alice' | 'bob' = 'alice') {
  await path.rig().store.applyFacts([snapshotOf(name, ALL)]);
  await path.rig().quiet();
}

describe('a role list that lacks a role a member holds', () => {
  test('removes the role neither from that member nor from members changed later', async () => {
    const { discord, liar } = path.rig();
    const { roleId } = discord.moderator.createRole({ guildId, name: 'New' });
    await giveForeign('alice', roleId);
    await giveForeign('bob', roleId);
    await path.link('alice');
    await path.link('bob');
    liar().lie({
      method: 'GET',
      path: ROLES,
      times: null,
      answer: withoutRole(roleId),
    });

    await grantAll('alice');
    liar().tellTruth();
    await grantAll('bob');

    expect(new Set(path.rig().rolesOf('alice'))).toEqual(new Set([roleId, ...MAPPED]));
    expect(new Set(path.rig().rolesOf('bob'))).toEqual(new Set([BOOSTER, roleId, ...MAPPED]));
    expect(patches()).toBe(2);
  });

  test('removes no role if Discord refuses a whole-list write that includes the role, and tries no further whole-list write', async () => {
    const { discord, liar } = path.rig();
    const { roleId } = discord.moderator.createRole({ guildId, name: 'New' });
    await giveForeign('alice', roleId);
    await giveForeign('bob', roleId);
    await path.link('alice');
    await path.link('bob');
    liar().lie({
      method: 'GET',
      path: ROLES,
      times: null,
      answer: withoutRole(roleId),
    });
    discord.faults.plant({
      effect: { kind: 'status', status: 404, code: 10011 },
      method: 'PATCH',
    });

    await grantAll('alice');
    await grantAll('bob');

    expect(new Set(path.rig().rolesOf('alice'))).toEqual(new Set([roleId, ...MAPPED]));
    expect(new Set(path.rig().rolesOf('bob'))).toEqual(new Set([BOOSTER, roleId, ...MAPPED]));
    expect(discord.calls.count({ method: 'PATCH' })).toBe(1);
    expect(discord.calls.count({ method: 'PUT', status: 204 })).toBe(6);
  });
});

describe('a read of a member that lacks a role the member holds', () => {
  test.each([
    ['shows no role at all', 0],
    ['shows another one', 1],
  ])('and %s causes the changes to be written one by one', async (_, others) => {
    await giveForeign('alice');
    const { roleId } = path.rig().discord.moderator.createRole({ guildId, name: 'Another' });
    const shown = [roleId].slice(0, others);
    await path.link('alice');
    path
      .rig()
      .liar()
      .lie({ method: 'GET', path: MEMBER, times: 1, answer: withRoles(shown) });

    await grantAll();

    expect(path.rig().liar().untold()).toBe(0);
    expect(new Set(path.rig().rolesOf('alice'))).toEqual(new Set([EVENT_HOST, ...MAPPED]));
    expect(patches()).toBe(0);
  });

  test('is not trusted when the next reads repeat it', async () => {
    await giveForeign('alice');
    await path.link('alice');
    await grantAll();
    path
      .rig()
      .liar()
      .lie({ method: 'GET', path: MEMBER, times: null, answer: withRoles([]) });

    await path.rig().store.applyFacts([snapshotOf('alice', [])]);
    await path.rig().quiet();
    await grantAll();
    await path.rig().store.applyFacts([snapshotOf('alice', [])]);
    await path.rig().quiet();
    await grantAll();

    expect(path.rig().rolesOf('alice')).toContain(EVENT_HOST);
  });

  test('removes nothing when it is the first read of the member', async () => {
    await giveForeign('alice');
    await path.rig().store.applyFacts([snapshotOf('alice', ALL)]);
    path
      .rig()
      .liar()
      .lie({ method: 'GET', path: MEMBER, times: 1, answer: withRoles([]) });

    await path.link('alice');

    expect(path.rig().liar().untold()).toBe(0);
    expect(new Set(path.rig().rolesOf('alice'))).toEqual(new Set([EVENT_HOST, ...MAPPED]));
  });
});

describe('foreign roles', () => {
  test('are not granted when a read shows one that the member does not hold', async () => {
    await path.link('alice');
    path
      .rig()
      .liar()
      .lie({
        method: 'GET',
        path: MEMBER,
        times: 1,
        answer: withRoles([EVENT_HOST]),
      });

    await grantAll();

    expect(new Set(path.rig().rolesOf('alice'))).toEqual(new Set(MAPPED));
  });

  test('stay when the response to a write omits them', async () => {
    await giveForeign('alice');
    await path.link('alice');
    path
      .rig()
      .liar()
      .lie({
        method: 'PATCH',
        path: MEMBER,
        times: 1,
        answer: withRoles(MAPPED),
      });

    await grantAll();
    path
      .rig()
      .liar()
      .lie({
        method: 'GET',
        path: MEMBER,
        times: 1,
        answer: withRoles(MAPPED),
      });
    await path.rig().store.applyFacts([snapshotOf('alice', [])]);
    await path.rig().quiet();

    expect(path.rig().rolesOf('alice')).toEqual([EVENT_HOST]);
  });

  test('stay when a link is removed after a read that omits them', async () => {
    await giveForeign('alice');
    await path.link('alice');
    await grantAll();
    const links = await path.rig().store.read.findLinkByPlatformUser(path.rig().clientId, 'alice');
    path
      .rig()
      .liar()
      .lie({
        method: 'GET',
        path: MEMBER,
        times: 1,
        answer: withRoles(MAPPED),
      });

    await path.rig().store.links.unlinkMember({ id: links?.id ?? '', cause });
    await path.rig().quiet();

    expect(path.rig().rolesOf('alice')).toEqual([EVENT_HOST]);
  });
});
