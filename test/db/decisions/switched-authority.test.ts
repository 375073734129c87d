import { beforeEach, describe, expect, test } from 'vitest';

import type { Authority } from '../../../services/model.js';
import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, mapGroup, membership } from '../../builders/store-world.js';
import { theHeldSweep } from '../../support/crowd-fixture.js';
import { usePath } from '../../support/path-fixture.js';

const { accounts, guildId, roles } = DEMO;
const path = usePath();

/** Alice holds the role and is in neither group; two mappings of the role are only observed. */
beforeEach(async () => {
  const { store, clientId, discord } = path.rig();
  await store.clients.updateClient(clientId, { authority: 'OBSERVE' }, cause);
  await mapGroup(store.mappings, {
    clientId,
    groupId: 'directors',
    roleId: roles.pilot,
  });
  await store.applyFacts([
    membership('alice', 'pilots', 'removed'),
    membership('alice', 'directors', 'removed'),
  ]);
  await path.link('alice');
  discord.moderator.giveRole({
    guildId,
    discordUserId: accounts.alice,
    roleId: roles.pilot,
  });
  await reconcileAlice();
});

async function reconcileAlice(): Promise<void> {
  const { store, clientId } = path.rig();
  const link = await store.read.findLinkByPlatformUser(clientId, 'alice');
  await store.links.reconcileMember({ id: link?.id ?? '', cause, waitMs: 0 });
  await path.rig().quiet();
}

const holds = () =>
  path.rig().discord.member(guildId, accounts.alice)?.roleIds.includes(roles.pilot);

async function mappingsOfPilot(): Promise<readonly string[]> {
  const { store, clientId } = path.rig();
  const [mappings = []] = await store.read.mappingsOfClients([clientId]);
  return mappings.filter(({ roleId }) => roleId === roles.pilot).map(({ id }) => id);
}

async function switchMapping(id: string, authority: Authority): Promise<void> {
  await path.rig().store.mappings.updateMapping({ id, authority, cause });
  await path.rig().quiet();
}

describe('a role whose mappings are switched to PLATFORM', () => {
  test('one by one stays with its holders, and its removal waits for a decision after the last switch', async () => {
    const [first = '', second = ''] = await mappingsOfPilot();

    await switchMapping(first, 'PLATFORM');
    expect(await path.stateOf('alice')).toMatchObject({ state: 'IN_STEP' });
    await switchMapping(second, 'PLATFORM');

    expect(holds()).toBe(true);
    expect((await theHeldSweep(path.rig())).plan).toMatchObject({
      removals: 1,
      members: [{ discordUserId: accounts.alice, remove: [roles.pilot] }],
    });
  });

  test('with their client stays with its holders, and its removal waits for a decision', async () => {
    const { store, clientId } = path.rig();

    await store.clients.updateClient(clientId, { authority: 'PLATFORM' }, cause);
    await path.rig().quiet();

    expect(holds()).toBe(true);
    expect((await theHeldSweep(path.rig())).plan).toMatchObject({
      removals: 1,
    });
  });
});
