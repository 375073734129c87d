import { describe, expect, test } from 'vitest';

import { PILOT } from '../../builders/member-facts.js';
import { link, snapshotOf } from '../../builders/store-world.js';
import { ADDED, ALICE, BOB, BOT, shown, UPDATED, useLive } from '../../support/live-fixture.js';

const live = useLive();

describe('a batch', () => {
  const at = (sequence: number) => ({
    shardId: 0,
    shardCount: 1,
    sessionId: 'session',
    resumeUrl: 'wss://resume.example',
    sequence,
  });

  test('saves the position together with its effects', async () => {
    await live.known(ALICE);

    await live.apply({ shown: [shown(ALICE, { roleIds: [PILOT] })] }, { position: at(7) });

    expect(await live.live().readPosition(BOT, 0)).toEqual(at(7));
  });

  test('without events saves only the position', async () => {
    expect(await live.apply({}, { position: at(8) })).toBe(0);

    expect(await live.live().readPosition(BOT, 0)).toEqual(at(8));
  });

  test('of a process that no longer leases the bot changes nothing', async () => {
    await live.known(ALICE);
    const heir = await live.takeOver();
    await heir.live.savePosition(BOT, 0, at(9));

    await expect(
      live.apply({ shown: [shown(ALICE, { roleIds: [PILOT] })] }, { position: at(8) }),
    ).rejects.toThrow('another process now uses the bot');

    expect((await live.member(ALICE)).role_ids).toEqual([]);
    expect(await live.jobs()).toEqual([]);
    expect(await heir.live.readPosition(BOT, 0)).toEqual(at(9));
  });

  test('of a deleted client changes nothing', async () => {
    await live.known(ALICE);
    await live.query('delete from client');

    expect(await live.apply({ shown: [shown(ALICE)], left: [BOB] })).toBe(0);
  });

  test.each(['whole', 'split', 'reversed', 'repeated'] as const)(
    'leads to the same state when it is %s',
    async (way) => {
      await link(live.store(), live.clientId(), 'bob', BOB);
      await live.store().applyFacts([snapshotOf('carol', [])]);
      await link(live.store(), live.clientId(), 'carol', '600000000000000003');
      await live.known(ALICE);
      await live.known(BOB, { roleIds: [PILOT] });
      const batch = {
        shown: [shown(ALICE, { roleIds: [PILOT] }), shown('600000000000000003'), shown('9')],
        left: [BOB],
        bans: [{ discordUserId: BOB, isBanned: true }],
      };
      const nothing = { shown: [], left: [], bans: [] };
      const parts = {
        whole: [batch],
        split: [
          ...batch.shown.map((each) => ({ ...nothing, shown: [each] })),
          { ...nothing, left: batch.left },
          { ...nothing, bans: batch.bans },
        ],
        reversed: [{ ...batch, shown: batch.shown.toReversed() }],
        repeated: [batch, batch],
      }[way];

      for (const part of parts) await live.apply(part);

      expect(
        await live.query(
          'select discord_user_id, is_present, role_ids, left_role_ids, join_refusal, state from member order by 1',
        ),
      ).toMatchObject([
        { discord_user_id: ALICE, role_ids: [PILOT] },
        { discord_user_id: BOB, is_present: false, left_role_ids: [PILOT], join_refusal: 'BANNED' },
        { discord_user_id: '600000000000000003', is_present: true },
      ]);
      expect((await live.jobs()).map((job) => [job.discord_user_id, job.causes])).toEqual([
        [ALICE, [UPDATED]],
        ['600000000000000003', [ADDED]],
      ]);
      expect(await live.hands()).toMatchObject([{ role_id: PILOT, is_given: true, reversals: 1 }]);
      expect((await live.events()).map(({ type, key }) => `${key} ${type}`).toSorted()).toEqual([
        'bob discord.member.banned.v1',
        'bob discord.member.left.v1',
      ]);
    },
  );
});
