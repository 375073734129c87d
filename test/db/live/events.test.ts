import { describe, expect, test } from 'vitest';

import { LANES } from '../../../services/model.js';
import { DIRECTOR, FOREIGN, PILOT } from '../../builders/member-facts.js';
import { membership } from '../../builders/store-world.js';
import { ADDED, ALICE, REMOVED, shown, UPDATED, useLive } from '../../support/live-fixture.js';
import { eventually } from '../../support/eventually.js';
import { must } from '../../support/must.js';

const live = useLive();

const nicknames = {
  nicknamePolicy: { strategy: 'TEMPLATE', template: 'P %username', onUnlink: 'KEEP' },
} as const;

async function openRecord(): Promise<void> {
  await live.query(
    `insert into audit_record (id, client_id, discord_user_id, causes, planned_added, planned_removed, guarded_removed, opened_at)
      values (gen_random_uuid(), '${live.clientId()}', '${ALICE}', '[]', '{${PILOT}}', '{}', '{}', now())`,
  );
}

describe('an event about a linked member', () => {
  test('that gives a mapped role is written to the mirror and marks the member at once', async () => {
    await live.known(ALICE);

    expect(await live.apply({ shown: [shown(ALICE, { roleIds: [PILOT, FOREIGN] })] })).toBe(1);

    expect(await live.jobs()).toEqual([
      { discord_user_id: ALICE, lane: LANES.removal, causes: [UPDATED] },
    ]);
    const member = await live.member(ALICE);
    expect(member.role_ids).toEqual([PILOT, FOREIGN]);
    expect(member.live_at).toEqual(member.read_at);
    expect(Date.now() - must(member.read_at).getTime()).toBeLessThan(60_000);
    expect(await live.hands()).toMatchObject([{ role_id: PILOT, is_given: true, reversals: 1 }]);
  });

  test('that takes a mapped role marks the member in the lane of fresh facts', async () => {
    await live.known(ALICE, { roleIds: [PILOT] });

    await live.apply({ shown: [shown(ALICE)] });

    expect(await live.jobs()).toEqual([
      { discord_user_id: ALICE, lane: LANES.fresh, causes: [UPDATED] },
    ]);
    expect(await live.hands()).toMatchObject([{ role_id: PILOT, is_given: false, is_held: false }]);
  });

  test('that changes only foreign roles or display names is written and marks no one', async () => {
    await live.known(ALICE);

    expect(
      await live.apply({
        shown: [
          shown(ALICE, { roleIds: [FOREIGN], displayName: 'Al', nickname: 'A', username: 'al' }),
        ],
      }),
    ).toBe(0);

    expect(await live.jobs()).toEqual([]);
    expect(await live.hands()).toEqual([]);
    expect(await live.member(ALICE)).toMatchObject({ role_ids: [FOREIGN], nickname: 'A' });
  });

  test('that changes a name at a client with nicknames marks the member in the lane of names', async () => {
    await live.known(ALICE);
    await live.update(nicknames);

    await live.apply({ shown: [shown(ALICE, { nickname: 'Queen' })] });

    expect(await live.jobs()).toEqual([
      { discord_user_id: ALICE, lane: LANES.name, causes: [{ ...UPDATED, isAboutName: true }] },
    ]);
  });

  test('that changes a nickname the connector has set is counted as a change by hand', async () => {
    await live.known(ALICE, { nickname: 'P alice' });
    await live.update(nicknames);
    await live.apply({ shown: [shown(ALICE, { nickname: 'Queen' })] });
    expect((await live.member(ALICE)).renamed_by_hand_at).toHaveLength(0);

    await live.known(ALICE, { nickname: 'P alice' });
    await live.query(
      `update member set nickname_set_hash = encode(sha256('P alice'), 'hex'), renamed_by_hand_at = array[now() - interval '2 hours', now() - interval '5 minutes']`,
    );
    await live.apply({ shown: [shown(ALICE, { nickname: 'Queen' })] });

    expect((await live.member(ALICE)).renamed_by_hand_at).toHaveLength(2);
  });

  test.each([
    ['passes screening', { isPending: true }, { isPending: false }],
    ['is timed out', {}, { timedOutUntil: new Date('2030-01-01') }],
    ['is released from a time-out', { timedOutUntil: new Date('2030-01-01') }, {}],
    [
      'has left and rejoined',
      { joinedAt: new Date('2026-01-01') },
      { joinedAt: new Date('2026-02-01') },
    ],
  ])('who %s marks the member', async (_, before, after) => {
    await live.known(ALICE, before);

    await live.apply({ shown: [shown(ALICE, after)] });

    expect(await live.jobs()).toEqual([
      { discord_user_id: ALICE, lane: LANES.fresh, causes: [UPDATED] },
    ]);
  });

  test('who was never read is written and marks the member', async () => {
    await live.apply({ shown: [shown(ALICE, { roleIds: [PILOT] })] });

    expect(await live.jobs()).toEqual([
      { discord_user_id: ALICE, lane: LANES.removal, causes: [ADDED] },
    ]);
    expect(await live.hands()).toEqual([]);
    expect(await live.events()).toEqual([]);
  });

  test('that repeats the mirror changes nothing, however often it comes', async () => {
    await live.known(ALICE, { roleIds: [PILOT] });
    const before = await live.member(ALICE);

    for (let time = 0; time < 3; time += 1)
      expect(await live.apply({ shown: [shown(ALICE, { roleIds: [PILOT] })] })).toBe(0);

    expect(await live.jobs()).toEqual([]);
    expect(await live.hands()).toEqual([]);
    expect(await live.member(ALICE)).toEqual(before);
  });

  test('that comes twice marks once and counts once', async () => {
    await live.known(ALICE);
    const batch = { shown: [shown(ALICE, { roleIds: [PILOT] })] };

    expect(await live.apply(batch)).toBe(1);
    expect(await live.apply(batch)).toBe(0);

    expect((await live.jobs())[0]?.causes).toHaveLength(1);
    expect(await live.hands()).toMatchObject([{ reversals: 1 }]);
  });
});

describe('an event that may be older than the mirror', () => {
  test('is not believed while a write of the connector is not confirmed, and the member is read', async () => {
    await live.known(ALICE);
    await live.writtenAgo('5 seconds');

    expect(await live.apply({ shown: [shown(ALICE, { roleIds: [PILOT] })] })).toBe(1);

    expect(await live.jobs()).toEqual([
      { discord_user_id: ALICE, lane: LANES.fresh, causes: [{ ...UPDATED, looksAnew: true }] },
    ]);
    expect((await live.member(ALICE)).role_ids).toEqual([]);
    expect(await live.hands()).toEqual([]);
  });

  test('is believed once an event has shown what the connector wrote', async () => {
    await live.known(ALICE, { roleIds: [PILOT] });
    await live.writtenAgo('2 seconds');
    expect(await live.apply({ shown: [shown(ALICE, { roleIds: [PILOT] })] })).toBe(0);

    await live.apply({ shown: [shown(ALICE)] });

    expect((await live.member(ALICE)).role_ids).toEqual([]);
    expect((await live.jobs())[0]?.causes).toEqual([UPDATED]);
    expect(await live.hands()).toMatchObject([{ role_id: PILOT, is_given: false }]);
  });

  test("is believed if it changes only a person's own names, and costs no reading", async () => {
    await live.known(ALICE, { roleIds: [PILOT] });
    await live.writtenAgo('1 second');

    expect(
      await live.apply({
        shown: [shown(ALICE, { roleIds: [PILOT], username: 'al', displayName: 'Al' })],
      }),
    ).toBe(0);

    expect(await live.member(ALICE)).toMatchObject({ username: 'al', role_ids: [PILOT] });
    expect(await live.jobs()).toEqual([]);
  });

  test('is believed when the last write is longer ago than events take', async () => {
    await live.known(ALICE);
    await live.writtenAgo('16 seconds');

    await live.apply({ shown: [shown(ALICE, { roleIds: [PILOT] })] });

    expect((await live.member(ALICE)).role_ids).toEqual([PILOT]);
  });

  test('about a departure is not believed either', async () => {
    await live.known(ALICE);
    await live.writtenAgo('1 second');

    await live.apply({ left: [ALICE] });

    expect((await live.member(ALICE)).is_present).toBe(true);
    expect((await live.jobs())[0]?.causes).toEqual([{ ...REMOVED, looksAnew: true }]);
    expect(await live.events()).toEqual([]);
  });

  test.each([
    ['differs', { roleIds: [PILOT] }],
    ['agrees', {}],
  ])(
    'never changes the mirror of a member with an open record, even if it %s, and the member is read',
    async (_, facts) => {
      await live.known(ALICE);
      await openRecord();

      await live.apply({ shown: [shown(ALICE, facts)] });

      expect((await live.member(ALICE)).role_ids).toEqual([]);
      expect((await live.jobs())[0]?.causes).toEqual([{ ...UPDATED, looksAnew: true }]);
    },
  );

  test('renews the time of a mirror that a waiting job will use', async () => {
    await live.known(ALICE);
    await live.store().applyFacts([membership('alice', 'pilots')]);
    const before = await live.member(ALICE);

    expect(await live.apply({ shown: [shown(ALICE)] })).toBe(0);

    expect(must((await live.member(ALICE)).read_at).getTime()).toBeGreaterThan(
      must(before.read_at).getTime(),
    );
  });
});

describe('an event that meets another write of the mirror', () => {
  test('does not overwrite it, and the member is read', async () => {
    await live.known(ALICE);
    await live.query('begin');
    await live.query('update member set read_at = now(), role_ids = $1', [[DIRECTOR]]);

    const applied = live.apply({ shown: [shown(ALICE, { roleIds: [PILOT] })] });
    await untilBlocked();
    await live.query('commit');

    expect(await applied).toBe(1);
    expect((await live.member(ALICE)).role_ids).toEqual([DIRECTOR]);
    expect((await live.jobs())[0]?.causes).toContainEqual({ ...UPDATED, looksAnew: true });
    expect(await live.hands()).toEqual([]);
  });

  test('waits for a run that is being settled, and does not overwrite what it wrote', async () => {
    await live.known(ALICE);
    await live.store().applyFacts([membership('alice', 'pilots')]);
    await live.query('begin');
    await live.query('select from reconcile_job for update');

    const applied = live.apply({ shown: [shown(ALICE, { roleIds: [PILOT] })] });
    await untilBlocked();
    await live.query('update member set read_at = now(), role_ids = $1', [[DIRECTOR]]);
    await live.query('delete from reconcile_job');
    await live.query('commit');

    expect(await applied).toBe(1);
    expect((await live.member(ALICE)).role_ids).toEqual([DIRECTOR]);
    expect((await live.jobs())[0]?.causes).toContainEqual({ ...UPDATED, looksAnew: true });
  });

  test('of the same bot in two batches at once is applied twice without a conflict', async () => {
    await live.known(ALICE);
    const batch = { shown: [shown(ALICE, { roleIds: [PILOT] })] };

    await Promise.all([live.apply(batch), live.apply(batch)]);

    expect((await live.member(ALICE)).role_ids).toEqual([PILOT]);
    expect(await live.hands()).toMatchObject([{ reversals: 1 }]);
  });
});

/** Resolves once a statement waits for the transaction that the test holds open. */
async function untilBlocked(): Promise<void> {
  await eventually(async () => {
    const waiting = await live.query(
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    return waiting.length > 0;
  });
}
