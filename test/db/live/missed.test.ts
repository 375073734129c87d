import { beforeEach, describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { held, useSweeps } from '../../support/sweep-fixture.js';

const { guildId, accounts, roles } = DEMO;

const world = useSweeps();

beforeEach(async () => {
  await world.settledGuild();
});

const moderator = () => world.rig().discord.moderator;

const beLive = (state: 'LIVE' | 'POLLING') =>
  world.rig().store.live.saveLiveState([world.rig().clientId], {
    state,
    reason: null,
    liveForMs: state === 'LIVE' ? 60_000 : 0,
  });

const missed = async () => {
  const [status] = await world.rig().store.read.liveOfClients([world.rig().clientId]);
  return status?.missed;
};

/** Alice gets a role by hand, and Bob leaves; no event shows either. */
function changeByHand(): void {
  moderator().giveRole(held('alice', roles.recruit));
  moderator().leave({ guildId, discordUserId: accounts.bob });
}

describe('a member list of a live guild', () => {
  test('counts each change that an event should have shown, once', async () => {
    await beLive('LIVE');
    changeByHand();

    await world.sweep('REMOTE_SYNC');
    expect(await missed()).toBe(2);

    moderator().join({ guildId, discordUserId: accounts.bob });
    await world.sweep('REMOTE_SYNC');
    await world.sweep('REMOTE_SYNC');
    expect(await missed()).toBe(3);
  });

  test('counts nothing if nothing changed but names', async () => {
    await beLive('LIVE');
    moderator().setNick({ guildId, discordUserId: accounts.bob, nick: 'Bobby' });

    await world.sweep('REMOTE_SYNC');

    expect(await missed()).toBe(0);
  });

  test('does not count a deleted role, for which Discord sends no event about its holders', async () => {
    await beLive('LIVE');
    moderator().deleteRole({ guildId, roleId: roles.pilot });
    await world.rig().importRoles();

    await world.sweep('REMOTE_SYNC');

    expect(world.rig().rolesOf('alice')).not.toContain(roles.pilot);
    expect(await missed()).toBe(0);
  });

  test.each([
    ['the client is polling', async () => beLive('POLLING')],
    [
      'events are known to be missing',
      async () => {
        await beLive('LIVE');
        await world.query(`update live_guild set gap_at = now() + interval '1 minute'`);
      },
    ],
    [
      'Discord reports an outage of the guild',
      async () => {
        await beLive('LIVE');
        // Runs wait ten minutes for the end of an outage.
        await world.query(
          `update live_guild set unavailable_since = now() - interval '11 minutes'`,
        );
      },
    ],
  ])('counts nothing while %s', async (_, prepare) => {
    await prepare();
    changeByHand();

    await world.sweep('REMOTE_SYNC');

    expect(await missed()).toBe(0);
  });
});
