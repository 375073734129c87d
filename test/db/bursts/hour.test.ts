import { describe, expect, test } from 'vitest';

import { PILOT } from '../../builders/member-facts.js';
import { cause, membership, nextOrder } from '../../builders/store-world.js';
import { removed, useGuard } from '../../support/guard-fixture.js';

const guard = useGuard();

describe('the count of the last hour', () => {
  test('continues when the client is deleted and recreated repeatedly', async () => {
    const people = await guard.addCrowd(30);

    for (const from of [0, 6, 12, 18, 24]) {
      await guard.store().applyFacts(removed(people.slice(from, from + 6)));
      await guard.run();
      await guard.store().clients.deleteClient({
        id: guard.clientId(),
        holders: 'LEAVE',
        dryRun: false,
        cause,
      });
      await guard.setUp();
      await guard.link(people.slice(from + 6));
    }

    expect(guard.holders().length).toBeGreaterThanOrEqual(24);
  });

  test('holds the eleventh of thirty removals after the client was recreated', async () => {
    const people = await guard.addCrowd(30);
    await guard.store().applyFacts(removed(people.slice(0, 10)));
    await guard.run();
    await guard.store().clients.deleteClient({
      id: guard.clientId(),
      holders: 'LEAVE',
      dryRun: false,
      cause,
    });
    await guard.setUp();
    await guard.link(people.slice(10));

    await guard.store().applyFacts(removed(people.slice(10, 11)));

    expect(await guard.held()).toHaveLength(1);
    await guard.run();
    expect(guard.holders()).toHaveLength(20);
  });

  test('continues when the mapping is retired and recreated', async () => {
    const people = await guard.addCrowd(30);
    await guard.store().applyFacts(removed(people.slice(0, 10)));
    await guard.run();
    const { mapping } = await retire('LEAVE');
    await guard.store().mappings.createMapping({
      clientId: guard.clientId(),
      groupId: mapping.groupId,
      roleId: mapping.roleId,
      authority: null,
      dryRun: false,
      cause,
    });
    await guard.run();

    await guard.store().applyFacts(removed(people.slice(10, 11)));

    expect(await guard.held()).toHaveLength(1);
  });
});

const retire = async (holders: 'LEAVE' | 'TAKE_BACK') =>
  guard.store().mappings.retireMapping({
    id: guard.mappingIds()[0] ?? '',
    holders,
    dryRun: false,
    cause,
  });

describe('a role with few holders', () => {
  test('is kept by all five holders when all of them should lose it at once', async () => {
    const people = await guard.addCrowd(5);

    await guard.store().applyFacts(removed(people));
    await guard.run();

    expect(guard.holders()).toHaveLength(5);
    expect(await guard.held()).toHaveLength(5);
  });

  test('is kept by three of five holders when they should lose it one by one', async () => {
    const people = await guard.addCrowd(5);

    for (const person of people) {
      await guard.store().applyFacts(removed([person]));
      await guard.run();
    }

    expect(guard.holders()).toHaveLength(3);
    expect(await guard.held()).toHaveLength(3);
  });

  test('can be removed from all four holders', async () => {
    const people = await guard.addCrowd(4);

    await guard.store().applyFacts(removed(people));
    await guard.run();

    expect(guard.holders()).toEqual([]);
  });
});

describe('two simultaneous bursts', () => {
  test.each([1, 2])('share one limit, in %i process(es)', async (processes) => {
    const people = await guard.addCrowd(40);
    const first = guard.store();
    const second = processes === 1 ? first : await guard.another();

    await Promise.all([
      first.applyFacts(removed(people.slice(0, 8))),
      second.applyFacts(removed(people.slice(8, 16))),
    ]);

    expect(await guard.due()).toHaveLength(8);
    expect(await guard.held()).toHaveLength(8);
  });
});

describe('members never read from Discord', () => {
  test('are not held with a burst, but their runs remove no more roles than the limit', async () => {
    const people = await guard.addCrowd(40);
    await guard.query(
      `update member set read_at = null, role_ids = '{}' where discord_user_id = any($1)`,
      [people.slice(0, 15).map(({ discordUserId }) => discordUserId)],
    );

    await guard.store().applyFacts(removed(people.slice(0, 15)));
    expect(await guard.held()).toEqual([]);
    await guard.run();

    expect(guard.holders()).toHaveLength(30);
    expect(await guard.held()).toEqual(
      Array(5).fill(expect.objectContaining({ roleId: PILOT, by: 'MEMBERSHIP' })),
    );
  });

  test('are added to a held stream with the same kind of cause', async () => {
    const people = await guard.addCrowd(40);
    for (const person of people.slice(0, 11)) await guard.store().applyFacts(removed([person]));
    await guard.run();
    await guard.waitTwoHours();
    const unread = people.slice(20, 21);
    await guard.query(
      `update member set read_at = null, role_ids = '{}' where discord_user_id = $1`,
      [unread[0]?.discordUserId],
    );

    await guard.store().applyFacts(removed(unread));
    await guard.run();

    expect(guard.holders()).toHaveLength(30);
    expect(await guard.held()).toHaveLength(2);
  });

  test('have no removal due or held if they are in the group', async () => {
    const people = await guard.addCrowd(40);
    await guard.query(`update member set read_at = null, role_ids = '{}'`);
    await guard
      .store()
      .applyFacts(people.map(({ platformUserId }) => membership(platformUserId, 'pilots')));

    expect(await guard.held()).toEqual([]);
    expect(await guard.due()).toEqual([]);
  });
});

describe('retiring a mapping with holders: TAKE_BACK', () => {
  test('is never held, and its removals count only for its role', async () => {
    const people = await guard.addCrowd(40);

    await retire('TAKE_BACK');
    await guard.run();

    expect(guard.holders()).toEqual([]);
    const tally = await guard.store().readTally(guard.clientId(), []);
    expect(tally.guild.removedLastHour).toBe(0);
    const [counted] = await guard.query<{ count: number }>(
      `select count(*)::int from audit_record where taken_back = array[$1]`,
      [PILOT],
    );
    expect(counted?.count).toBe(40);
    await guard.store().applyFacts(removed(people.slice(0, 2), 'directors'));
    expect(await guard.held()).toEqual([]);
  });

  test('removes a role that another group also grants from everyone who is not in that group', async () => {
    const people = await guard.addCrowd(40);
    await guard.store().applyFacts([
      {
        kind: 'groupChanged',
        groupId: 'recruits',
        name: 'recruits',
        order: nextOrder(),
        cause,
      },
      ...people.slice(0, 10).map(({ platformUserId }) => membership(platformUserId, 'recruits')),
      ...people
        .slice(10)
        .map(({ platformUserId }) => membership(platformUserId, 'recruits', 'removed')),
    ]);
    await guard.store().mappings.createMapping({
      clientId: guard.clientId(),
      groupId: 'recruits',
      roleId: PILOT,
      authority: null,
      dryRun: false,
      cause,
    });

    await retire('TAKE_BACK');
    await guard.run();

    expect(await guard.held()).toEqual([]);
    expect(guard.holders()).toEqual(people.slice(0, 10).map(({ discordUserId }) => discordUserId));
  });
});
