import { describe, expect, test } from 'vitest';

import { DEMO, demoWorld } from '../../services/demo/demo-world.js';
import { cause, clientInput, mapGroup, membership, snapshotOf } from '../builders/store-world.js';
import { eventually, patienceMs } from '../support/eventually.js';
import { usePath } from '../support/path-fixture.js';
import { SECRETS } from '../support/rig.js';

const { accounts, applicationId, guildId, roles } = DEMO;
const SECOND_GUILD = '100000000000000002';

/** The demo guild twice, with the same roles under other ids. */
function twoGuilds() {
  const world = demoWorld(SECRETS);
  const [first] = world.guilds;
  if (first === undefined) throw new Error('the demo has no guild');
  const inSecond = (roleId: string) => roleId.replace(/^3/, '9');
  const second = {
    ...first,
    guildId: SECOND_GUILD,
    name: 'Second Alliance',
    roles: first.roles.map((role) => ({
      ...role,
      roleId: inSecond(role.roleId),
    })),
    members: first.members.map((member) => ({
      ...member,
      roleIds: member.roleIds.map(inSecond),
    })),
  };
  return { ...world, guilds: [first, second] };
}

describe('one platform, two guilds', () => {
  const path = usePath({ discord: { world: twoGuilds() } });

  async function addSecondClient(): Promise<string> {
    const { store, clientId } = path.rig();
    const [first] = await store.clients.findClients([clientId]);
    const second = await store.clients.createClient(
      clientInput({
        guildId: SECOND_GUILD,
        applicationId,
        ...SECRETS,
        ...(first && { endpoints: first.endpoints }),
      }),
    );
    await path.rig().importRoles(second.id);
    await mapGroup(store.mappings, {
      clientId: second.id,
      groupId: 'pilots',
      roleId: roles.pilot.replace(/^3/, '9'),
    });
    return second.id;
  }

  test('one fact adds the role in both, and trouble in one does not affect the other', async () => {
    const { store, discord, clientId } = path.rig();
    const secondId = await addSecondClient();
    await path.link('alice');
    await store.links.linkMember({
      clientId: secondId,
      platformUserId: 'alice',
      discordUserId: accounts.alice,
      cause,
    });
    discord.faults.plant({
      effect: { kind: 'status', status: 404, code: 10004 },
      guildId,
      times: null,
    });

    await store.applyFacts([membership('alice', 'pilots')]);
    await eventually(
      () =>
        discord
          .member(SECOND_GUILD, accounts.alice)
          ?.roleIds.includes(roles.pilot.replace(/^3/, '9')) === true,
    );
    await eventually(async () => (await path.client())?.pausedUntil !== null);

    const [troubled, well] = await store.clients.findClients([clientId, secondId]);
    expect(troubled?.trouble).not.toBeNull();
    expect(well?.trouble).toBeNull();
  });
});

describe('several roles of one group', () => {
  const path = usePath();

  test('are all added and all removed, and each missing one is found', async () => {
    const { store, clientId, quiet, discord } = path.rig();
    await mapGroup(store.mappings, {
      clientId,
      groupId: 'pilots',
      roleId: roles.recruit,
    });
    const linkId = await path.link('alice');
    await store.applyFacts([membership('alice', 'pilots')]);
    await quiet();
    expect(new Set(path.rig().rolesOf('alice'))).toEqual(new Set([roles.pilot, roles.recruit]));
    discord.moderator.takeRole({
      guildId,
      discordUserId: accounts.alice,
      roleId: roles.recruit,
    });

    await store.links.reconcileMember({
      id: linkId,
      cause,
      waitMs: patienceMs(),
    });
    expect(new Set(path.rig().rolesOf('alice'))).toEqual(new Set([roles.pilot, roles.recruit]));
    await store.applyFacts([snapshotOf('alice', [])]);
    await quiet();

    expect(path.rig().rolesOf('alice')).toEqual([]);
  });

  test('are kept if another group also grants them', async () => {
    const { store, quiet } = path.rig();
    await mapGroup(store.mappings, {
      clientId: path.rig().clientId,
      groupId: 'directors',
      roleId: roles.pilot,
    });
    await path.link('alice');
    await store.applyFacts([membership('alice', 'pilots'), membership('alice', 'directors')]);
    await quiet();

    await store.applyFacts([membership('alice', 'pilots', 'removed')]);
    await quiet();

    expect(new Set(path.rig().rolesOf('alice'))).toEqual(new Set([roles.pilot, roles.director]));
  });
});

describe('a correct role that a moderator added', () => {
  const path = usePath();

  test('stays, and is no drift', async () => {
    const { store, discord, quiet, writes } = path.rig();
    await store.applyFacts([membership('alice', 'pilots')]);
    discord.moderator.giveRole({
      guildId,
      discordUserId: accounts.alice,
      roleId: roles.pilot,
    });

    await path.link('alice');
    await quiet();

    expect(path.rig().rolesOf('alice')).toEqual([roles.pilot]);
    expect(writes()).toBe(0);
  });
});
