import { describe, expect, test } from 'vitest';

import { LANES } from '../../../services/model.js';
import { DIRECTOR, FOREIGN, PILOT } from '../../builders/member-facts.js';
import { ADDED, ALICE, BOB, REMOVED, shown, useLive } from '../../support/live-fixture.js';
import { must } from '../../support/must.js';

const live = useLive();

describe('a member who leaves', () => {
  test('is absent at once, keeps the roles they had as a memory, and needs no run', async () => {
    await live.known(ALICE, { roleIds: [PILOT] });

    expect(await live.apply({ left: [ALICE] })).toBe(0);

    expect(await live.member(ALICE)).toMatchObject({
      is_present: false,
      role_ids: [],
      left_role_ids: [PILOT],
      state: 'ABSENT',
      username: 'alice',
    });
    // One event proves no absence: an ending link is kept until a reading or a list agrees.
    expect(must((await live.member(ALICE)).absent_since).getTime()).toBeGreaterThan(0);
    expect(await live.jobs()).toEqual([]);
    expect(await live.events()).toEqual([{ type: 'discord.member.left.v1', key: 'alice' }]);
    expect(await live.hands()).toEqual([]);
  });

  test('is reconciled if a link is ending', async () => {
    await live.known(ALICE, { roleIds: [PILOT] });
    await live.query("update link set status = 'ENDING', ending_at = now()");

    await live.apply({ left: [ALICE] });

    expect((await live.jobs())[0]).toMatchObject({ lane: LANES.fresh, causes: [REMOVED] });
    expect(await live.events()).toEqual([]);
  });

  test('is announced once, however often the event comes', async () => {
    await live.known(ALICE);

    await live.apply({ left: [ALICE] });
    await live.apply({ left: [ALICE] });

    expect(await live.events()).toHaveLength(1);
  });

  test('and returns is marked and announced, and foreign hands are not blamed for new roles', async () => {
    await live.known(ALICE);
    await live.apply({ left: [ALICE] });

    expect(await live.apply({ shown: [shown(ALICE, { roleIds: [PILOT] })] })).toBe(1);

    expect(await live.jobs()).toEqual([
      { discord_user_id: ALICE, lane: LANES.removal, causes: [ADDED] },
    ]);
    expect(await live.member(ALICE)).toMatchObject({
      is_present: true,
      absent_since: null,
      left_role_ids: [],
    });
    expect(await live.events()).toMatchObject([
      { type: 'discord.member.left.v1' },
      { type: 'discord.member.returned.v1' },
    ]);
    expect(await live.hands()).toEqual([]);
  });

  test('whose link has ended is linked again when they return with a role of that time', async () => {
    await live.query(
      `insert into departed_account (client_id, discord_user_id, link_id, platform_user_id, is_end_asked_for, role_ids, ended_at)
        values ('${live.clientId()}', '${BOB}', gen_random_uuid(), 'bob', false, '{${PILOT}}', now())`,
    );

    expect(await live.apply({ shown: [shown(BOB, { roleIds: [PILOT] })] })).toBe(1);

    expect((await live.jobs()).map((job) => job.discord_user_id)).toEqual([BOB]);
    expect(await live.query("select status from link where platform_user_id = 'bob'")).toEqual([
      { status: 'ENDING' },
    ]);
  });
});

describe('a ban', () => {
  test('is known without a refused join, and ends with the unban', async () => {
    await live.known(ALICE);
    await live.apply({ left: [ALICE], bans: [{ discordUserId: ALICE, isBanned: true }] });
    expect(await live.member(ALICE)).toMatchObject({ is_present: false, join_refusal: 'BANNED' });

    expect(await live.apply({ bans: [{ discordUserId: ALICE, isBanned: false }] })).toBe(0);

    expect((await live.member(ALICE)).join_refusal).toBeNull();
    expect(await live.jobs()).toEqual([]);
  });

  test('of an account that was never read is stored without a reading', async () => {
    await live.query('delete from member');

    await live.apply({ bans: [{ discordUserId: ALICE, isBanned: true }] });

    expect(await live.member(ALICE)).toMatchObject({ join_refusal: 'BANNED', read_at: null });
  });

  test('of an account without a link is not stored', async () => {
    await live.apply({ bans: [{ discordUserId: BOB, isBanned: true }] });

    expect(await live.query(`select from member where discord_user_id = '${BOB}'`)).toEqual([]);
  });

  test('that ends leaves another refusal in place', async () => {
    await live.known(ALICE);
    await live.query("update member set is_present = false, join_refusal = 'GUILD_FULL'");

    await live.apply({ bans: [{ discordUserId: ALICE, isBanned: false }] });

    expect((await live.member(ALICE)).join_refusal).toBe('GUILD_FULL');
  });

  test('that ends marks a person who agreed to be added to the guild', async () => {
    await live.known(ALICE);
    await live.query("update member set is_present = false, join_refusal = 'BANNED'");
    await live.query(
      `insert into discord_grant (id, client_id, discord_user_id, access_token, expires_at, scopes, is_join_wanted)
        values (gen_random_uuid(), '${live.clientId()}', '${ALICE}', 'x', now(), '{}', true)`,
    );

    expect(await live.apply({ bans: [{ discordUserId: ALICE, isBanned: false }] })).toBe(1);

    expect((await live.jobs())[0]?.causes).toEqual([
      { kind: 'DISCORD', id: 'GUILD_BAN_REMOVE', actor: 'Discord' },
    ]);
  });
});

describe('an account without a link', () => {
  const holders = async () =>
    live.query<{ role_id: string; discord_user_id: string }>(
      'select role_id, discord_user_id from unlinked_holder order by 1, 2',
    );
  const counts = async () =>
    (await live.row<{ unlinked_holders: unknown }>('select unlinked_holders from guild_listing'))
      .unlinked_holders;

  test('costs no job and no row of the mirror', async () => {
    const members = await live.query('select * from member');

    expect(await live.apply({ shown: [shown(BOB, { roleIds: [FOREIGN] })], left: ['9'] })).toBe(0);

    expect(await live.jobs()).toEqual([]);
    expect(await live.query('select * from member')).toEqual(members);
    expect(await holders()).toEqual([]);
  });

  test('is an unlinked holder as long as it has a mapped role', async () => {
    await live.query(
      `insert into guild_listing (client_id, unlinked_holders) values ('${live.clientId()}', '{"${PILOT}": 2, "${DIRECTOR}": 0}')`,
    );

    await live.apply({ shown: [shown(BOB, { roleIds: [PILOT, DIRECTOR] })] });
    await live.apply({ shown: [shown(BOB, { roleIds: [PILOT, DIRECTOR] })] });
    expect(await holders()).toHaveLength(2);
    expect(await counts()).toEqual({ [PILOT]: 3, [DIRECTOR]: 1 });

    await live.apply({ shown: [shown(BOB, { roleIds: [DIRECTOR] })] });
    expect(await holders()).toEqual([{ role_id: DIRECTOR, discord_user_id: BOB }]);
    expect(await counts()).toEqual({ [PILOT]: 2, [DIRECTOR]: 1 });

    await live.apply({ left: [BOB] });
    expect(await holders()).toEqual([]);
    expect(await counts()).toEqual({ [PILOT]: 2, [DIRECTOR]: 0 });
  });
});
