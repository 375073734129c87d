import { describe, expect, test } from 'vitest';

import { DatabaseUnavailableError } from '../../services/lib/errors.js';
import type { OutboxEvent } from '../../services/model.js';
import { DEMO } from '../../services/demo/demo-world.js';
import { cause, membership, nextOrder, snapshotOf } from '../builders/store-world.js';
import { patienceMs } from '../support/eventually.js';
import { usePath } from '../support/path-fixture.js';

const { guildId, accounts, roles } = DEMO;
const MEMBER_ROLE = '/guilds/{guild_id}/members/{user_id}/roles/{role_id}';
const NONE = { added: [], removed: [] };
const path = usePath();

const pilot = (name: keyof typeof accounts) => ({
  guildId,
  discordUserId: accounts[name],
  roleId: roles.pilot,
});

const named = (platformUserId: string, username: string) =>
  ({
    kind: 'userChanged',
    platformUserId,
    username,
    order: nextOrder(),
    cause,
  }) as const;

const groupNamed = (groupId: string, name: string) =>
  ({ kind: 'groupChanged', groupId, name, order: nextOrder(), cause }) as const;

async function say(change: 'added' | 'removed'): Promise<void> {
  await path.rig().store.applyFacts([membership('alice', 'pilots', change)]);
  await path.rig().quiet();
}

async function changeEvents(): Promise<readonly unknown[]> {
  const events: OutboxEvent[] = [];
  await path.rig().store.outbox.drain(1000, async (batch) => void events.push(...batch));
  return events.filter(({ type }) => type === 'discord.roles.changed.v1').map(({ data }) => data);
}

describe('a record lists a role as ensured, and no event lists it', () => {
  test('when the last read showed the role that a new fact grants', async () => {
    path.rig().discord.moderator.giveRole(pilot('alice'));
    const linkId = await path.link('alice');

    await say('added');

    expect(path.rig().writes()).toBe(1);
    expect(await path.records()).toMatchObject([
      {
        ...NONE,
        plannedAdded: [roles.pilot],
        ensured: { added: [roles.pilot], removed: [] },
        outcome: 'UNCHANGED',
      },
    ]);
    expect(await changeEvents()).toEqual([]);
    expect(await path.stateOf('alice')).toMatchObject({ state: 'IN_STEP' });
    const history = await path.rig().store.read.roleHistory({ linkId, roleId: roles.pilot });
    expect(history).toMatchObject({ lastChange: null });
  });

  test('when the last read did not show the role that a new fact denies', async () => {
    await path.link('alice');

    await say('removed');

    expect(path.rig().writes()).toBe(1);
    expect(await path.records()).toMatchObject([
      {
        ...NONE,
        ensured: { added: [], removed: [roles.pilot] },
        outcome: 'UNCHANGED',
      },
    ]);
    expect(await changeEvents()).toEqual([]);
  });

  test('when the response to such a write was lost', async () => {
    path.rig().discord.moderator.giveRole(pilot('alice'));
    await path.link('alice');
    path.rig().discord.faults.plant({
      effect: { kind: 'drop', moment: 'after' },
      route: MEMBER_ROLE,
    });

    await say('added');

    expect(await path.records()).toMatchObject([
      { ...NONE, ensured: { added: [roles.pilot], removed: [] } },
    ]);
    expect(await changeEvents()).toEqual([]);
  });

  test('when another role changes in the same run', async () => {
    const { store, discord, quiet } = path.rig();
    discord.moderator.giveRole(pilot('alice'));
    await path.link('alice');

    await store.applyFacts([membership('alice', 'pilots'), membership('alice', 'recruits')]);
    await quiet();

    expect(await path.records()).toMatchObject([
      {
        added: [roles.recruit],
        removed: [],
        ensured: { added: [roles.pilot], removed: [] },
        outcome: 'APPLIED',
      },
    ]);
    expect(await changeEvents()).toMatchObject([{ added: [roles.recruit], removed: [] }]);
  });
});

describe('a record reports a change once', () => {
  test('when the process died after the write, and the mirror was older than the reading before it', async () => {
    const { store, discord, quiet, at } = path.rig();
    const linkId = await path.link('alice');
    await say('added');
    discord.moderator.takeRole(pilot('alice'));
    at('memory.settle:before', async () => {
      at('memory.settle:before', async () => undefined);
      throw new DatabaseUnavailableError('away');
    });

    await store.links.reconcileMember({ id: linkId, cause, waitMs: 0 });
    await path.rig().restart();
    await quiet();

    const records = await path.records();
    expect(records).toMatchObject([
      { added: [roles.pilot], ensured: NONE, outcome: 'APPLIED' },
      { added: [roles.pilot], ensured: NONE, outcome: 'APPLIED' },
    ]);
    expect(await changeEvents()).toHaveLength(2);
  });

  test('when the retry finds that a role to be ensured is missing', async () => {
    const { discord } = path.rig();
    discord.moderator.giveRole(pilot('alice'));
    await path.link('alice');
    discord.moderator.takeRole(pilot('alice'));
    discord.faults.plant({
      effect: { kind: 'drop', moment: 'before' },
      route: MEMBER_ROLE,
    });

    await say('added');

    expect(path.rig().rolesOf('alice')).toEqual([roles.pilot]);
    expect(await path.records()).toMatchObject([
      { added: [roles.pilot], ensured: NONE, outcome: 'APPLIED' },
    ]);
  });
});

describe('nothing is recorded', () => {
  test('and Discord is not called when facts, names and links are already known', async () => {
    const { store, clientId, quiet, discord } = path.rig();
    const groups = ['pilots', 'recruits'];
    await store.applyFacts([
      ...groups.map((groupId) => membership('alice', groupId)),
      named('alice', 'Alice'),
    ]);
    await path.link('alice');
    await store.applyFacts([snapshotOf('alice', groups)]);
    await quiet();
    const records = await path.records();
    discord.calls.reset();

    await store.applyFacts([
      membership('alice', 'pilots'),
      snapshotOf('alice', groups),
      named('alice', 'Alice'),
      groupNamed('pilots', 'pilots'),
    ]);
    const imported = await store.links.importMembers({
      clientId,
      users: [{ platformUserId: 'alice', discordUserId: accounts.alice }],
      dryRun: false,
      cause,
    });
    await store.links.linkMember({
      clientId,
      platformUserId: 'alice',
      discordUserId: accounts.alice,
      cause,
    });
    await quiet();

    expect(imported).toMatchObject([{ kind: 'UNCHANGED' }]);
    expect(discord.calls.counts()).toEqual({});
    expect(await path.records()).toEqual(records);
  });

  test('when a member who is read has the desired roles', async () => {
    const linkId = await path.link('alice');
    await say('added');
    const records = await path.records();

    await path.rig().store.links.reconcileMember({
      id: linkId,
      cause,
      waitMs: patienceMs(),
    });

    expect(await path.records()).toEqual(records);
  });
});
