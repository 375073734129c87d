import { describe, expect, test } from 'vitest';

import { FOREIGN, PILOT } from '../../builders/member-facts.js';
import { cause, snapshotOf } from '../../builders/store-world.js';
import { shown, useLive } from '../../support/live-fixture.js';

const live = useLive();

const people = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    platformUserId: `person-${index}`,
    discordUserId: String(610_000_000_000_000_000n + BigInt(index)),
  }));

/** Links this many people, and lets the mirror know them with these roles. */
async function crowd(count: number, roleIds: readonly string[]) {
  const users = people(count);
  await live.store().applyFacts(users.map((user) => snapshotOf(user.platformUserId, [])));
  await live
    .store()
    .links.importMembers({ clientId: live.clientId(), users, dryRun: false, cause });
  await live.apply({ shown: users.map((user) => shown(user.discordUserId, { roleIds })) });
  await live.query('delete from reconcile_job');
  await live.writtenAgo('1 hour');
  return users;
}

/** A process that counts its statements, and that leases the bot from now on. */
async function countingStore() {
  let statements = 0;
  const store = await live.takeOver({ onStatement: () => (statements += 1) });
  return async (batch: Parameters<typeof live.apply>[0]) => {
    statements = 0;
    const marked = await live.apply(batch, { by: store });
    return { marked, statements };
  };
}

describe('a storm', () => {
  test('of 20,000 joins without a link costs no job, no row and a fixed number of statements', async () => {
    const apply = await countingStore();
    const members = await live.query('select * from member');
    const joined = people(20_000).map(({ discordUserId }) => shown(discordUserId));
    const costs = new Set<number>();

    for (let from = 0; from < joined.length; from += 1_000) {
      const { marked, statements } = await apply({ shown: joined.slice(from, from + 1_000) });
      expect(marked).toBe(0);
      costs.add(statements);
    }

    expect([...costs]).toEqual([8]);
    expect(await live.jobs()).toEqual([]);
    expect(await live.query('select * from member')).toEqual(members);
    expect(await live.query('select * from unlinked_holder')).toEqual([]);
  });

  test('costs as many statements for 300 members as for one', async () => {
    const users = await crowd(300, []);
    const apply = await countingStore();
    const given = users.map((user) => shown(user.discordUserId, { roleIds: [FOREIGN, PILOT] }));

    const one = await apply({ shown: given.slice(0, 1) });
    const many = await apply({ shown: given.slice(1) });

    expect(one.marked).toBe(1);
    expect(many.marked).toBe(299);
    // Held removals cost a few more, whatever their number.
    expect(many.statements - one.statements).toBeLessThan(20);
  });

  test('of another bot that gives a role to everyone is held by the guard, not undone', async () => {
    const users = await crowd(60, []);

    await live.apply({
      shown: users.map((user) => shown(user.discordUserId, { roleIds: [PILOT] })),
    });

    const held = await live.query("select from removal_decision where verdict = 'HELD'");
    expect(held).toHaveLength(60);
    expect(await live.query("select from sweep where state = 'HELD'")).toHaveLength(1);
  });

  test('in small batches is held too, once the removals are too many together', async () => {
    const users = await crowd(60, []);

    for (const user of users)
      await live.apply({ shown: [shown(user.discordUserId, { roleIds: [PILOT] })] });

    const held = await live.query("select from removal_decision where verdict = 'HELD'");
    expect(held.length).toBeGreaterThanOrEqual(45);
  });

  test('of departures makes all members absent and starts no run', async () => {
    const users = await crowd(300, [PILOT]);

    const marked = await live.apply({ left: users.map((user) => user.discordUserId) });

    expect(marked).toBe(0);
    expect(await live.jobs()).toEqual([]);
    expect(await live.query("select from member where state = 'ABSENT'")).toHaveLength(300);
    expect(
      await live.query("select from outbox where type = 'discord.member.left.v1'"),
    ).toHaveLength(300);
  });
});
