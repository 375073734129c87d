import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, snapshotOf } from '../../builders/store-world.js';
import { patienceMs } from '../../support/eventually.js';
import { useDiscordSays } from '../../support/says-fixture.js';

const guild = useDiscordSays();

const facts = async (...all: ReturnType<typeof snapshotOf>[]) => {
  await guild.rig().store.applyFacts(all);
  await guild.rig().quiet();
};

const unlink = async (name: 'alice' | 'bob') => {
  const { id } = await guild.linkOf(name);
  await guild.rig().store.links.unlinkMember({ id, cause });
  await guild.rig().quiet();
};

/** Both sides agreed before: Alice is a pilot and has the role, Bob neither. */
async function settledOtherwise(): Promise<void> {
  await guild.settledGuild();
  expect(guild.holds('alice')).toBe(true);
  expect(await guild.askedOf()).toEqual([]);
}

describe('the first reading', () => {
  test('after a link, where roles and groups differ both ways, loses nothing on either side', async () => {
    const { store, clientId } = guild.rig();
    await store.clients.updateClient(clientId, { authority: 'DISCORD' }, cause);
    await facts(snapshotOf('alice', ['pilots', 'directors']));
    guild.byHand.give('alice', 'recruits');
    guild.byHand.give('alice', 'directors');

    await guild.link('alice');
    await guild.verify();

    expect(guild.rig().rolesOf('alice')?.toSorted()).toEqual(Object.values(DEMO.roles).toSorted());
    expect(await guild.askedOf()).toEqual(['added alice recruits']);
  });

  test('is made when the platform first says anything of the person', async () => {
    guild.byHand.give('bob');
    await guild.link('alice', 'bob');
    await guild.verify();
    expect(await guild.askedOf()).toEqual([]);

    await facts(snapshotOf('alice', ['pilots']), snapshotOf('bob', []));

    expect(guild.holds('alice')).toBe(true);
    expect(await guild.askedOf()).toEqual(['added bob pilots']);
  });

  test('after a return gives the role back', async () => {
    await settledOtherwise();
    guild.byHand.leave('alice');
    await guild.verify();
    expect(await guild.linkOf('alice')).toMatchObject({ state: 'ABSENT' });

    guild.byHand.join('alice');
    await guild.verify();

    expect(guild.holds('alice')).toBe(true);
    expect(await guild.askedOf()).toEqual([]);
  });

  test('after a return that nobody saw, between two looks, gives the role back too', async () => {
    await settledOtherwise();
    guild.byHand.leave('alice');
    guild.byHand.join('alice');

    await guild.verify();

    expect(guild.holds('alice')).toBe(true);
    expect(await guild.askedOf()).toEqual([]);
  });

  test('after such a return is known for one by a run of that member alone', async () => {
    await settledOtherwise();
    guild.byHand.leave('alice');
    guild.byHand.join('alice');
    const { id } = await guild.linkOf('alice');

    await guild.rig().store.links.reconcileMember({ id, cause, waitMs: patienceMs() });

    expect(guild.holds('alice')).toBe(true);
    expect(await guild.askedOf()).toEqual([]);
  });

  test('after a new link of the same people gives the role back', async () => {
    await settledOtherwise();
    await unlink('alice');
    guild.byHand.take('alice');

    await guild.link('alice');

    expect(guild.holds('alice')).toBe(true);
    expect(await guild.askedOf()).toEqual([]);
  });

  test('of a new mapping asks to remove nobody', async () => {
    await settledOtherwise();
    const { store, clientId } = guild.rig();
    await store.mappings.retireMapping({
      id: guild.mappingId(),
      holders: 'LEAVE',
      dryRun: false,
      cause,
    });
    guild.byHand.take('alice');
    guild.byHand.give('bob');

    await store.mappings.createMapping({
      clientId,
      groupId: 'pilots',
      roleId: DEMO.roles.pilot,
      authority: 'DISCORD',
      dryRun: false,
      cause,
    });
    await guild.rig().quiet();
    await guild.verify();

    expect(guild.holds('alice')).toBe(true);
    expect(await guild.askedOf()).toEqual(['added bob pilots']);
  });

  test('after a switch of the mapping asks to remove nobody', async () => {
    await settledOtherwise();
    await guild.setAuthority('OBSERVE');
    guild.byHand.take('alice');
    await guild.verify();
    expect(guild.holds('alice')).toBe(false);

    await guild.setAuthority('DISCORD');

    expect(guild.holds('alice')).toBe(true);
    expect(await guild.askedOf()).toEqual([]);
  });

  test('after a switch of the client asks to remove nobody', async () => {
    const { store, clientId } = guild.rig();
    const switchTo = async (authority: 'DISCORD' | 'OBSERVE') => {
      await store.clients.updateClient(clientId, { authority }, cause);
      await guild.rig().quiet();
    };
    await switchTo('DISCORD');
    await settledOtherwise();
    await switchTo('OBSERVE');
    guild.byHand.take('alice', 'directors');
    await guild.verify();

    await switchTo('DISCORD');

    expect(guild.holds('alice', 'directors')).toBe(true);
    expect(await guild.askedOf()).toEqual([]);
  });
});

describe('what was agreed without a word', () => {
  test('is remembered by a sweep, so that a later change at Discord is known for one', async () => {
    await guild.rig().store.applyFacts([snapshotOf('bob', [])]);
    await guild.link('bob');
    // As if the mapping had been made when nobody concerned by it was linked.
    await guild.query('delete from remote_membership');
    const first = await guild.verify();

    await guild.says('bob', 'added');

    expect(first.drifted).toBe(0);
    expect(guild.holds('bob')).toBe(false);
    expect(await guild.askedOf()).toEqual(['removed bob pilots']);
  });

  test('is not asked about when only the switch away is', async () => {
    await settledOtherwise();
    guild.byHand.take('alice');
    await guild.verify();
    expect(await guild.requestsOf('alice')).toHaveLength(1);

    await guild.setAuthority('PLATFORM');

    expect(await guild.requestsOf('alice')).toEqual([]);
    expect(guild.holds('alice')).toBe(true);
  });
});

describe('who is not in the guild', () => {
  test('is asked about never', async () => {
    await settledOtherwise();
    guild.byHand.leave('alice');

    await guild.verify();
    await guild.says('alice', 'removed');
    await guild.says('alice', 'added');
    await guild.verify();

    expect(await guild.askedOf()).toEqual([]);
  });
});

describe('a role that the guild has deleted', () => {
  test('asks for nothing, though it is gone from its members before anybody says so', async () => {
    await settledOtherwise();
    guild.rig().discord.moderator.deleteRole({
      guildId: DEMO.guildId,
      roleId: DEMO.roles.pilot,
    });

    await guild.verify();
    await guild.verify();

    expect(await guild.askedOf()).toEqual([]);
    expect(await guild.requestsOf('alice')).toEqual([]);
  });
});
