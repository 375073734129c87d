import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, clientInput } from '../../builders/store-world.js';
import { startWire, type Wire } from '../../chaos/wire.js';
import { SECRETS } from '../../support/rig.js';
import { held, useSweeps } from '../../support/sweep-fixture.js';

const { guildId, roles } = DEMO;
const EVENT_HOST = '300000000000000002';
/** Enough for a second page: sweeps request 1,000 members at a time. */
const STRANGERS = 1_100;

const world = useSweeps();
const discord = () => world.rig().discord;
let wire: Wire;

beforeEach(async () => {
  await world.settledGuild();
  const [{ base } = { base: '' }] = await world.query<{ base: string }>(
    `select api_base as base from client`,
  );
  wire = await startWire(base);
  const { store, clientId } = world.rig();
  const endpoints = { ...clientInput().endpoints, apiBase: wire.apiBase };
  await store.clients.updateClient(clientId, { ...SECRETS, endpoints }, cause);
  await world.rig().quiet();
});

afterEach(() => wire.stop());

const members = async () => world.query(`select * from member order by discord_user_id`);

/** Adds enough members for a second page. */
function addStrangers(): void {
  for (let index = 0; index < STRANGERS; index += 1) {
    const discordUserId = String(600000000000000000n + BigInt(index));
    discord().moderator.addUser({ discordUserId, username: `x${index}` });
    discord().moderator.join({ guildId, discordUserId });
  }
}

const rolesOf = () => ({
  alice: world.rig().rolesOf('alice')?.toSorted(),
  bob: world.rig().rolesOf('bob')?.toSorted(),
  carol: world.rig().rolesOf('carol')?.toSorted(),
});

describe('a member list', () => {
  test.each(['repeats', 'backwards', 'skipsHalf', 'empty'] as const)(
    'with the fault %s fails the sweep, which writes to no member',
    async (form) => {
      await world.link('carol', 'dave');
      const before = await members();
      const had = rolesOf();
      wire.listings.plant(form, 10);

      const sweep = await world.sweep('REMOTE_SYNC');

      expect(sweep).toMatchObject({ state: 'FAILED', changed: 0 });
      expect(await members()).toMatchObject(
        before.map(({ discord_user_id, is_present, role_ids }) => {
          return { discord_user_id, is_present, role_ids };
        }),
      );
      expect(rolesOf()).toEqual(had);
      expect(world.rig().writes()).toBe(0);
    },
  );

  test('that repeats its first page fails the sweep instead of looping', async () => {
    addStrangers();
    const before = await members();
    wire.listings.plant('samePage', 10);

    const sweep = await world.sweep('REMOTE_SYNC');

    expect(sweep.state).toBe('FAILED');
    expect(sweep.reason).toContain('not a page of the member list');
    expect(await members()).toEqual(before);
  });

  test('that ends after its first page is not trusted', async () => {
    addStrangers();
    const late = '600000000000000999';
    await world.rig().store.links.linkMember({
      clientId: world.rig().clientId,
      platformUserId: 'late',
      discordUserId: late,
      cause,
    });
    const which = { guildId, discordUserId: late, roleId: roles.recruit };
    discord().moderator.giveRole(which);
    await world.rig().quiet();
    let pages = 0;
    world.tamper((guild) => ({
      async listMembers(page) {
        pages += 1;
        return pages === 1 ? guild.listMembers(page) : [];
      },
    }));

    const sweep = await world.sweep('REMOTE_SYNC');

    expect(sweep.state).toBe('FAILED');
    expect(sweep.reason).toContain(`holders of role Recruit (${roles.recruit})`);
    expect(discord().member(guildId, late)?.roleIds).toContain(roles.recruit);
  });

  test('that lacks one linked member only delays their roles until the next list', async () => {
    // Alice has the lowest id, and so is the first in the list.
    discord().moderator.takeRole(held('alice', roles.pilot));
    discord().moderator.takeRole(held('alice', roles.director));
    wire.listings.plant('skipsOne', 1);

    await world.sweep('REMOTE_SYNC');
    await world.sweep('REMOTE_SYNC');

    expect(rolesOf().alice).toEqual([roles.pilot, roles.director].toSorted());
    expect(await world.presenceOf('alice')).toMatchObject({
      is_present: true,
      state: 'IN_STEP',
    });
  });

  test('with unknown role ids is read as if they were absent', async () => {
    wire.listings.plant('goneRoles', 2);

    const sweep = await world.sweep('REMOTE_SYNC');

    expect(sweep).toMatchObject({ state: 'DONE', drifted: 0 });
    expect(world.rig().writes()).toBe(0);
  });

  test('that shows the roles of other members writes no foreign role to anyone', async () => {
    const had = rolesOf();
    expect(had.carol).toContain(EVENT_HOST);
    wire.listings.plant('othersRoles', 1);

    await world.sweep('REMOTE_SYNC');
    await world.sweep('REMOTE_SYNC');

    expect(rolesOf()).toEqual(had);
  });
});

describe('role holder counts', () => {
  test.each(['zero', 'nothing', 'double'] as const)(
    'that are wrong (%s) change no role',
    async (form) => {
      const had = rolesOf();
      wire.listings.plant(form, 10);

      const sweep = await world.sweep('VERIFY_GROUPS');

      expect(sweep.changed).toBe(0);
      expect(sweep.state).toBe(form === 'double' ? 'FAILED' : 'DONE');
      expect(rolesOf()).toEqual(had);
      expect(world.rig().writes()).toBe(0);
    },
  );

  test('that hide a change do not hide it from a sweep of the whole guild', async () => {
    discord().moderator.takeRole(held('alice', roles.pilot));
    discord().moderator.giveRole(held('carol', roles.pilot));

    await world.sweep('VERIFY_GROUPS');
    expect(rolesOf().alice).not.toContain(roles.pilot);
    await world.sweep('REMOTE_SYNC');

    expect(rolesOf().alice).toContain(roles.pilot);
  });
});

test('members listed with a deleted role are neither drifted nor written to', async () => {
  const { moderator } = discord();
  const gone = moderator.createRole({ guildId, name: 'gone' }).roleId;
  for (const name of ['alice', 'bob'] as const) moderator.giveRole(held(name, gone));
  await world.rig().importRoles();
  moderator.deleteRole({ guildId, roleId: gone });
  wire.listings.plant('goneRoles', 2);

  const first = await world.sweep('REMOTE_SYNC');
  const second = await world.sweep('VERIFY_GROUPS');

  expect(first).toMatchObject({ state: 'DONE', drifted: 0, changed: 0 });
  expect(second).toMatchObject({ state: 'DONE', drifted: 0, changed: 0 });
  expect(world.rig().writes()).toBe(0);
});
