import { describe, expect, test } from 'vitest';

import { ALICE, BOB, useLive } from '../../support/live-fixture.js';

const live = useLive();

const ban = (discordUserId: string, isBanned = true) =>
  live.apply({ bans: [{ discordUserId, isBanned }] });

const link = async () => {
  const found = await live.store().read.findLinkByPlatformUser(live.clientId(), 'alice');
  return { isBanned: found?.isBanned };
};

describe('a ban of a linked account', () => {
  test('is shown without a refused attempt to join, until it is lifted', async () => {
    expect(await link()).toEqual({ isBanned: false });

    await ban(ALICE);
    expect(await link()).toEqual({ isBanned: true });

    await ban(ALICE, false);
    expect(await link()).toEqual({ isBanned: false });
  });

  test('is published once, even if its event comes twice, and again after it was lifted', async () => {
    await live.known(ALICE);

    await ban(ALICE);
    await ban(ALICE);
    await live.apply({ left: [ALICE] });

    const banned = { type: 'discord.member.banned.v1', key: 'alice' };
    const left = { type: 'discord.member.left.v1', key: 'alice' };
    expect(await live.events()).toEqual([banned, left]);

    await ban(ALICE, false);
    await ban(ALICE);
    expect(await live.events()).toEqual([banned, left, banned]);
  });

  test('keeps showing after the account has left', async () => {
    await live.known(ALICE);

    await live.apply({ left: [ALICE], bans: [{ discordUserId: ALICE, isBanned: true }] });

    expect(await link()).toEqual({ isBanned: true });
    expect(await live.member(ALICE)).toMatchObject({ is_present: false, state: 'ABSENT' });
  });
});

test('a ban of an account without a link is neither stored nor published', async () => {
  await ban(BOB);

  expect(await live.events()).toEqual([]);
  expect(await live.query('select from member where discord_user_id = $1', [BOB])).toEqual([]);
});
