import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { addGroups, addMembership, addUsers, AT, openReadWorld, type ReadWorld } from './seed.js';

let world: ReadWorld;
beforeAll(async () => {
  world = await openReadWorld();
  const { db } = world;
  await addUsers(db, ['alice', 'bob', 'gone']);
  await sql`update platform_user set deleted_at = ${AT}, snapshot_time_us = 1,
    attributes = '{"character": "C"}' where id = 'gone'`.execute(db);
  await addGroups(db, {
    pilots: 'Pilots',
    directors: 'Directors 100%',
    under_score: null,
    'back\\slash': "O'Hara",
    former: 'Former pilots',
  });
  await sql`update platform_group set deleted_at = ${AT} where id = 'former'`.execute(db);
  await addMembership(db, { user: 'alice', group: 'pilots' });
  await addMembership(db, { user: 'alice', group: 'directors' });
  await addMembership(db, { user: 'alice', group: 'former' });
  await addMembership(db, { user: 'bob', group: 'pilots', isHeld: false });
});
afterAll(async () => world.close());

it('findPlatformUsers returns users in the requested order', async () => {
  const users = await world.read.findPlatformUsers(['gone', 'zoe', 'alice']);

  expect(users).toEqual([
    {
      id: 'gone',
      username: 'GONE',
      attributes: { character: 'C' },
      hasSnapshot: true,
      deletedAt: AT,
    },
    undefined,
    {
      id: 'alice',
      username: 'ALICE',
      attributes: {},
      hasSnapshot: false,
      deletedAt: null,
    },
  ]);
});

it('findPlatformGroups returns groups in the requested order, including deleted ones', async () => {
  const groups = await world.read.findPlatformGroups(['former', 'x', 'pilots']);

  expect(groups).toEqual([
    { id: 'former', name: 'Former pilots', deletedAt: AT },
    undefined,
    { id: 'pilots', name: 'Pilots', deletedAt: null },
  ]);
});

it('groupsOfPlatformUsers returns the current groups of each user', async () => {
  const lists = await world.read.groupsOfPlatformUsers(['bob', 'alice', 'zoe']);

  expect(lists.map((groups) => groups.map((group) => group.id))).toEqual([
    [],
    ['directors', 'pilots'],
    [],
  ]);
});

describe('pages of groups', () => {
  const found = async (search: string | null) => {
    const { rows } = await world.read.pagePlatformGroups(search, {
      limit: 50,
      after: null,
    });
    expect(await world.read.countPlatformGroups(search)).toBe(rows.length);
    return rows.map((group) => group.id);
  };

  it('omit deleted groups', async () => {
    expect((await found(null)).toSorted()).toEqual([
      'back\\slash',
      'directors',
      'pilots',
      'under_score',
    ]);
  });

  it.each([
    ['PIL', ['pilots']],
    ['irect', ['directors']],
    ['100%', ['directors']],
    ['%', ['directors']],
    ['_', ['under_score']],
    ['\\', ['back\\slash']],
    ["o'h", ['back\\slash']],
    ['nothing', []],
  ])('find %s as literal text, in upper or lower case', async (search, ids) => {
    expect(await found(search)).toEqual(ids);
  });

  it('contain each group exactly once', async () => {
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page = await world.read.pagePlatformGroups(null, {
        limit: 1,
        after,
      });
      seen.push(...page.rows.map((group) => group.id));
      after = page.hasMore ? (page.rows[0]?.id ?? null) : null;
    } while (after !== null);

    expect(seen).toEqual(await found(null));
    expect(seen).toHaveLength(4);
  });
});
