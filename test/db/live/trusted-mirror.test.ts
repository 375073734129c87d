import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, mapGroup, membership, snapshotOf } from '../../builders/store-world.js';
import { goLive } from '../../support/go-live.js';
import { COUNTS, LIST, READ, useSweeps } from '../../support/sweep-fixture.js';

const { guildId, accounts, roles } = DEMO;
const EVENT_HOST = '300000000000000002';
const GRANT = 'PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id} 204';
const REVOKE = 'DELETE /guilds/{guild_id}/members/{user_id}/roles/{role_id} 204';
const EDIT = 'PATCH /guilds/{guild_id}/members/{user_id} 200';

const world = useSweeps();
const byHour = "update member set roles_read_at = roles_read_at - interval '1 hour'";

async function say(...facts: Parameters<typeof membership>[]): Promise<void> {
  const { store, quiet } = world.rig();
  await store.applyFacts(facts.map((fact) => membership(...fact)));
  await quiet();
}

/** Links Alice, who is in no group, and forgets the calls. */
async function linkAlice(): Promise<void> {
  await world.rig().store.applyFacts([snapshotOf('alice', ['staff'])]);
  await world.link('alice');
  await world.query(byHour);
  world.rig().discord.calls.reset();
}

describe('while events arrive', () => {
  test('a new mapping grants its role without reading the member', async () => {
    await linkAlice();
    await goLive(world);
    const { store, clientId, quiet } = world.rig();

    await mapGroup(store.mappings, { clientId, groupId: 'staff', roleId: EVENT_HOST });
    await quiet();

    expect(world.calls()).toEqual({ [GRANT]: 1 });
  });

  test.each([
    ['the session has missed events', { gapAt: 'now()' }],
    ['the session is overdue', { liveUntil: 'now()' }],
    ['the session is being opened', { state: 'CONNECTING' }],
  ])('the member is read if %s', async (_, state) => {
    await linkAlice();
    await goLive(world, state);
    const { store, clientId, quiet } = world.rig();

    await mapGroup(store.mappings, { clientId, groupId: 'staff', roleId: EVENT_HOST });
    await quiet();

    expect(world.calls()).toEqual({ [READ]: 1, [GRANT]: 1 });
  });

  test('an ending link is read, as its removals need proof', async () => {
    await linkAlice();
    await say(['alice', 'pilots']);
    await goLive(world);
    const { store, clientId, quiet } = world.rig();
    const link = await store.read.findLinkByPlatformUser(clientId, 'alice');
    world.rig().discord.calls.reset();

    await store.links.unlinkMember({ id: link?.id ?? '', cause });
    await quiet();

    expect(world.calls()).toEqual({ [READ]: 2, [REVOKE]: 1 });
    expect(world.rig().rolesOf('alice')).not.toContain(roles.pilot);
  });

  test('one reading is enough to write a list, as the live mirror is the second source', async () => {
    await linkAlice();
    await goLive(world);

    await say(['alice', 'pilots'], ['alice', 'directors'], ['alice', 'recruits']);

    expect(world.calls()).toEqual({ [READ]: 1, [EDIT]: 1 });
  });

  test('a role removed by hand under authority DISCORD is requested without reading the member', async () => {
    const { store, clientId, discord, quiet } = world.rig();
    await say(['alice', 'pilots']);
    await world.link('alice');
    await store.clients.updateClient(clientId, { authority: 'DISCORD' }, cause);
    await quiet();
    await goLive(world);
    discord.moderator.takeRole({ guildId, discordUserId: accounts.alice, roleId: roles.pilot });
    await world.query(`update member set role_ids = array_remove(role_ids, '${roles.pilot}')`);
    discord.calls.reset();

    await store.applyFacts([membership('alice', 'directors', 'removed')]);
    await quiet();

    // The guild's roles are read again, and the bot's own member with them.
    expect(world.calls()).toEqual({
      'GET /guilds/{guild_id} 200': 1,
      'GET /guilds/{guild_id}/roles 200': 1,
      [READ]: 1,
    });
    expect(
      await world.query(`select data ->> 'change' as change, data ->> 'groupId' as "groupId" from outbox
        where type = 'discord.membership.requested.v1'`),
    ).toEqual([{ change: 'removed', groupId: 'pilots' }]);
  });

  test('the guild is listed daily instead of hourly, and nobody is read in between', async () => {
    await world.settledGuild();
    await world.link('erin');
    await goLive(world);
    const passRuns = (runs: number) => world.query(`update guild_listing set runs_since = ${runs}`);

    await passRuns(286);
    await world.sweep('VERIFY_GROUPS');
    expect(world.calls()).toEqual({ [COUNTS]: 1 });

    await passRuns(287);
    await world.sweep('VERIFY_GROUPS');
    expect(world.calls()).toMatchObject({ [LIST]: 1 });

    await goLive(world, { state: 'POLLING' });
    await passRuns(11);
    await world.sweep('VERIFY_GROUPS');
    expect(world.calls()).toMatchObject({ [LIST]: 1 });
  });
});
