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
  test('after linking removes nothing on either side, even if roles and groups differ both ways', async () => {
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

  test('happens when the platform first sends facts about the person', async () => {
    guild.byHand.give('bob');
    await guild.link('alice', 'bob');
    await guild.verify();
    expect(await guild.askedOf()).toEqual([]);

    await facts(snapshotOf('alice', ['pilots']), snapshotOf('bob', []));

    expect(guild.holds('alice')).toBe(true);
    expect(await guild.askedOf()).toEqual(['added bob pilots']);
  });

  test('after a member rejoins restores the role', async () => {
    await settledOtherwise();
    guild.byHand.leave('alice');
    await guild.verify();
    expect(await guild.linkOf('alice')).toMatchObject({ state: 'ABSENT' });

    guild.byHand.join('alice');
    await guild.verify();

    expect(guild.holds('alice')).toBe(true);
    expect(await guild.askedOf()).toEqual([]);
  });

  test('after a member leaves and rejoins between two sweeps restores the role', async () => {
    await settledOtherwise();
    guild.byHand.leave('alice');
    guild.byHand.join('alice');

    await guild.verify();

    expect(guild.holds('alice')).toBe(true);
    expect(await guild.askedOf()).toEqual([]);
  });

  test('after a member leaves and rejoins between two reads restores the role in a run of that member alone', async () => {
    await settledOtherwise();
    guild.byHand.leave('alice');
    guild.byHand.join('alice');
    const { id } = await guild.linkOf('alice');

    await guild.rig().store.links.reconcileMember({ id, cause, waitMs: patienceMs() });

    expect(guild.holds('alice')).toBe(true);
    expect(await guild.askedOf()).toEqual([]);
  });

  test('after the same account is linked again restores the role', async () => {
    await settledOtherwise();
    await unlink('alice');
    guild.byHand.take('alice');

    await guild.link('alice');

    expect(guild.holds('alice')).toBe(true);
    expect(await guild.askedOf()).toEqual([]);
  });

  test('of a new mapping requests no removals', async () => {
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

  test('after the mapping is switched back to DISCORD requests no removals', async () => {
    await settledOtherwise();
    await guild.setAuthority('OBSERVE');
    guild.byHand.take('alice');
    await guild.verify();
    expect(guild.holds('alice')).toBe(false);

    await guild.setAuthority('DISCORD');

    expect(guild.holds('alice')).toBe(true);
    expect(await guild.askedOf()).toEqual([]);
  });

  test('after the client is switched back to DISCORD requests no removals', async () => {
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

describe('a mapping under authority DISCORD', () => {
  test('requests to revert a later platform change, because a sweep recorded that both sides agreed', async () => {
    await guild.rig().store.applyFacts([snapshotOf('bob', [])]);
    await guild.link('bob');
    // As if no affected user had been linked when the mapping was created.
    await guild.query('delete from remote_membership');
    const first = await guild.verify();

    await guild.says('bob', 'added');

    expect(first.drifted).toBe(0);
    expect(guild.holds('bob')).toBe(false);
    expect(await guild.askedOf()).toEqual(['removed bob pilots']);
  });

  test('drops its open request and restores the role when it is switched to PLATFORM', async () => {
    await settledOtherwise();
    guild.byHand.take('alice');
    await guild.verify();
    expect(await guild.requestsOf('alice')).toHaveLength(1);

    await guild.setAuthority('PLATFORM');

    expect(await guild.requestsOf('alice')).toEqual([]);
    expect(guild.holds('alice')).toBe(true);
  });
});

describe('a person who is not in the guild', () => {
  test('causes no requests', async () => {
    await settledOtherwise();
    guild.byHand.leave('alice');

    await guild.verify();
    await guild.says('alice', 'removed');
    await guild.says('alice', 'added');
    await guild.verify();

    expect(await guild.askedOf()).toEqual([]);
  });
});

describe('a role that was deleted at Discord', () => {
  test('causes no requests, even before its deletion is known', async () => {
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
