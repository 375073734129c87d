import { describe, expect, test } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { cause, membership, nextOrder, snapshotOf } from '../builders/store-world.js';
import { eventually, patienceMs } from '../support/eventually.js';
import { usePath } from '../support/path-fixture.js';

const { guildId, accounts, roles } = DEMO;
const EVENT_HOST = '300000000000000002';
const path = usePath();

const byName = (name: keyof typeof accounts) => ({
  guildId,
  discordUserId: accounts[name],
});

describe('links', () => {
  test('unlinking removes the mapped roles and no others', async () => {
    const linkId = await path.link('carol');
    await path.rig().store.applyFacts([snapshotOf('carol', ['pilots', 'recruits'])]);
    await path.rig().quiet();

    await path.rig().store.links.unlinkMember({ id: linkId, cause });
    await eventually(async () => (await path.stateOf('carol')) === undefined);

    expect(path.rig().rolesOf('carol')).toEqual([EVENT_HOST]);
  });

  test('relinking the same account changes nothing', async () => {
    const first = await path.link('alice');
    await path.rig().store.applyFacts([membership('alice', 'pilots')]);
    await path.rig().quiet();
    path.rig().discord.calls.reset();

    const second = await path.link('alice');

    expect(second).toBe(first);
    expect(path.rig().rolesOf('alice')).toEqual([roles.pilot]);
    expect(path.rig().writes()).toBe(0);
  });

  test('a second account replaces the first, whose roles are removed', async () => {
    await path.link('alice');
    await path.rig().store.applyFacts([membership('alice', 'pilots')]);
    await path.rig().quiet();

    await path.rig().store.links.linkMember({
      clientId: path.rig().clientId,
      platformUserId: 'alice',
      discordUserId: accounts.dave,
      cause,
    });
    await path.rig().quiet();
    await eventually(() => path.rig().rolesOf('alice')?.length === 0);

    expect(path.rig().rolesOf('dave')).toEqual([roles.pilot]);
  });

  test('an account claimed by another person is refused and nothing changes', async () => {
    await path.link('alice');

    const claim = path.rig().store.links.linkMember({
      clientId: path.rig().clientId,
      platformUserId: 'bob',
      discordUserId: accounts.alice,
      cause,
    });

    await expect(claim).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('already linked'),
    });
    expect(await path.stateOf('bob')).toBeUndefined();
  });

  test('an account linked to another person loses the roles of its previous owner', async () => {
    const linkId = await path.link('alice');
    await path.rig().store.applyFacts([membership('alice', 'pilots')]);
    await path.rig().quiet();

    await path.rig().store.links.unlinkMember({ id: linkId, cause });
    await path.rig().store.links.linkMember({
      clientId: path.rig().clientId,
      platformUserId: 'bob',
      discordUserId: accounts.alice,
      cause,
    });
    await eventually(() => path.rig().rolesOf('alice')?.length === 0);
    await path.rig().quiet();

    expect(await path.stateOf('bob')).toEqual({
      state: 'IN_STEP',
      reason: null,
    });
  });

  test('a deleted platform user loses its roles and its link', async () => {
    await path.link('alice');
    await path.rig().store.applyFacts([membership('alice', 'pilots')]);
    await path.rig().quiet();

    await path.rig().store.applyFacts([
      {
        kind: 'userDeleted',
        platformUserId: 'alice',
        order: nextOrder(),
        cause,
      },
    ]);
    await eventually(async () => (await path.stateOf('alice')) === undefined);

    expect(path.rig().rolesOf('alice')).toEqual([]);
  });

  test('a person outside the guild is absent, and gets the roles after joining', async () => {
    await path.rig().store.applyFacts([membership('erin', 'pilots')]);
    const linkId = await path.link('erin');
    expect(await path.stateOf('erin')).toMatchObject({ state: 'ABSENT' });

    path.rig().discord.moderator.join(byName('erin'));
    await path.rig().store.links.reconcileMember({ id: linkId, cause, waitMs: patienceMs() });

    expect(path.rig().rolesOf('erin')).toEqual([roles.pilot]);
    expect(await path.stateOf('erin')).toEqual({
      state: 'IN_STEP',
      reason: null,
    });
  });

  test('unlinking a person who has left the guild ends the link without writing to Discord', async () => {
    const linkId = await path.link('alice');
    await path.rig().store.applyFacts([membership('alice', 'pilots')]);
    await path.rig().quiet();
    path.rig().discord.moderator.leave(byName('alice'));
    path.rig().discord.calls.reset();

    await path.rig().store.links.unlinkMember({ id: linkId, cause });
    await path.rig().quiet();
    await path.passMinuteOfAbsence();

    expect(await path.stateOf('alice')).toBeUndefined();
    expect(path.rig().writes()).toBe(0);
  });
});
