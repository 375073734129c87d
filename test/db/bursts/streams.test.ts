import { describe, expect, test } from 'vitest';

import { DIRECTOR, PILOT } from '../../builders/member-facts.js';
import { cause } from '../../builders/store-world.js';
import { deleted, removed, useGuard, type Somebody } from '../../support/guard-fixture.js';

const guard = useGuard();

/** One event for each person. */
async function stream(people: readonly Somebody[]): Promise<void> {
  for (const person of people) await guard.store().applyFacts(removed([person]));
}

describe('a stream of single events', () => {
  test('removes roles up to the limit and holds the others', async () => {
    const people = await guard.addCrowd(40);

    await stream(people.slice(0, 15));

    expect(await guard.due()).toHaveLength(10);
    expect(await guard.held()).toEqual(
      people.slice(10, 15).map(({ discordUserId }) => ({
        account: discordUserId,
        roleId: PILOT,
        by: 'MEMBERSHIP',
        isStream: true,
      })),
    );
    await guard.run();
    expect(guard.holders()).toHaveLength(30);
  });

  test('is held beyond the same limit when jobs run between the events', async () => {
    const people = await guard.addCrowd(40);

    for (const person of people.slice(0, 15)) {
      await stream([person]);
      await guard.run();
    }

    expect(guard.holders()).toHaveLength(30);
    expect(await guard.held()).toHaveLength(5);
  });

  test('keeps adding to its held plan after the hour until a person decides', async () => {
    const people = await guard.addCrowd(40);
    await stream(people.slice(0, 11));
    await guard.run();
    await guard.waitTwoHours();

    await stream(people.slice(11, 13));
    await guard.run();

    expect(guard.holders()).toHaveLength(30);
    expect(await guard.held()).toHaveLength(3);
    const plans = await guard.query<{ id: string }>(`select id from sweep where state = 'HELD'`);
    expect(plans).toHaveLength(1);
    await guard.store().sweeps.decideSweep({
      id: plans[0]?.id ?? '',
      hash: null,
      verdict: 'REJECTED',
      cause,
    });
    await stream(people.slice(13, 14));
    await guard.run();
    expect(guard.holders()).toHaveLength(29);
  });

  test('is never held if it stays below the limit in each hour', async () => {
    const people = await guard.addCrowd(40);

    for (const from of [0, 8, 16, 24]) {
      await stream(people.slice(from, from + 8));
      await guard.run();
      await guard.waitTwoHours();
    }

    expect(guard.holders()).toHaveLength(8);
    expect(await guard.held()).toEqual([]);
  });

  test('that is held does not hold a removal of another role', async () => {
    const people = await guard.addCrowd(100);
    await stream(people.slice(0, 21));
    expect(await guard.held()).toHaveLength(1);

    await guard.store().applyFacts(removed(people.slice(30, 31), 'directors'));

    expect(await guard.held()).toHaveLength(1);
    expect(await guard.due(DIRECTOR)).toHaveLength(1);
  });

  test('that is held does not hold the removals of a deleted person, which have another kind of cause', async () => {
    const people = await guard.addCrowd(40);
    await stream(people.slice(0, 11));
    await guard.run();
    await guard.waitTwoHours();

    await guard.store().applyFacts(deleted(people.slice(20, 21)));
    await guard.run();

    expect(guard.holders()).toHaveLength(29);
    expect(await guard.held()).toHaveLength(1);
  });
});

describe('while a burst is held', () => {
  test('a single removal is applied, because held removals do not count', async () => {
    const people = await guard.addCrowd(40);
    await guard.store().applyFacts(removed(people.slice(0, 15)));

    await stream(people.slice(20, 21));
    await guard.run();

    expect(guard.holders()).toHaveLength(39);
    expect(await guard.held()).toHaveLength(15);
  });

  test('the removals of one deleted person are applied', async () => {
    const people = await guard.addCrowd(40);
    await guard.store().applyFacts(deleted(people.slice(0, 15)));

    await guard.store().applyFacts(deleted(people.slice(20, 21)));
    await guard.run();

    expect(guard.holders()).toHaveLength(39);
  });

  test('another burst with the same kind of cause is added to it, even within the limit', async () => {
    const people = await guard.addCrowd(40);
    await guard.store().applyFacts(removed(people.slice(0, 15)));
    await guard.waitTwoHours();

    await guard.store().applyFacts(removed(people.slice(20, 22)));
    await guard.run();

    expect(guard.holders()).toHaveLength(40);
    expect(await guard.held()).toHaveLength(17);
  });

  test('single events are applied up to the limit, and held as a stream beyond it', async () => {
    const people = await guard.addCrowd(40);
    await guard.store().applyFacts(removed(people.slice(0, 15)));

    await stream(people.slice(15, 27));
    await guard.run();

    expect(guard.holders()).toHaveLength(30);
    const held = await guard.held();
    expect(held.filter(({ isStream }) => isStream)).toHaveLength(2);
  });
});
