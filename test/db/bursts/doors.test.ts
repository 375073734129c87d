import { describe, expect, test } from 'vitest';

import { DIRECTOR, PILOT } from '../../builders/member-facts.js';
import { cause, guildRole, membership, nextOrder, snapshotOf } from '../../builders/store-world.js';
import { deleted, removed, useGuard } from '../../support/guard-fixture.js';

const guard = useGuard();

const heldRoles = async () => (await guard.held()).map(({ roleId }) => roleId);

describe('a burst that exceeds the limit is held as a whole before any removal begins', () => {
  test('when one batch of facts removes fifteen of forty', async () => {
    const people = await guard.addCrowd(40);

    await guard.store().applyFacts(removed(people.slice(0, 15)));

    expect(await heldRoles()).toEqual(Array(15).fill(PILOT));
    expect(await guard.due()).toEqual([]);
    await guard.run();
    expect(guard.holders()).toHaveLength(40);
    const plans = await guard.query(`select kind, state, reason from sweep where state = 'HELD'`);
    expect(plans).toEqual([
      {
        kind: 'CHANGES',
        state: 'HELD',
        reason: expect.stringContaining('15 more exceed the limit of 10'),
      },
    ]);
    const told = await guard.query<{ data: { removals: number } }>(
      `select data from outbox where type = 'discord.sweep.held.v1'`,
    );
    expect(told.map(({ data }) => data.removals)).toEqual([15]);
  });

  test('when snapshots leave fifteen people without the group', async () => {
    const people = await guard.addCrowd(40);

    await guard
      .store()
      .applyFacts(
        people.slice(0, 15).map(({ platformUserId }) => snapshotOf(platformUserId, ['directors'])),
      );

    expect(await heldRoles()).toEqual(Array(15).fill(PILOT));
  });

  test('when fifteen people are deleted, with all of their roles', async () => {
    const people = await guard.addCrowd(40);

    await guard.store().applyFacts(deleted(people.slice(0, 15)));

    expect(await guard.held()).toHaveLength(30);
    await guard.run();
    expect(guard.holders()).toHaveLength(40);
    expect(guard.holders(DIRECTOR)).toHaveLength(40);
  });

  test('when a group is deleted, and stays held when the group is recreated without members', async () => {
    const people = await guard.addCrowd(15);
    const group = { groupId: 'pilots', cause } as const;

    await guard.store().applyFacts([{ kind: 'groupDeleted', ...group, order: nextOrder() }]);
    expect(await heldRoles()).toEqual(Array(15).fill(PILOT));
    await guard.run();
    await guard
      .store()
      .applyFacts([{ kind: 'groupChanged', ...group, name: 'pilots', order: nextOrder() }]);
    await guard.run();

    expect(guard.holders()).toHaveLength(15);
    expect(await heldRoles()).toEqual(Array(15).fill(PILOT));
    await guard
      .store()
      .applyFacts(people.map(({ platformUserId }) => membership(platformUserId, 'pilots')));
    expect(await guard.held()).toEqual([]);
  });

  test('when a client starts to remove roles whose membership is unknown', async () => {
    await guard.addCrowd(15);
    await guard.query(`delete from membership where group_id = 'pilots'`);

    await guard
      .store()
      .clients.updateClient(guard.clientId(), { unknownMembership: 'REMOVE' }, cause);

    expect(await heldRoles()).toEqual(Array(15).fill(PILOT));
  });

  test('when the bot can again remove a role that was above it', async () => {
    const people = await guard.addCrowd(15);
    const roles = (refusal: 'ABOVE_BOT' | null) =>
      guard.store().memory.saveRoles(guard.clientId(), {
        ownerId: null,
        roles: [guildRole(PILOT, { refusal }), guildRole(DIRECTOR)],
      });
    await roles('ABOVE_BOT');
    await guard.store().applyFacts(removed(people));
    expect(await guard.held()).toEqual([]);
    await guard.query(
      `update member set state = 'PARKED'; update reconcile_job set is_parked = true`,
    );

    await roles(null);

    expect(await heldRoles()).toEqual(Array(15).fill(PILOT));
  });

  test('and is released only when the limit is raised to its size', async () => {
    const people = await guard.addCrowd(40);
    const setMinimum = async (minimum: number) =>
      guard
        .store()
        .clients.updateClient(guard.clientId(), { removalGuard: { minimum, percent: 0 } }, cause);
    await guard.store().applyFacts(removed(people.slice(0, 15)));

    await setMinimum(14);
    expect(await guard.held()).toHaveLength(15);
    await setMinimum(15);

    expect(await guard.held()).toEqual([]);
    expect(await guard.due()).toHaveLength(15);
  });

  test('and stays held when a mapping of its role is updated', async () => {
    const people = await guard.addCrowd(40);
    await guard.store().applyFacts(removed(people.slice(0, 15)));

    await guard.store().mappings.updateMapping({
      id: guard.mappingIds()[0] ?? '',
      authority: 'PLATFORM',
      cause,
    });

    expect(await heldRoles()).toEqual(Array(15).fill(PILOT));
  });
});

describe('a burst within the limit', () => {
  test('is applied without approval', async () => {
    const people = await guard.addCrowd(40);

    await guard.store().applyFacts(removed(people.slice(0, 10)));

    expect(await guard.held()).toEqual([]);
    expect(await guard.due()).toHaveLength(10);
    await guard.run();
    expect(guard.holders()).toHaveLength(30);
    expect(await guard.due()).toEqual([]);
  });

  test('does not count members who keep the role through another group', async () => {
    const people = await guard.addCrowd(40);
    await guard.store().mappings.createMapping({
      clientId: guard.clientId(),
      groupId: 'directors',
      roleId: PILOT,
      authority: null,
      dryRun: false,
      cause,
    });

    await guard.store().applyFacts(removed(people.slice(0, 15)));

    expect(await guard.held()).toEqual([]);
    expect(await guard.due()).toEqual([]);
  });

  test('no longer counts members who are added again', async () => {
    const people = await guard.addCrowd(40);
    await guard.store().applyFacts(removed(people.slice(0, 10)));
    await guard
      .store()
      .applyFacts(
        people.slice(0, 10).map(({ platformUserId }) => membership(platformUserId, 'pilots')),
      );

    await guard.store().applyFacts(removed(people.slice(10, 20)));

    expect(await guard.held()).toEqual([]);
    expect(await guard.due()).toHaveLength(10);
  });
});

describe('a held burst', () => {
  test('is applied after an approval, except for roles that are desired again', async () => {
    const people = await guard.addCrowd(40);
    await guard.store().applyFacts(removed(people.slice(0, 15)));
    await guard.store().applyFacts([membership(people[0]?.platformUserId ?? '', 'pilots')]);
    expect(await guard.held()).toHaveLength(14);
    await decide('APPROVED');

    await guard.run();

    expect(guard.holders()).toHaveLength(26);
    expect(guard.holders()).toContain(people[0]?.discordUserId);
  });

  test('is dropped after a rejection', async () => {
    const people = await guard.addCrowd(40);
    await guard.store().applyFacts(removed(people.slice(0, 15)));
    await decide('REJECTED');

    await guard.run();

    expect(guard.holders()).toHaveLength(40);
  });

  test('does not hold grants to the same members', async () => {
    const people = await guard.addCrowd(15);
    await guard.store().applyFacts(removed(people, 'directors'));
    await guard.run();
    expect(guard.holders(DIRECTOR)).toHaveLength(15);
    await guard.query(`update member set role_ids = array['${DIRECTOR}']`);

    await guard
      .store()
      .applyFacts(people.map(({ platformUserId }) => membership(platformUserId, 'pilots')));
    await guard.run();

    expect(guard.holders()).toHaveLength(15);
    expect(guard.holders(DIRECTOR)).toHaveLength(15);
  });
});

async function decide(verdict: 'APPROVED' | 'REJECTED'): Promise<void> {
  const [sweep] = await guard.query<{ id: string }>(`select id from sweep where state = 'HELD'`);
  await guard.store().sweeps.decideSweep({ id: sweep?.id ?? '', hash: null, verdict, cause });
}
