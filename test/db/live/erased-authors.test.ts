import { expect, test } from 'vitest';

import { PILOT } from '../../builders/member-facts.js';
import { cause, link, nextOrder } from '../../builders/store-world.js';
import { dumpOf } from '../../support/dump.js';
import { ALICE, BOB, shown, useLive } from '../../support/live-fixture.js';

const live = useLive();

const ALICES_NAME = /Zanzibar/;

/** Alice, under her name on Discord, has given Bob a role; the name has reached every table. */
async function plantAuthor(): Promise<void> {
  await link(live.store(), live.clientId(), 'bob', BOB);
  await live.known(BOB);
  await live.apply({ shown: [shown(BOB, { roleIds: [PILOT] })] });
  const entryId = String(BigInt(Date.now() - 1_420_070_400_000) << 22n);
  await live.live().noteHands(live.clientId(), [
    {
      kind: 'handEntry',
      entryId,
      discordUserId: BOB,
      byDiscordUserId: ALICE,
      added: [PILOT],
      removed: [],
      by: { discordUserId: ALICE, name: 'Zanzibar', isBot: false },
    },
  ]);
  const actor = `Zanzibar (${ALICE})`;
  await live.query(
    `insert into audit_record (id, client_id, discord_user_id, causes, planned_added, planned_removed, guarded_removed, opened_at, closed_at)
      values (gen_random_uuid(), $1, $2, $3, '{}', '{}', '{}', now(), now())`,
    [
      live.clientId(),
      BOB,
      JSON.stringify([
        { kind: 'SWEEP', id: 'x', actor: 'connector' },
        { kind: 'DISCORD', id: entryId, actor },
        { kind: 'DISCORD', id: entryId, actor: 'Moira (200000000000000001)' },
      ]),
    ],
  );
  await live.query(`update member set reason = '${actor} keeps adding role Pilot'`);
  await live.query(
    `insert into removal_decision (client_id, discord_user_id, role_id, verdict, ground, reason)
      values ($1, $2, $3, 'REJECTED', 'LIMIT', $4)`,
    [
      live.clientId(),
      BOB,
      PILOT,
      `no group grants it any more (discord ${entryId} of Zanzibar (${ALICE}))`,
    ],
  );
}

test('a deleted person leaves no name among the authors of changes by hand, only the id', async () => {
  await plantAuthor();
  expect(await dumpOf(live.databaseUrl())).toMatch(ALICES_NAME);

  await live
    .store()
    .applyFacts([{ kind: 'userDeleted', platformUserId: 'alice', order: nextOrder(), cause }]);

  const traces = (await dumpOf(live.databaseUrl())).split('\n');
  expect(traces.filter((line) => ALICES_NAME.test(line))).toEqual([]);
  expect(await live.query('select causes from audit_record')).toMatchObject([
    {
      causes: [
        { kind: 'SWEEP', actor: 'connector' },
        { kind: 'DISCORD', actor: `(deleted) (${ALICE})` },
        { kind: 'DISCORD', actor: 'Moira (200000000000000001)' },
      ],
    },
  ]);
  expect(await live.query('select reason from removal_decision')).toMatchObject([
    { reason: expect.stringContaining(`of (deleted) (${ALICE})`) },
  ]);
});

test('a person who is not deleted keeps the name as an author', async () => {
  await plantAuthor();

  await live
    .store()
    .applyFacts([{ kind: 'userDeleted', platformUserId: 'bob', order: nextOrder(), cause }]);

  expect(JSON.stringify(await live.query('select causes from audit_record'))).toContain(
    `Zanzibar (${ALICE})`,
  );
});
