import { describe, expect, test } from 'vitest';

import { cause, membership } from '../../builders/store-world.js';
import { deleted, removed, useGuard, type Somebody } from '../../support/guard-fixture.js';

const guard = useGuard();

async function linkOf({ platformUserId }: Somebody): Promise<string> {
  const found = await guard.store().read.findLinkByPlatformUser(guard.clientId(), platformUserId);
  return found?.id ?? '';
}

const unlink = async (person: Somebody) =>
  guard.store().links.unlinkMember({ id: await linkOf(person), cause });

const reconcile = async (person: Somebody) =>
  guard.store().links.reconcileMember({
    id: await linkOf(person),
    cause,
    waitMs: 0,
  });

/** Stores facts without marking any member. */
async function drift(people: readonly Somebody[]): Promise<void> {
  await guard.query(
    `update membership set is_held = false where group_id = 'pilots' and platform_user_id = any($1)`,
    [people.map(({ platformUserId }) => platformUserId)],
  );
}

describe.each([
  ['an unlink of one person', unlink],
  ['a reconcile of one person', reconcile],
])('%s', (_, ask) => {
  test('is not held with a burst or a stream', async () => {
    const people = await guard.addCrowd(40);
    for (const person of people.slice(0, 11)) await guard.store().applyFacts(removed([person]));
    await guard.run();
    await guard.waitTwoHours();
    await guard.store().applyFacts(removed(people.slice(11, 30)));
    expect(await guard.held()).toHaveLength(20);

    await ask(people[12] ?? people[0]!);
    await guard.run();

    expect(guard.holders()).toHaveLength(29);
    expect(await guard.held()).toHaveLength(19);
  });

  test('counts towards the hourly limit, and is held beyond it', async () => {
    const people = await guard.addCrowd(40);
    await guard
      .store()
      .clients.updateClient(guard.clientId(), { removalGuard: { minimum: 5, percent: 0 } }, cause);
    await guard.run();
    await guard.query(`delete from role_mapping where group_id = 'directors'`);
    await drift(people);

    for (const person of people.slice(0, 8)) {
      await ask(person);
      await guard.run();
    }

    expect(guard.holders()).toHaveLength(35);
    expect(await guard.held()).toHaveLength(3);
    await guard
      .store()
      .applyFacts([
        membership(people[20]?.platformUserId ?? '', 'pilots'),
        membership(people[20]?.platformUserId ?? '', 'pilots', 'removed'),
      ]);
    expect(await guard.held()).toHaveLength(4);
  });
});

test('the removals of deleted people are not exempt from the guard', async () => {
  const people = await guard.addCrowd(40);

  await guard.store().applyFacts(deleted(people.slice(0, 15)));
  await guard.run();

  expect(guard.holders()).toHaveLength(40);
  const links = await guard.query(`select from link where status = 'ENDING' and is_end_asked_for`);
  expect(links).toEqual([]);
});
