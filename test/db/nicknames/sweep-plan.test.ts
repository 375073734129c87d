import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { LIST } from '../../support/sweep-fixture.js';
import { FLEET_COMMAND, OWNER, useNicknames } from '../../support/nickname-fixture.js';

const { guildId, accounts } = DEMO;

const names = useNicknames();

/** Alice is Jane at the platform; Bob has no known character. The client sets no nicknames yet. */
async function twoLinked() {
  await names.person('alice', { character: 'Jane Doe', corporation: 'ACME' });
  await names.person('bob', {});
  await names.link('alice', accounts.alice);
  await names.link('bob', accounts.bob);
}

describe('a dry run of the nickname sweep', () => {
  test('shows which members would be renamed, to what and why, and changes nothing', async () => {
    await twoLinked();
    await names.policy('TEMPLATE', '[%corporation] %character');

    const sweep = await names.sweep({ dryRun: true });

    expect(sweep).toMatchObject({
      state: 'DONE',
      checked: 2,
      drifted: 1,
      changed: 0,
      failed: 0,
    });
    expect(sweep.plan).toMatchObject({
      additions: 0,
      removals: 0,
      members: [
        {
          discordUserId: accounts.alice,
          platformUserId: 'alice',
          nickname: '[ACME] Jane Doe',
          reason: 'has a different nickname',
        },
      ],
    });
    expect(names.rig().writes()).toBe(0);
    expect(names.nickOf('alice')).toBeNull();
  });

  test('compares current nicknames, not those of the mirror', async () => {
    await twoLinked();
    await names.policy('EVE_ONLINE');
    names.rename('alice', 'Jane Doe');

    expect((await names.sweep({ dryRun: true })).drifted).toBe(0);
    names.rename('alice', 'Jane D.');
    expect((await names.sweep({ dryRun: true })).drifted).toBe(1);
    expect(
      await names.world.query(`select nickname from member where nickname is not null`),
    ).toEqual([]);
  });

  test('uses the requested strategy instead of the policy', async () => {
    await twoLinked();

    const enforced = await names.sweep({
      dryRun: true,
      enforceStrategy: 'EVE_ONLINE',
    });
    const own = await names.sweep({ dryRun: true });

    expect(enforced.plan?.members[0]?.nickname).toBe('Jane Doe');
    expect(own).toMatchObject({ drifted: 0, plan: null });
    expect(own.reason).toContain('NONE');
  });

  test('has a plan hash that depends on the nicknames', async () => {
    await twoLinked();
    await names.policy('EVE_ONLINE');

    const [first, second] = [
      await names.sweep({ dryRun: true }),
      await names.sweep({ dryRun: true }),
    ];
    await names.policy('TEMPLATE', '%character of %corporation');
    const third = await names.sweep({ dryRun: true });

    expect(first.plan?.hash).toBe(second.plan?.hash);
    expect(third.plan?.hash).not.toBe(first.plan?.hash);
  });

  test('shows the owner and members above the bot as skipped', async () => {
    await twoLinked();
    await names.person('boss', { character: 'The Boss' });
    await names.link('boss', OWNER);
    await names.policy('EVE_ONLINE');
    names.discord().moderator.giveRole({
      guildId,
      discordUserId: accounts.alice,
      roleId: FLEET_COMMAND,
    });

    const { plan, drifted } = await names.sweep({ dryRun: true });

    expect(drifted).toBe(2);
    const told = new Map(plan?.members.map((each) => [each.discordUserId, each]));
    expect(told.get(OWNER)).toMatchObject({
      nickname: null,
      reason: expect.stringContaining('owner'),
    });
    expect(told.get(accounts.alice)).toMatchObject({
      nickname: null,
      reason: expect.stringContaining('not below the bot'),
    });
  });

  test('uses the mirror if the bot may not list the members, and reports that', async () => {
    await twoLinked();
    await names.policy('EVE_ONLINE');
    names.discord().moderator.setGuildMembersIntent({
      applicationId: DEMO.applicationId,
      guildMembersIntent: false,
    });

    const sweep = await names.sweep({ dryRun: true });

    expect(sweep).toMatchObject({ state: 'DONE', checked: 2, drifted: 1 });
    expect(sweep.reason).toContain('SERVER MEMBERS INTENT');
  });

  test('covers every page of the linked members', async () => {
    await names.policy('EVE_ONLINE');
    await names.world.query(`
      insert into platform_user (id, attributes)
      select 'p' || n, '{"character": "Pilot"}' from generate_series(1, 2500) n`);
    await names.world.query(`
      insert into link (id, client_id, platform_user_id, discord_user_id, status, linked_at)
      select gen_random_uuid(), c.id, 'p' || n, (500000000000000000 + n)::text, 'ACTIVE', now()
      from generate_series(1, 2500) n, client c`);
    await names.world.query(`
      insert into member (client_id, discord_user_id, read_at, state)
      select client_id, discord_user_id, now(), 'IN_STEP' from link`);
    const shown = Array.from({ length: 2_500 }, (_, index) => ({
      discordUserId: String(500000000000000001n + BigInt(index)),
      roleIds: [],
      username: 'somebody',
      displayName: null,
      nickname: index % 2 === 0 ? 'Pilot' : null,
      isPending: false,
      timedOutUntil: null,
    }));
    names.world.tamper(() => ({
      listMembers: async ({ after, limit }) =>
        Promise.resolve(
          shown.filter(({ discordUserId }) => discordUserId > (after ?? '')).slice(0, limit),
        ),
    }));

    const sweep = await names.sweep({ dryRun: true });

    expect(sweep).toMatchObject({ checked: 2_500, drifted: 1_250 });
    expect(sweep.plan?.members).toHaveLength(100);
    expect(names.world.calls()[LIST]).toBeUndefined();
  });
});
