import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { presentMember } from '../../builders/member-facts.js';
import { COUNTS, held, LIST, useSweeps } from '../../support/sweep-fixture.js';

const { guildId, accounts, roles } = DEMO;

const world = useSweeps();

const discord = () => world.rig().discord;

function stranger(discordUserId: string) {
  return { discordUserId, ...presentMember() };
}

async function eventTypes(): Promise<readonly string[]> {
  const rows = await world.query<{ type: string }>(
    `select type from outbox where type like 'discord.member.%' order by position`,
  );
  return rows.map((row) => row.type);
}

describe('a listing of the whole guild', () => {
  test('records members who left or returned, without a call for each', async () => {
    await world.settledGuild();
    discord().moderator.leave({ guildId, discordUserId: accounts.bob });

    await world.sweep('REMOTE_SYNC');
    expect(world.calls()).toEqual({ [LIST]: 1, [COUNTS]: 1 });
    expect(await world.presenceOf('bob')).toEqual({
      is_present: false,
      state: 'ABSENT',
    });

    discord().moderator.join({ guildId, discordUserId: accounts.bob });
    await world.sweep('REMOTE_SYNC');
    expect(await world.presenceOf('bob')).toEqual({
      is_present: true,
      state: 'IN_STEP',
    });
    expect(await eventTypes()).toEqual(['discord.member.left.v1', 'discord.member.returned.v1']);
  });

  test('updates names without a call for each member', async () => {
    await world.settledGuild();
    discord().moderator.setNick({
      guildId,
      discordUserId: accounts.bob,
      nick: 'Bobby',
    });

    const sweep = await world.sweep('SYNC_ACCOUNTS');

    expect(world.calls()).toEqual({ [LIST]: 1, [COUNTS]: 1 });
    expect(sweep).toMatchObject({
      state: 'DONE',
      checked: 2,
      drifted: 1,
      changed: 1,
    });
    expect(await world.query(`select nickname from member where nickname is not null`)).toEqual([
      { nickname: 'Bobby' },
    ]);
  });

  test('does not change a mirror that is newer than the list or has an open record', async () => {
    await world.settledGuild();
    discord().moderator.takeRole(held('alice', roles.pilot));
    world.tamper((guild) => ({
      async listMembers(page) {
        const members = await guild.listMembers(page);
        await world.query(`update member set read_at = clock_timestamp()`);
        return members;
      },
    }));
    expect((await world.sweep('REMOTE_SYNC')).drifted).toBe(0);

    world.tamper(() => ({}));
    await world.query(`
      insert into audit_record (id, client_id, discord_user_id, causes, planned_added, planned_removed, guarded_removed, opened_at)
      select gen_random_uuid(), client_id, discord_user_id, '[]', '{}', '{}', '{}', now() from member`);
    expect((await world.sweep('REMOTE_SYNC')).drifted).toBe(0);

    await world.query(`delete from audit_record where closed_at is null`);
    expect((await world.sweep('REMOTE_SYNC')).drifted).toBe(1);
  });

  test('goes through every page', async () => {
    await world.settledGuild();
    discord().moderator.takeRole(held('alice', roles.pilot));
    const asked: (string | null)[] = [];
    const others = Array.from({ length: 2_500 }, (_, index) =>
      String(300000000000000001n + BigInt(index)),
    );
    world.tamper((guild) => ({
      async listMembers({ after, limit }) {
        asked.push(after);
        const known = await guild.listMembers({ after: null, limit });
        return [...others.map(stranger), ...known]
          .filter(({ discordUserId }) => discordUserId > (after ?? ''))
          .slice(0, limit);
      },
    }));

    const sweep = await world.sweep('REMOTE_SYNC');

    expect(asked).toEqual([null, others[999], others[1_999]]);
    expect(sweep).toMatchObject({ state: 'DONE', checked: 2, changed: 1 });
  });

  test('shows the plan in a dry run, and writes neither mirror nor mark', async () => {
    await world.settledGuild();
    discord().moderator.takeRole(held('alice', roles.pilot));
    discord().moderator.leave({ guildId, discordUserId: accounts.bob });
    const before = await world.query(`select * from member order by discord_user_id`);

    const sweep = await world.sweep('REMOTE_SYNC', { dryRun: true });

    expect(sweep).toMatchObject({ state: 'DONE', isDryRun: true, drifted: 1 });
    expect(sweep.plan).toMatchObject({
      additions: 1,
      removals: 0,
      members: [
        {
          discordUserId: accounts.alice,
          platformUserId: 'alice',
          add: [roles.pilot],
        },
      ],
    });
    expect(await world.query(`select * from member order by discord_user_id`)).toEqual(before);
    expect(world.rig().writes()).toBe(0);
    const again = await world.sweep('REMOTE_SYNC', { dryRun: true });
    expect(again.plan?.hash).toBe(sweep.plan?.hash);
  });

  test('that the bot may not request is replaced by single reads, and reported', async () => {
    await world.settledGuild();
    const { applicationId } = DEMO;
    discord().moderator.setGuildMembersIntent({
      applicationId,
      guildMembersIntent: false,
    });
    discord().moderator.takeRole(held('alice', roles.pilot));

    const sweep = await world.sweep('REMOTE_SYNC');

    expect(sweep).toMatchObject({ state: 'DONE', checked: 2 });
    expect(sweep.reason).toContain('SERVER MEMBERS INTENT');
    expect(world.rig().rolesOf('alice')).toContain(roles.pilot);
    // The repairs changed the counts.
    await world.sweep('VERIFY_GROUPS');
    await world.sweep('VERIFY_GROUPS');
    expect(world.calls()).toEqual({ [COUNTS]: 1 });
  });
});
