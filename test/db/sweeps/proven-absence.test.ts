import { expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause } from '../../builders/store-world.js';
import { useSweeps } from '../../support/sweep-fixture.js';

const { guildId, accounts } = DEMO;

const world = useSweeps();

test('an ending link is removed once a complete list confirms that its account is absent', async () => {
  const { store, discord, clientId, quiet } = world.rig();
  await world.settledGuild();
  const link = await store.read.findLinkByPlatformUser(clientId, 'alice');
  discord.moderator.leave({ guildId, discordUserId: accounts.alice });
  await store.links.unlinkMember({ id: link?.id ?? '', cause });
  await quiet();
  const waiting = await store.read.findLinkByPlatformUser(clientId, 'alice');

  await world.sweep('REMOTE_SYNC');

  expect(waiting).toMatchObject({ state: 'ENDING' });
  expect(await store.read.findLinkByPlatformUser(clientId, 'alice')).toBeUndefined();
});
