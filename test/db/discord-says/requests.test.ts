import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, nextOrder, snapshotOf } from '../../builders/store-world.js';
import { patienceMs } from '../../support/eventually.js';
import { useDiscordSays } from '../../support/says-fixture.js';

const guild = useDiscordSays();
const OPEN = { groupId: 'pilots', state: 'OPEN' } as const;

const unlink = async (name: 'alice' | 'bob') =>
  guild.rig().store.links.unlinkMember({ id: (await guild.linkOf(name)).id, cause });

describe('a role that a moderator adds', () => {
  test('is requested from the platform, shown as pending, and completed when the platform reports it', async () => {
    await guild.settledGuild();
    await guild.says('bob', 'removed');
    await guild.rig().store.applyFacts([
      {
        kind: 'groupChanged',
        groupId: 'pilots',
        name: 'The pilots',
        order: nextOrder(),
        cause,
      },
    ]);
    guild.byHand.give('bob');

    await guild.verify();

    const link = await guild.linkOf('bob');
    expect(await guild.requestsOf('bob')).toEqual([{ ...OPEN, change: 'ADDED' }]);
    expect(link).toMatchObject({
      state: 'PENDING',
      reason:
        'the platform was asked to add the user to group The pilots (pilots) but has not done so yet',
    });
    const [event, ...more] = await guild.asked();
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      key: 'bob',
      data: {
        requestId: event?.id,
        clientId: guild.rig().clientId,
        guildId: DEMO.guildId,
        discordUserId: DEMO.accounts.bob,
        platformUserId: 'bob',
        mappingId: guild.mappingId(),
        groupId: 'pilots',
        roleId: DEMO.roles.pilot,
        change: 'added',
      },
    });

    await guild.says('bob', 'added');

    expect(await guild.requestsOf('bob')).toEqual([]);
    expect(await guild.linkOf('bob')).toMatchObject({
      state: 'IN_STEP',
      reason: null,
    });
    expect(await guild.askedOf()).toHaveLength(1);
    expect(guild.holds('bob')).toBe(true);
  });

  test('and later removes is requested both ways, and nothing is written to Discord', async () => {
    await guild.settledGuild();
    guild.byHand.give('bob');
    await guild.verify();
    await guild.says('bob', 'added');
    guild.byHand.take('bob');

    await guild.verify();

    expect(await guild.askedOf()).toEqual(['added bob pilots', 'removed bob pilots']);
    expect(await guild.requestsOf('bob')).toEqual([{ ...OPEN, change: 'REMOVED' }]);
    expect(guild.rig().writes()).toBe(0);
  });
});

describe('a request to the platform', () => {
  test('is not sent again by two sweeps in a row or by a requested run', async () => {
    await guild.settledGuild();
    guild.byHand.take('alice');
    await guild.verify();
    const first = await guild.asked();

    await guild.verify();
    const again = await guild.verify();
    await guild.rig().store.links.reconcileMember({
      id: (await guild.linkOf('alice')).id,
      cause,
      waitMs: patienceMs(),
    });

    expect(await guild.askedOf()).toEqual(['removed alice pilots']);
    expect(await guild.asked()).toEqual(first);
    expect(again.drifted).toBe(0);
  });

  test('that was confirmed is not changed by repeated confirmations', async () => {
    await guild.settledGuild();
    guild.byHand.take('alice');
    await guild.verify();
    const confirmation = snapshotOf('alice', ['directors']);
    await guild.rig().store.applyFacts([confirmation]);
    await guild.rig().quiet();

    await guild.rig().store.applyFacts([confirmation, confirmation]);
    await guild.rig().quiet();
    await guild.verify();

    expect(await guild.requestsOf('alice')).toEqual([]);
    expect(await guild.askedOf()).toHaveLength(1);
    expect(guild.holds('alice')).toBe(false);
    expect(guild.holds('alice', 'directors')).toBe(true);
  });

  test('that the platform contradicts is disputed, and not sent again until Discord changes', async () => {
    await guild.settledGuild();
    guild.byHand.take('alice');
    await guild.verify();

    await guild.says('alice', 'added');

    expect(await guild.requestsOf('alice')).toEqual([
      { groupId: 'pilots', change: 'REMOVED', state: 'DISPUTED' },
    ]);
    expect(await guild.linkOf('alice')).toMatchObject({
      state: 'DISPUTED',
      reason:
        'the platform was asked to remove the user from group pilots but reports the opposite',
    });
    await guild.says('alice', 'added');
    await guild.verify();
    expect(await guild.askedOf()).toHaveLength(1);
    expect(
      await guild.query(`
        select e.key, e.data, r.asked_at from outbox e, remote_membership r
        where e.type = 'discord.member.disputed.v1' and r.request_state = 'DISPUTED'
          and (e.data ->> 'since')::timestamptz = date_trunc('milliseconds', r.asked_at)`),
    ).toMatchObject([
      {
        key: 'alice',
        data: { platformUserId: 'alice', roleId: DEMO.roles.pilot, kind: 'REQUEST', by: null },
      },
    ]);

    guild.byHand.give('alice');
    await guild.verify();
    expect(await guild.requestsOf('alice')).toEqual([]);
    guild.byHand.take('alice');
    await guild.verify();
    expect(await guild.askedOf()).toEqual(['removed alice pilots', 'removed alice pilots']);
  });

  test('that a snapshot contradicts is disputed after the next sweep', async () => {
    await guild.settledGuild();
    guild.byHand.take('alice');
    await guild.verify();

    await guild.rig().store.applyFacts([snapshotOf('alice', ['pilots', 'directors'])]);
    await guild.verify();

    expect(await guild.requestsOf('alice')).toMatchObject([{ state: 'DISPUTED' }]);
  });

  test('concerns only the group of its mapping', async () => {
    await guild.settledGuild();
    guild.byHand.take('alice');
    guild.byHand.take('alice', 'directors');
    guild.byHand.give('bob', 'recruits');

    await guild.verify();

    expect(await guild.askedOf()).toEqual(['removed alice pilots']);
    // Roles of PLATFORM mappings follow the groups as usual.
    expect(guild.holds('alice', 'directors')).toBe(true);
    expect(guild.holds('bob', 'recruits')).toBe(false);
  });
});

describe('under authority DISCORD', () => {
  test('the platform gets requests to revert its own changes', async () => {
    await guild.settledGuild();

    await guild.says('bob', 'added');
    await guild.says('alice', 'removed');

    expect(await guild.askedOf()).toEqual(['removed bob pilots', 'added alice pilots']);
    expect(guild.rig().writes()).toBe(0);
    expect(guild.holds('alice')).toBe(true);
  });

  test('a member keeps the role when the link is removed', async () => {
    await guild.settledGuild();

    await unlink('alice');
    await guild.rig().quiet();

    expect(guild.holds('alice')).toBe(true);
    expect(guild.holds('alice', 'directors')).toBe(false);
    expect(await guild.askedOf()).toEqual([]);
  });

  test('the platform gets no request about a person whose link was removed', async () => {
    await guild.settledGuild();
    await unlink('alice');
    await guild.rig().quiet();
    guild.byHand.take('alice');

    await guild.verify();

    expect(await guild.askedOf()).toEqual([]);
  });

  test('the platform gets no more requests about a group that it has deleted', async () => {
    await guild.settledGuild();
    guild.byHand.take('alice');
    await guild.verify();
    expect(await guild.requestsOf('alice')).toHaveLength(1);

    const order = { sequence: null, timeUs: Date.now() * 1_000 };
    await guild.rig().store.applyFacts([{ kind: 'groupDeleted', groupId: 'pilots', order, cause }]);
    await guild.rig().quiet();
    guild.byHand.give('bob');
    await guild.verify();

    expect(await guild.requestsOf('alice')).toEqual([]);
    expect(await guild.askedOf()).toHaveLength(1);
  });
});
