import { describe, expect, test } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { cause, membership } from '../builders/store-world.js';
import { eventually } from '../support/eventually.js';
import { usePath } from '../support/path-fixture.js';

const { guildId, accounts, roles } = DEMO;
const path = usePath();

const MEMBER_ROLE = '/guilds/{guild_id}/members/{user_id}/roles/{role_id}';
const GUILD_ROLES = '/guilds/{guild_id}/roles';

function moveDirector(position: number): void {
  const { moderator } = path.rig().discord;
  moderator.moveRole({ guildId, roleId: roles.director, position });
}

async function isParked(name: 'alice' | 'bob'): Promise<boolean> {
  return (await path.stateOf(name))?.state === 'PARKED';
}

describe('a write whose connection drops', () => {
  test('is not recorded as a removal if the member did not have the role', async () => {
    await path.link('alice');
    path.rig().discord.faults.plant({
      effect: { kind: 'drop', moment: 'before' },
      route: MEMBER_ROLE,
    });

    await path.rig().store.applyFacts([membership('alice', 'pilots', 'removed')]);
    await eventually(() => path.rig().discord.calls.count({ route: MEMBER_ROLE }) > 0);
    await path.rig().quiet();

    expect(await path.records()).toMatchObject([
      {
        plannedRemoved: [roles.pilot],
        removed: [],
        closedAt: expect.any(Date),
      },
    ]);
  });

  test('is recorded together with the other change of its run', async () => {
    await path.link('alice');
    await path.rig().store.applyFacts([membership('alice', 'recruits')]);
    await path.rig().quiet();
    path.rig().discord.faults.plant({
      effect: { kind: 'drop', moment: 'before' },
      method: 'PUT',
    });

    await path
      .rig()
      .store.applyFacts([
        membership('alice', 'recruits', 'removed'),
        membership('alice', 'pilots'),
      ]);
    await eventually(() => path.rig().rolesOf('alice')?.[0] === roles.pilot);
    await path.rig().quiet();

    const [newest] = await path.records();
    expect(newest).toMatchObject({
      added: [roles.pilot],
      removed: [roles.recruit],
    });
  });
});

describe('a role that Discord refuses', () => {
  test('is checked even if the roles were just read, and its members get it when it is moved back', async () => {
    await path.link('alice');
    await path.link('bob');
    moveDirector(9);
    await path.rig().store.applyFacts([membership('alice', 'directors')]);
    await eventually(async () => isParked('alice'));
    moveDirector(3);
    await path.rig().importRoles();
    await path.rig().quiet();
    moveDirector(9);

    await path.rig().store.applyFacts([membership('bob', 'directors')]);
    await eventually(async () => isParked('bob'));
    moveDirector(3);
    await path.rig().importRoles();
    await eventually(() => path.rig().rolesOf('bob')?.includes(roles.director) === true);

    // One refusal for each time that the role was moved up.
    expect(path.rig().discord.calls.count({ status: 403 })).toBe(2);
  });

  test("is not tried again while the guild's roles cannot be read", async () => {
    await path.link('alice');
    moveDirector(9);
    path.rig().discord.faults.plant({
      effect: { kind: 'status', status: 503 },
      method: 'GET',
      route: GUILD_ROLES,
      times: 2,
    });

    await path.rig().store.applyFacts([membership('alice', 'directors')]);
    await eventually(async () => isParked('alice'));

    expect(path.rig().discord.calls.count({ status: 403 })).toBe(1);
    expect((await path.records()).filter((record) => record.closedAt === null)).toEqual([]);
  });

  test('is granted to the next member within the run if it was moved back meanwhile', async () => {
    moveDirector(9);
    await path.rig().importRoles();
    await path.rig().store.applyFacts([membership('bob', 'directors')]);
    moveDirector(3);

    await path.link('bob');

    expect(path.rig().rolesOf('bob')).toContain(roles.director);
    expect(await path.stateOf('bob')).toMatchObject({ state: 'IN_STEP' });
  });
});

test("a run without calls to Discord does not clear its client's trouble", async () => {
  await path.link('alice');
  const [, directors = ''] = path.mappingIds();
  const { store, clientId } = path.rig();
  await store.mappings.updateMapping({
    id: directors,
    authority: 'OBSERVE',
    cause,
  });
  await path.rig().quiet();
  const trouble = { kind: 'PAUSED', reason: 'the bot has left' } as const;
  await store.memory.saveTrouble(clientId, trouble);
  await path.expirePause();
  path.rig().discord.calls.reset();

  await store.applyFacts([membership('alice', 'directors')]);
  await path.rig().quiet();

  expect(path.rig().discord.calls.count()).toBe(0);
  expect(await path.client()).toMatchObject({ trouble: trouble.reason });
});

test("a link is removed even if the account's new user cannot get a role that no longer exists", async () => {
  await path.link('alice');
  const { store, discord, clientId } = path.rig();
  const first = await store.read.findLinkByPlatformUser(clientId, 'alice');
  discord.moderator.deleteRole({ guildId, roleId: roles.director });
  await path.rig().importRoles();
  await store.applyFacts([membership('bob', 'directors')]);
  await store.clients.updateClient(clientId, { isEnabled: false }, cause);
  await store.links.unlinkMember({ id: first?.id ?? '', cause });
  await store.links.linkMember({
    clientId,
    platformUserId: 'bob',
    discordUserId: accounts.alice,
    cause,
  });

  await store.clients.updateClient(clientId, { isEnabled: true }, cause);
  await eventually(async () => isParked('bob'));

  expect(await path.stateOf('alice')).toBeUndefined();
});
