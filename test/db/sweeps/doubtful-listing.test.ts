import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { held, READ, useSweeps } from '../../support/sweep-fixture.js';

const { accounts, roles } = DEMO;

const world = useSweeps();

const discord = () => world.rig().discord;

describe('an implausible member list', () => {
  test.each([
    ['empty', async () => Promise.resolve([])],
    ['without roles', null],
  ])('changes nothing when it is %s, and fails the sweep with a reason', async (_what, list) => {
    await world.settledGuild();
    const before = await world.query(`select * from member order by discord_user_id`);
    world.tamper((guild) => ({
      listMembers:
        list ??
        (async (page) =>
          (await guild.listMembers(page)).map((member) => ({
            ...member,
            roleIds: [],
          }))),
    }));

    const sweep = await world.sweep('REMOTE_SYNC');

    expect(sweep.state).toBe('FAILED');
    expect(sweep.reason).toContain('member list');
    expect(await world.query(`select * from member order by discord_user_id`)).toEqual(before);
    expect(world.rig().writes()).toBe(0);
  });

  test('changes nothing when the request for it fails', async () => {
    await world.settledGuild();
    discord().moderator.takeRole(held('alice', roles.pilot));
    const before = await world.query(`select * from member order by discord_user_id`);
    discord().faults.plant({
      effect: { kind: 'status', status: 500 },
      route: '/guilds/{guild_id}/members',
      times: null,
    });

    const sweep = await world.sweep('REMOTE_SYNC');

    expect(sweep.state).toBe('FAILED');
    expect(await world.query(`select * from member order by discord_user_id`)).toEqual(before);
  });

  test('makes the sweep read each missing member individually when it lacks many', async () => {
    await world.link('alice', 'bob', 'carol', 'dave');
    world.tamper((guild) => ({
      listMembers: async (page) =>
        (await guild.listMembers(page)).filter(
          ({ discordUserId }) =>
            discordUserId === accounts.alice || BigInt(discordUserId) > 400000000000000005n,
        ),
    }));

    const sweep = await world.sweep('REMOTE_SYNC');

    expect(sweep).toMatchObject({ state: 'FAILED', changed: 0 });
    expect(sweep.reason).toContain('lacks 3 of 4');
    expect(world.calls()[READ]).toBe(3);
    for (const name of ['alice', 'bob', 'carol', 'dave'] as const)
      expect(await world.presenceOf(name)).toMatchObject({ is_present: true });
  });
});
