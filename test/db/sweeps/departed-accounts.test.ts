import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, snapshotOf } from '../../builders/store-world.js';
import { held, useSweeps } from '../../support/sweep-fixture.js';

const { guildId, accounts, roles } = DEMO;
const alice = { guildId, discordUserId: accounts.alice };
const sweeps = useSweeps({ mayLie: true });

/**
 * Alice is a pilot. Her link ends because Discord reports twice, a minute apart, that her account
 * is not in the guild.
 */
async function endAsAbsent(): Promise<void> {
  const rig = sweeps.rig();
  const { store, clientId } = rig;
  await sweeps.settledGuild();
  rig.liar().lie({
    method: 'GET',
    path: new RegExp(`/members/${accounts.alice}$`),
    times: null,
    status: 404,
    answer: () => ({ code: 10007, message: 'Unknown Member' }),
  });
  const link = await store.read.findLinkByPlatformUser(clientId, 'alice');
  await store.links.unlinkMember({ id: link?.id ?? '', cause });
  await rig.quiet();
  await sweeps.query("update member set absent_since = absent_since - interval '1 minute'");
  await sweeps.query('update reconcile_job set due_at = now(), is_parked = false');
  await rig.restart();
  await rig.quiet();
  expect(await linkOf('alice')).toBeUndefined();
  rig.liar().tellTruth();
}

const linkOf = async (platformUserId: string) =>
  sweeps.rig().store.read.findLinkByPlatformUser(sweeps.rig().clientId, platformUserId);

describe('an account whose link ended because it was not in the guild', () => {
  test('loses its roles if it is listed with one of them, and its link ends again', async () => {
    await endAsAbsent();
    expect(sweeps.rig().rolesOf('alice')).toContain(roles.pilot);

    await sweeps.sweep('REMOTE_SYNC');

    expect(sweeps.rig().rolesOf('alice')).toEqual([]);
    expect(await linkOf('alice')).toBeUndefined();
  });

  test('is treated as unlinked once it is listed without its roles', async () => {
    const { discord } = sweeps.rig();
    await endAsAbsent();
    discord.moderator.leave(alice);
    discord.moderator.join(alice);
    await sweeps.sweep('REMOTE_SYNC');

    discord.moderator.giveRole(held('alice', roles.pilot));
    await sweeps.sweep('REMOTE_SYNC');

    expect(sweeps.rig().rolesOf('alice')).toEqual([roles.pilot]);
    expect(await linkOf('alice')).toBeUndefined();
  });

  test('keeps no roles if it is linked to another person', async () => {
    const { store, clientId } = sweeps.rig();
    await endAsAbsent();

    await store.links.linkMember({
      clientId,
      platformUserId: 'somebody-else',
      discordUserId: accounts.alice,
      cause,
    });
    await sweeps.rig().quiet();

    expect(sweeps.rig().rolesOf('alice')).toEqual([]);
    expect(await linkOf('somebody-else')).toMatchObject({ state: 'IN_STEP' });
  });

  test('gets the roles of the platform’s facts if it is imported for the same person', async () => {
    const { store, clientId } = sweeps.rig();
    await endAsAbsent();
    await store.applyFacts([snapshotOf('alice', ['directors'])]);

    await store.links.importMembers({
      clientId,
      users: [{ platformUserId: 'alice', discordUserId: accounts.alice }],
      dryRun: false,
      cause,
    });
    await sweeps.rig().quiet();

    expect(sweeps.rig().rolesOf('alice')).toEqual([roles.director]);
    expect(await linkOf('alice')).toMatchObject({ state: 'IN_STEP' });
  });
});
