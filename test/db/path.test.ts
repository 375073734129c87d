import { describe, expect, test } from 'vitest';

import { APPLIED, UNCHANGED } from '../builders/fact-outcomes.js';
import { DEMO } from '../../services/demo/demo-world.js';
import { cause, membership, nextOrder, snapshotOf } from '../builders/store-world.js';
import type { FaultPoint } from '../support/fault-points.js';
import { usePath } from '../support/path-fixture.js';

const { guildId, accounts, roles } = DEMO;
const EVENT_HOST = '300000000000000002';
const BOOSTER = '300000000000000001';
const path = usePath();

const byName = (name: keyof typeof accounts) => ({
  guildId,
  discordUserId: accounts[name],
});

/** Acts the first time the path reaches the point. */
function onceAt(point: FaultPoint, act: () => Promise<unknown>): void {
  path.rig().at(point, async () => {
    path.rig().at(point, async () => undefined);
    await act();
  });
}

describe('from a membership to a role', () => {
  test('a new group member gets its role, a former member loses it, and the record has the cause', async () => {
    await path.link('alice');

    await path.rig().store.applyFacts([membership('alice', 'pilots')]);
    await path.rig().quiet();
    const [added] = await path.records();
    await path.rig().store.applyFacts([membership('alice', 'pilots', 'removed')]);
    await path.rig().quiet();
    const [removed] = await path.records();

    expect(added).toMatchObject({
      added: [roles.pilot],
      removed: [],
      outcome: 'APPLIED',
    });
    expect(added?.causes).toMatchObject([{ kind: 'EVENT', actor: 'site', groupId: 'pilots' }]);
    expect(added?.closedAt).not.toBeNull();
    expect(removed).toMatchObject({
      added: [],
      removed: [roles.pilot],
      outcome: 'APPLIED',
    });
    expect(path.rig().rolesOf('alice')).toEqual([]);
  });

  test('the audit log reason at Discord names our record', async () => {
    await path.link('alice');

    await path.rig().store.applyFacts([membership('alice', 'pilots')]);
    await path.rig().quiet();

    const [record] = await path.records();
    expect(path.rig().discord.guild(guildId).auditLog[0]?.reason).toContain(record?.id);
  });

  test('a fresh fact about one role costs one call and no read', async () => {
    await path.link('alice');
    path.rig().discord.calls.reset();

    await path.rig().store.applyFacts([membership('alice', 'pilots')]);
    await path.rig().quiet();

    expect(path.rig().discord.calls.counts()).toEqual({
      'PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id} 204': 1,
    });
  });

  test('a fact that arrives just before its member is read is applied and recorded in the same run', async () => {
    const rig = path.rig();
    onceAt('memory.readMember:before', () => rig.store.applyFacts([membership('alice', 'pilots')]));

    await path.link('alice');

    expect(rig.rolesOf('alice')).toEqual([roles.pilot]);
    const records = await path.records();
    expect(records).toMatchObject([{ added: [roles.pilot] }]);
    expect(records[0]?.causes).toMatchObject([
      { kind: 'MUTATION' },
      { kind: 'EVENT', groupId: 'pilots' },
    ]);
  });

  test('a fact that arrives just after its member was read gets its own run', async () => {
    const rig = path.rig();
    onceAt('memory.readMember:after', () => rig.store.applyFacts([membership('alice', 'pilots')]));

    await path.link('alice');

    expect(rig.rolesOf('alice')).toEqual([roles.pilot]);
    const [record, ...others] = await path.records();
    expect(record).toMatchObject({ added: [roles.pilot] });
    expect(record?.causes).toMatchObject([{ kind: 'EVENT' }]);
    expect(others).toEqual([]);
  });

  test('three changes cost one list write, which keeps foreign and managed roles', async () => {
    path.rig().discord.moderator.giveRole({ ...byName('bob'), roleId: EVENT_HOST });
    await path.link('bob');
    path.rig().discord.calls.reset();

    await path.rig().store.applyFacts([snapshotOf('bob', ['pilots', 'directors', 'recruits'])]);
    await path.rig().quiet();

    expect(new Set(path.rig().rolesOf('bob'))).toEqual(
      new Set([BOOSTER, EVENT_HOST, roles.pilot, roles.director, roles.recruit]),
    );
    expect(path.rig().writes()).toBe(1);
    expect(path.rig().discord.calls.count({ method: 'PATCH', status: 200 })).toBe(1);
  });

  test('list writes can be turned off', async () => {
    await path
      .rig()
      .store.clients.updateClient(path.rig().clientId, { wholeListWrites: false }, cause);
    await path.link('alice');
    path.rig().discord.calls.reset();

    await path.rig().store.applyFacts([snapshotOf('alice', ['pilots', 'directors', 'recruits'])]);
    await path.rig().quiet();

    expect(path.rig().rolesOf('alice')).toHaveLength(3);
    expect(path.rig().discord.calls.count({ method: 'PATCH' })).toBe(0);
  });

  test('a role removed by a moderator comes back with the next fact about it, even if the mirror still shows it', async () => {
    await path.link('alice');
    await path.rig().store.applyFacts([membership('alice', 'pilots')]);
    await path.rig().quiet();
    path.rig().discord.moderator.takeRole({ ...byName('alice'), roleId: roles.pilot });

    await path
      .rig()
      .store.applyFacts([membership('alice', 'pilots', 'removed'), membership('alice', 'pilots')]);
    await path.rig().quiet();

    expect(path.rig().rolesOf('alice')).toEqual([roles.pilot]);
  });

  test('a repeated fact marks no member and writes nothing', async () => {
    const fact = membership('alice', 'pilots');
    await path.link('alice');
    await path.rig().store.applyFacts([fact]);
    await path.rig().quiet();
    path.rig().discord.calls.reset();

    const outcomes = await path.rig().store.applyFacts([fact]);
    await path.rig().quiet();

    expect(outcomes).toEqual([UNCHANGED]);
    expect(path.rig().discord.calls.counts()).toEqual({});
  });

  test.each([
    ['without a sequence', [null, null, null]],
    ['each with the next sequence', [1, 2, 3]],
  ])('a membership sent again costs no call and no record: %s', async (_, sequences) => {
    await path.link('alice');
    const say = async (sequence: number | null) => {
      const order = { ...nextOrder(), sequence };
      const fact = membership('alice', 'pilots', 'added', order);
      const [outcome] = await path.rig().store.applyFacts([fact]);
      await path.rig().quiet();
      return outcome;
    };
    const [first = null, ...again] = sequences;
    await say(first);
    const records = await path.records();
    path.rig().discord.calls.reset();

    for (const sequence of again) expect(await say(sequence)).toEqual(APPLIED);

    expect(path.rig().discord.calls.counts()).toEqual({});
    expect(await path.records()).toEqual(records);
    expect(path.rig().rolesOf('alice')).toEqual([roles.pilot]);
  });

  test('removing a person from a group costs no call and no record if they are known to be in no group', async () => {
    await path.link('alice');
    await path.rig().store.applyFacts([snapshotOf('alice', [])]);
    await path.rig().quiet();
    const records = await path.records();
    path.rig().discord.calls.reset();

    await path.rig().store.applyFacts([membership('alice', 'pilots', 'removed')]);
    await path.rig().quiet();

    expect(path.rig().discord.calls.counts()).toEqual({});
    expect(await path.records()).toEqual(records);
  });

  test('a person without a link is never written to', async () => {
    path.rig().discord.moderator.giveRole({ ...byName('dave'), roleId: roles.pilot });

    await path.rig().store.applyFacts([membership('dave', 'recruits'), snapshotOf('dave', [])]);
    await path.link('alice');

    expect(path.rig().rolesOf('dave')).toEqual([roles.pilot]);
    expect(path.rig().writes()).toBe(0);
  });
});

describe('with unknown memberships', () => {
  test('linking a person who holds mapped roles removes nothing', async () => {
    path.rig().discord.moderator.giveRole({ ...byName('carol'), roleId: roles.pilot });
    path.rig().discord.moderator.giveRole({
      ...byName('carol'),
      roleId: roles.recruit,
    });

    await path.link('carol');

    expect(new Set(path.rig().rolesOf('carol'))).toEqual(
      new Set([EVENT_HOST, roles.pilot, roles.recruit]),
    );
    expect(await path.stateOf('carol')).toEqual({
      state: 'IN_STEP',
      reason: null,
    });
    expect(path.rig().writes()).toBe(0);
  });

  test('a snapshot removes exactly the roles of the groups it omits', async () => {
    path.rig().discord.moderator.giveRole({ ...byName('carol'), roleId: roles.pilot });
    path.rig().discord.moderator.giveRole({
      ...byName('carol'),
      roleId: roles.recruit,
    });
    await path.link('carol');

    await path.rig().store.applyFacts([snapshotOf('carol', ['recruits'])]);
    await path.rig().quiet();

    expect(new Set(path.rig().rolesOf('carol'))).toEqual(new Set([EVENT_HOST, roles.recruit]));
  });
});
