import { beforeEach, describe, expect, test } from 'vitest';

import { DIRECTOR, PILOT } from '../../builders/member-facts.js';
import { cause, link, membership, nextOrder, snapshotOf } from '../../builders/store-world.js';
import { ALICE, BOB, useLive } from '../../support/live-fixture.js';

const live = useLive();

const left = async () =>
  (
    await live.query<{ key: string }>(
      `select case discord_user_id when '${ALICE}' then 'alice ' else 'bob ' end || case role_id when '${PILOT}' then 'pilot' else 'director' end as key
      from hand_change order by 1`,
    )
  ).map(({ key }) => key);

/** Others have changed both roles of Alice and of Bob. */
beforeEach(async () => {
  await link(live.store(), live.clientId(), 'bob', BOB);
  for (const account of [ALICE, BOB])
    for (const role of [PILOT, DIRECTOR])
      await live.query(
        `insert into hand_change (client_id, discord_user_id, role_id, is_given, changed_at, is_held) values ($1, $2, $3, false, now(), true)`,
        [live.clientId(), account, role],
      );
});

describe('a change made by hand ends with a newer fact about', () => {
  test('the membership of the same person in a group mapped to the role', async () => {
    await live.store().applyFacts([membership('alice', 'pilots')]);

    expect(await left()).toEqual(['alice director', 'bob director', 'bob pilot']);
  });

  test('all memberships of the person', async () => {
    await live.store().applyFacts([snapshotOf('alice', ['pilots'])]);

    expect(await left()).not.toContain('alice pilot');
    expect(await left()).toEqual(expect.arrayContaining(['bob director', 'bob pilot']));
  });

  test('the group of the role', async () => {
    await live
      .store()
      .applyFacts([{ kind: 'groupDeleted', groupId: 'pilots', order: nextOrder(), cause }]);

    expect(await left()).toEqual(['alice director', 'bob director']);
  });

  test('the existence of the person', async () => {
    await live
      .store()
      .applyFacts([{ kind: 'userDeleted', platformUserId: 'alice', order: nextOrder(), cause }]);

    expect(await left()).toEqual(['bob director', 'bob pilot']);
  });
});

describe('a change made by hand stays after', () => {
  test('a fact that is older than the recorded one', async () => {
    const old = membership('alice', 'pilots', 'removed');
    await live.store().applyFacts([membership('alice', 'pilots')]);
    await live.query(
      `insert into hand_change (client_id, discord_user_id, role_id, is_given, changed_at) values ($1, $2, $3, false, now())`,
      [live.clientId(), ALICE, PILOT],
    );

    await live.store().applyFacts([old]);

    expect(await left()).toContain('alice pilot');
  });

  test('a fact about a group that no mapping names', async () => {
    await live.store().applyFacts([membership('alice', 'unmapped')]);

    expect(await left()).toHaveLength(4);
  });
});

describe('changes made by hand are deleted', () => {
  test('when the link of their member ends', async () => {
    const [row] = await live.query<{ id: string }>(
      `select id from link where discord_user_id = '${ALICE}'`,
    );
    await live.store().links.unlinkMember({ id: row?.id ?? '', cause });

    expect(await left()).toEqual(['bob director', 'bob pilot']);
  });

  test('when a mapping of their role changes', async () => {
    const [row] = await live.query<{ id: string }>(
      `select id from role_mapping where role_id = '${PILOT}'`,
    );
    await live
      .store()
      .mappings.retireMapping({ id: row?.id ?? '', holders: 'TAKE_BACK', dryRun: false, cause });

    expect(await left()).toEqual(['alice director', 'bob director']);
  });

  test('with their client', async () => {
    await live.query('delete from client');

    expect(await left()).toEqual([]);
  });
});
