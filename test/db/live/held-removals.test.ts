import { beforeEach, describe, expect, test } from 'vitest';

import { createExplainRole } from '../../../services/connector/explain.js';
import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, membership } from '../../builders/store-world.js';
import { changeByHand } from '../../support/hand-changes.js';
import { useSweeps } from '../../support/sweep-fixture.js';

const { roles } = DEMO;

const world = useSweeps();

async function say(...facts: Parameters<typeof membership>[]): Promise<void> {
  const { store, quiet } = world.rig();
  await store.applyFacts(facts.map((fact) => membership(...fact)));
  await quiet();
}

async function linkOfAlice() {
  const { store, clientId } = world.rig();
  const link = await store.read.findLinkByPlatformUser(clientId, 'alice');
  if (link === undefined) throw new Error('alice is not linked');
  return link;
}

const rolesOfAlice = () => world.rig().rolesOf('alice')?.toSorted();
const changes = async () => world.query('select role_id from hand_change');

/** Alice is a pilot and a director; a moderator removes Pilot, and the client holds that. */
beforeEach(async () => {
  await world.settledGuild();
  const { store, clientId } = world.rig();
  await store.clients.updateClient(clientId, { handRemovals: 'HOLD' }, cause);
  await changeByHand(world, { roleId: roles.pilot, columns: { is_held: 'true' } });
});

describe('a role that a person removed by hand', () => {
  test('stays removed, and the link is HELD with the reason', async () => {
    await say(['alice', 'recruits']);

    expect(rolesOfAlice()).toEqual([roles.recruit, roles.director].toSorted());
    expect(await linkOfAlice()).toMatchObject({
      state: 'HELD',
      reason: `Mallory (200000000000000001) removed role Pilot (${roles.pilot}) by hand at 2026-11-30 14:03:12 UTC: it is not granted until reconcileDiscordUser, a newer change to its group, or handRemovals: RESTORE`,
    });
  });

  test('is left alone by sweeps', async () => {
    for (const kind of ['VERIFY_GROUPS', 'SYNC_ACCOUNTS'] as const)
      expect(await world.sweep(kind)).toMatchObject({ drifted: 0 });

    expect(world.rig().writes()).toBe(0);
    expect(rolesOfAlice()).toEqual([roles.director]);
  });

  test('is granted again when an admin reconciles the member', async () => {
    const { id } = await linkOfAlice();

    await world.rig().store.links.reconcileMember({ id, cause, waitMs: 10_000 });

    expect(rolesOfAlice()).toEqual([roles.pilot, roles.director]);
    expect(await changes()).toEqual([]);
    expect(await linkOfAlice()).toMatchObject({ state: 'IN_STEP', reason: null });
  });

  test('is granted again when the client no longer holds such removals', async () => {
    const { store, clientId, quiet } = world.rig();
    await say(['alice', 'recruits']);

    await store.clients.updateClient(clientId, { handRemovals: 'RESTORE' }, cause);
    await quiet();

    expect(rolesOfAlice()).toContain(roles.pilot);
    expect(await changes()).toEqual([]);
  });

  test('does not delay removals or the end of the link', async () => {
    const { store, quiet } = world.rig();
    await say(['alice', 'directors', 'removed']);
    expect(rolesOfAlice()).toEqual([]);
    await say(['alice', 'recruits']);

    await store.links.unlinkMember({ id: (await linkOfAlice()).id, cause });
    await quiet();

    expect(rolesOfAlice()).toEqual([]);
    expect(await store.read.findLinkByPlatformUser(world.rig().clientId, 'alice')).toBeUndefined();
  });

  test('is explained, with what ends it', async () => {
    const explainRole = createExplainRole({ store: world.rig().store });

    expect(await explainRole({ id: (await linkOfAlice()).id, roleId: roles.pilot })).toMatchObject({
      blockedBy: ['REMOVED_BY_HAND'],
      unblockedBy: [
        'reconcileDiscordUser grants it again, as does a newer change to the group or `handRemovals: RESTORE`.',
      ],
      sentence: expect.stringContaining(
        'Mallory (200000000000000001) removed it by hand at 2026-11-30 14:03:12 UTC, and the client keeps such removals (handRemovals: HOLD).',
      ),
    });
  });

  test('may be given back by hand, which ends the hold', async () => {
    world.rig().discord.moderator.giveRole({
      guildId: DEMO.guildId,
      discordUserId: DEMO.accounts.alice,
      roleId: roles.pilot,
    });
    await world.sweep('SYNC_ACCOUNTS');

    await say(['alice', 'recruits']);

    expect(await changes()).toEqual([]);
    expect(await linkOfAlice()).toMatchObject({ state: 'IN_STEP' });
  });
});
