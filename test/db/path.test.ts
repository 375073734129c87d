import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { DEMO } from '../../services/sandbox/demo-world.js';
import {
  cause,
  membership,
  nextOrder,
  snapshotOf,
} from '../builders/store-world.js';
import type { TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { mapDemoGroups, startRig, type Rig } from '../support/rig.js';
import { createMigratedDatabase } from '../support/store.js';

const { guildId, accounts, roles } = DEMO;
const EVENT_HOST = '300000000000000002';
const BOOSTER = '300000000000000001';
const FLEET_COMMAND = '300000000000000007';

let database: TestDatabase;
let rig: Rig;
let mappingIds: readonly string[];

beforeEach(async () => {
  database = await createMigratedDatabase();
  rig = await startRig(database.url);
  mappingIds = await mapDemoGroups(rig);
});

afterEach(async () => {
  await rig.stop();
  await database.drop();
});

async function link(name: keyof typeof accounts): Promise<string> {
  const { linkId } = await rig.store.links.linkMember({
    clientId: rig.clientId,
    platformUserId: name,
    discordUserId: accounts[name],
    cause,
  });
  await rig.quiet();
  return linkId;
}

async function records() {
  const { rows } = await rig.store.read.pageAuditRecords(
    { clientId: rig.clientId },
    { limit: 100, after: null },
  );
  return rows;
}

const byName = (name: keyof typeof accounts) => ({
  guildId,
  discordUserId: accounts[name],
});

async function stateOf(name: keyof typeof accounts) {
  const found = await rig.store.read.findLinkByPlatformUser(rig.clientId, name);
  return found && { state: found.state, reason: found.reason };
}

describe('from a membership to a role', () => {
  test('whoever is put in a group gets its role, whoever leaves it loses it, and the record tells why', async () => {
    await link('alice');

    await rig.store.applyFacts([membership('alice', 'pilots')]);
    await rig.quiet();
    const [added] = await records();
    await rig.store.applyFacts([membership('alice', 'pilots', 'removed')]);
    await rig.quiet();
    const [removed] = await records();

    expect(added).toMatchObject({
      added: [roles.pilot],
      removed: [],
      outcome: 'APPLIED',
    });
    expect(added?.causes).toMatchObject([
      { kind: 'EVENT', actor: 'site', groupId: 'pilots' },
    ]);
    expect(added?.closedAt).not.toBeNull();
    expect(removed).toMatchObject({
      added: [],
      removed: [roles.pilot],
      outcome: 'APPLIED',
    });
    expect(rig.rolesOf('alice')).toEqual([]);
  });

  test('the reason in the audit log of Discord names our record', async () => {
    await link('alice');

    await rig.store.applyFacts([membership('alice', 'pilots')]);
    await rig.quiet();

    const [record] = await records();
    expect(rig.discord.guild(guildId).auditLog[0]?.reason).toContain(
      record?.id,
    );
  });

  test('a fresh fact about one role costs one call and no read', async () => {
    await link('alice');
    rig.discord.calls.reset();

    await rig.store.applyFacts([membership('alice', 'pilots')]);
    await rig.quiet();

    expect(rig.discord.calls.counts()).toEqual({
      'PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id} 204': 1,
    });
  });

  test('three changes cost one read and one list, which carries foreign and managed roles over', async () => {
    rig.discord.moderator.giveRole({ ...byName('bob'), roleId: EVENT_HOST });
    await link('bob');
    rig.discord.calls.reset();

    await rig.store.applyFacts([
      snapshotOf('bob', ['pilots', 'directors', 'recruits']),
    ]);
    await rig.quiet();

    expect(new Set(rig.rolesOf('bob'))).toEqual(
      new Set([
        BOOSTER,
        EVENT_HOST,
        roles.pilot,
        roles.director,
        roles.recruit,
      ]),
    );
    expect(rig.writes()).toBe(1);
    expect(rig.discord.calls.count({ method: 'PATCH', status: 200 })).toBe(1);
  });

  test('whole lists can be turned off', async () => {
    await rig.store.clients.updateClient(
      rig.clientId,
      { wholeListWrites: false },
      cause,
    );
    await link('alice');
    rig.discord.calls.reset();

    await rig.store.applyFacts([
      snapshotOf('alice', ['pilots', 'directors', 'recruits']),
    ]);
    await rig.quiet();

    expect(rig.rolesOf('alice')).toHaveLength(3);
    expect(rig.discord.calls.count({ method: 'PATCH' })).toBe(0);
  });

  test('a role taken away by hand comes back with the next fact about it, though the mirror still shows it', async () => {
    await link('alice');
    await rig.store.applyFacts([membership('alice', 'pilots')]);
    await rig.quiet();
    rig.discord.moderator.takeRole({ ...byName('alice'), roleId: roles.pilot });

    await rig.store.applyFacts([
      membership('alice', 'pilots', 'removed'),
      membership('alice', 'pilots'),
    ]);
    await rig.quiet();

    expect(rig.rolesOf('alice')).toEqual([roles.pilot]);
  });

  test('a fact that comes again marks nobody and writes nothing', async () => {
    const fact = membership('alice', 'pilots');
    await link('alice');
    await rig.store.applyFacts([fact]);
    await rig.quiet();
    rig.discord.calls.reset();

    const verdicts = await rig.store.applyFacts([fact]);
    await rig.quiet();

    expect(verdicts).toEqual(['unchanged']);
    expect(rig.discord.calls.counts()).toEqual({});
  });

  test('who is not linked is never written to', async () => {
    rig.discord.moderator.giveRole({ ...byName('dave'), roleId: roles.pilot });

    await rig.store.applyFacts([
      membership('dave', 'recruits'),
      snapshotOf('dave', []),
    ]);
    await link('alice');

    expect(rig.rolesOf('dave')).toEqual([roles.pilot]);
    expect(rig.writes()).toBe(0);
  });
});

describe('what is unknown', () => {
  test('linking a person who holds managed roles, with no facts received, removes nothing', async () => {
    rig.discord.moderator.giveRole({ ...byName('carol'), roleId: roles.pilot });
    rig.discord.moderator.giveRole({
      ...byName('carol'),
      roleId: roles.recruit,
    });

    await link('carol');

    expect(new Set(rig.rolesOf('carol'))).toEqual(
      new Set([EVENT_HOST, roles.pilot, roles.recruit]),
    );
    expect(await stateOf('carol')).toEqual({ state: 'IN_STEP', reason: null });
    expect(rig.writes()).toBe(0);
  });

  test('a snapshot removes exactly what it denies', async () => {
    rig.discord.moderator.giveRole({ ...byName('carol'), roleId: roles.pilot });
    rig.discord.moderator.giveRole({
      ...byName('carol'),
      roleId: roles.recruit,
    });
    await link('carol');

    await rig.store.applyFacts([snapshotOf('carol', ['recruits'])]);
    await rig.quiet();

    expect(new Set(rig.rolesOf('carol'))).toEqual(
      new Set([EVENT_HOST, roles.recruit]),
    );
  });
});

describe('links', () => {
  test('unlinking takes the managed roles back and nothing else', async () => {
    const linkId = await link('carol');
    await rig.store.applyFacts([snapshotOf('carol', ['pilots', 'recruits'])]);
    await rig.quiet();

    await rig.store.links.unlinkMember({ id: linkId, cause });
    await eventually(async () => (await stateOf('carol')) === undefined);

    expect(rig.rolesOf('carol')).toEqual([EVENT_HOST]);
  });

  test('relinking the same account changes nothing', async () => {
    const first = await link('alice');
    await rig.store.applyFacts([membership('alice', 'pilots')]);
    await rig.quiet();
    rig.discord.calls.reset();

    const second = await link('alice');

    expect(second).toBe(first);
    expect(rig.rolesOf('alice')).toEqual([roles.pilot]);
    expect(rig.writes()).toBe(0);
  });

  test('a second account replaces the first, whose roles are taken back', async () => {
    await link('alice');
    await rig.store.applyFacts([membership('alice', 'pilots')]);
    await rig.quiet();

    await rig.store.links.linkMember({
      clientId: rig.clientId,
      platformUserId: 'alice',
      discordUserId: accounts.dave,
      cause,
    });
    await rig.quiet();
    await eventually(() => rig.rolesOf('alice')?.length === 0);

    expect(rig.rolesOf('dave')).toEqual([roles.pilot]);
  });

  test('an account claimed by another person is refused and nothing changes', async () => {
    await link('alice');

    const claim = rig.store.links.linkMember({
      clientId: rig.clientId,
      platformUserId: 'bob',
      discordUserId: accounts.alice,
      cause,
    });

    await expect(claim).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('claimed'),
    });
    expect(await stateOf('bob')).toBeUndefined();
  });

  test('an account that changes hands keeps nothing of its last owner', async () => {
    const linkId = await link('alice');
    await rig.store.applyFacts([membership('alice', 'pilots')]);
    await rig.quiet();

    await rig.store.links.unlinkMember({ id: linkId, cause });
    await rig.store.links.linkMember({
      clientId: rig.clientId,
      platformUserId: 'bob',
      discordUserId: accounts.alice,
      cause,
    });
    await eventually(() => rig.rolesOf('alice')?.length === 0);
    await rig.quiet();

    expect(await stateOf('bob')).toEqual({ state: 'IN_STEP', reason: null });
  });

  test('a deleted platform user loses its roles and its link', async () => {
    await link('alice');
    await rig.store.applyFacts([membership('alice', 'pilots')]);
    await rig.quiet();

    await rig.store.applyFacts([
      {
        kind: 'userDeleted',
        platformUserId: 'alice',
        order: nextOrder(),
        cause,
      },
    ]);
    await eventually(async () => (await stateOf('alice')) === undefined);

    expect(rig.rolesOf('alice')).toEqual([]);
  });

  test('who is not in the guild is absent, and is given the roles after coming', async () => {
    await rig.store.applyFacts([membership('erin', 'pilots')]);
    const linkId = await link('erin');
    expect(await stateOf('erin')).toMatchObject({ state: 'ABSENT' });

    rig.discord.moderator.join(byName('erin'));
    await rig.store.links.reconcileMember({ id: linkId, cause, waitMs: 5_000 });

    expect(rig.rolesOf('erin')).toEqual([roles.pilot]);
    expect(await stateOf('erin')).toEqual({ state: 'IN_STEP', reason: null });
  });

  test('a link that ends after the person left ends without a call that writes', async () => {
    const linkId = await link('alice');
    await rig.store.applyFacts([membership('alice', 'pilots')]);
    await rig.quiet();
    rig.discord.moderator.leave(byName('alice'));
    rig.discord.calls.reset();

    await rig.store.links.unlinkMember({ id: linkId, cause });
    await eventually(async () => (await stateOf('alice')) === undefined);

    expect(rig.writes()).toBe(0);
  });
});

describe('mappings', () => {
  test('a new mapping gives the role to who is in the group already', async () => {
    await rig.store.mappings.retireMapping({
      id: mappingIds[0] ?? '',
      holders: 'LEAVE',
      dryRun: false,
      cause,
    });
    await rig.store.applyFacts([membership('alice', 'pilots')]);
    await link('alice');
    expect(rig.rolesOf('alice')).toEqual([]);

    const { effect } = await rig.store.mappings.createMapping({
      clientId: rig.clientId,
      groupId: 'pilots',
      roleId: roles.pilot,
      authority: null,
      dryRun: false,
      cause,
    });
    await rig.quiet();

    expect(effect).toEqual({ additions: 1, removals: 0 });
    expect(rig.rolesOf('alice')).toEqual([roles.pilot]);
  });

  test('a retired mapping is forgotten only when its role is taken back', async () => {
    await link('alice');
    await rig.store.applyFacts([membership('alice', 'pilots')]);
    await rig.quiet();

    await rig.store.mappings.retireMapping({
      id: mappingIds[0] ?? '',
      holders: 'TAKE_BACK',
      dryRun: false,
      cause,
    });
    await eventually(async () => {
      const [mappings] = await rig.store.read.mappingsOfClients([rig.clientId]);
      return mappings?.length === 2;
    });

    expect(rig.rolesOf('alice')).toEqual([]);
  });

  test('a mapping that is left leaves the role where it is, for ever foreign', async () => {
    await link('alice');
    await rig.store.applyFacts([membership('alice', 'pilots')]);
    await rig.quiet();

    await rig.store.mappings.retireMapping({
      id: mappingIds[0] ?? '',
      holders: 'LEAVE',
      dryRun: false,
      cause,
    });
    await rig.store.applyFacts([membership('alice', 'pilots', 'removed')]);
    await rig.quiet();

    expect(rig.rolesOf('alice')).toEqual([roles.pilot]);
  });

  test.each([
    ['managed', BOOSTER, 'FAILED_PRECONDITION'],
    ['above the bot', FLEET_COMMAND, 'FAILED_PRECONDITION'],
    ['@everyone', guildId, 'FAILED_PRECONDITION'],
    ['unknown', '999999999999999999', 'NOT_FOUND'],
  ])(
    'a mapping to a role that is %s is refused',
    async (_what, roleId, code) => {
      const attempt = rig.store.mappings.createMapping({
        clientId: rig.clientId,
        groupId: 'pilots',
        roleId,
        authority: null,
        dryRun: false,
        cause,
      });

      await expect(attempt).rejects.toMatchObject({
        code,
        field: 'input.roleId',
      });
    },
  );

  test('a mapping of an unknown group is refused', async () => {
    const attempt = rig.store.mappings.createMapping({
      clientId: rig.clientId,
      groupId: 'nobody',
      roleId: roles.pilot,
      authority: null,
      dryRun: false,
      cause,
    });

    await expect(attempt).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'input.groupId',
    });
  });

  test('a deleted group takes its role from its members, and a newer change gives it back', async () => {
    await link('alice');
    await rig.store.applyFacts([membership('alice', 'pilots')]);
    await rig.quiet();

    await rig.store.applyFacts([
      { kind: 'groupDeleted', groupId: 'pilots', order: nextOrder(), cause },
    ]);
    await rig.quiet();
    expect(rig.rolesOf('alice')).toEqual([]);

    await rig.store.applyFacts([
      { kind: 'groupChanged', groupId: 'pilots', order: nextOrder(), cause },
    ]);
    await rig.quiet();
    expect(rig.rolesOf('alice')).toEqual([roles.pilot]);
  });

  test.each(['DISCORD', 'OBSERVE'] as const)(
    'a client with authority %s writes nothing',
    async (authority) => {
      await rig.store.clients.updateClient(rig.clientId, { authority }, cause);
      rig.discord.moderator.giveRole({
        ...byName('alice'),
        roleId: roles.recruit,
      });

      const linkId = await link('alice');
      await rig.store.applyFacts([snapshotOf('alice', ['pilots'])]);
      await rig.quiet();
      await rig.store.links.unlinkMember({ id: linkId, cause });
      await eventually(async () => (await stateOf('alice')) === undefined);

      expect(rig.rolesOf('alice')).toEqual([roles.recruit]);
      expect(rig.writes()).toBe(0);
    },
  );
});
