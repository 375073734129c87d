import { beforeEach, describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, membership, nextOrder, snapshotOf } from '../../builders/store-world.js';
import { useSignIn } from '../../support/sign-in-fixture.js';
import { byName } from '../../support/sign-in-world.js';

const { accounts, guildId, roles } = DEMO;
const MEMBER = '/guilds/{guild_id}/members/{user_id}';
const EVENT_HOST = '300000000000000002';
const guild = useSignIn();

const nameOf = (platformUserId: string, username: string) =>
  ({
    kind: 'userChanged',
    platformUserId,
    username,
    order: nextOrder(),
    cause,
  }) as const;

const writesOf = (calls: readonly string[]) =>
  calls.filter((call) => /^(PUT|PATCH|DELETE) /.test(call));

describe('a person who signs in and is not in the guild', () => {
  /** The call that adds them to the guild must carry roles and nickname. */
  beforeEach(async () => void (await guild.update({ screening: 'IGNORE' })));

  test('joins with the desired roles and the policy’s nickname in one write', async () => {
    const { store } = guild.rig();
    await guild.update({
      nicknamePolicy: {
        strategy: 'TEMPLATE',
        template: '[SA] %username',
        onUnlink: 'RESET',
      },
    });
    await store.applyFacts([
      nameOf('erin', 'Erin Solo'),
      snapshotOf('erin', ['pilots', 'recruits']),
    ]);
    await guild.quiet();

    await guild.signIn('erin');

    expect(writesOf(guild.calls())).toEqual([`PUT ${MEMBER} 201`]);
    expect(guild.rig().discord.member(guildId, accounts.erin)).toMatchObject({
      roleIds: [roles.recruit, roles.pilot],
      nick: '[SA] Erin Solo',
    });
    expect(await guild.linkOf('erin')).toMatchObject({
      state: 'IN_STEP',
      reason: null,
      nickname: '[SA] Erin Solo',
    });
  });

  test('has a record before the call, and the record and the events report the outcome', async () => {
    const { store, at, query } = guild.rig();
    await store.applyFacts([membership('erin', 'pilots')]);
    let open: unknown;
    at('discord.joinMember:before', async () => {
      open = await query('select planned_added from audit_record where closed_at is null');
    });

    await guild.signIn('erin');

    expect(open).toEqual([{ planned_added: [roles.pilot] }]);
    expect(await guild.records()).toMatchObject([
      {
        outcome: 'APPLIED',
        plannedAdded: [roles.pilot],
        added: [roles.pilot],
        removed: [],
        reason: null,
        closedAt: expect.any(Date),
      },
    ]);
    expect(await guild.told()).toMatchObject([
      {
        type: 'discord.user.linked.v1',
        data: { platformUserId: 'erin', discordUserId: accounts.erin },
      },
      {
        type: 'discord.roles.changed.v1',
        data: { platformUserId: 'erin', added: [roles.pilot], removed: [] },
      },
    ]);
  });

  test('joins even if there are no roles to add, and has a record of it', async () => {
    await guild.signIn('erin');

    expect(guild.rolesOf('erin')).toEqual([]);
    expect(await guild.records()).toMatchObject([
      {
        outcome: 'APPLIED',
        plannedAdded: [],
        added: [],
        closedAt: expect.any(Date),
      },
    ]);
    expect((await guild.told()).map(({ type }) => type)).toEqual(['discord.user.linked.v1']);
  });

  test('gets no role of a group whose membership is unknown', async () => {
    await guild.rig().store.applyFacts([membership('erin', 'recruits')]);

    await guild.signIn('erin');

    expect(guild.rolesOf('erin')).toEqual([roles.recruit]);
  });

  test('gets every role except one above the bot, and is parked because of that one', async () => {
    const { store, discord, importRoles } = guild.rig();
    discord.moderator.moveRole({
      guildId,
      roleId: roles.director,
      position: 9,
    });
    await importRoles();
    await store.applyFacts([snapshotOf('erin', ['pilots', 'directors'])]);
    discord.calls.reset();

    await guild.signIn('erin');

    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
    expect(await guild.linkOf('erin')).toMatchObject({
      state: 'PARKED',
      reason: expect.stringContaining(
        `role Director (${roles.director}) is not below the bot. To end it: move the bot's role above it`,
      ),
    });
    expect(writesOf(guild.calls())).toEqual([`PUT ${MEMBER} 201`]);
  });

  test('joins without a role that was just moved above the bot', async () => {
    const { store, discord } = guild.rig();
    await store.applyFacts([snapshotOf('erin', ['pilots', 'directors'])]);
    discord.moderator.moveRole({
      guildId,
      roleId: roles.director,
      position: 9,
    });

    await guild.signIn('erin');

    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
    expect(await guild.linkOf('erin')).toMatchObject({
      state: 'PARKED',
      reason: expect.stringContaining(roles.director),
    });
    await guild.revoked();
    expect(guild.liveTokens('erin')).toEqual([]);
  });

  test('joins without a role that was just deleted at Discord', async () => {
    const { store, discord } = guild.rig();
    await store.applyFacts([snapshotOf('erin', ['pilots', 'directors'])]);
    discord.moderator.deleteRole({ guildId, roleId: roles.director });

    await guild.signIn('erin');

    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
    expect(await guild.linkOf('erin')).toMatchObject({
      state: 'PARKED',
      reason: expect.stringContaining(roles.director),
    });
  });

  test('joins without a nickname if the bot may not set one', async () => {
    const { store, discord } = guild.rig();
    await guild.update({
      nicknamePolicy: {
        strategy: 'TEMPLATE',
        template: '[SA] %username',
        onUnlink: 'RESET',
      },
    });
    await store.applyFacts([nameOf('erin', 'Erin Solo'), membership('erin', 'pilots')]);
    const { roles: all } = discord.guild(guildId);
    const bot = all.find((role) => role.name === 'Connector');
    const mayNickname = 1n << 27n;
    discord.moderator.editRole({
      guildId,
      roleId: bot?.roleId ?? '',
      permissions: String(BigInt(bot?.permissions ?? 0) & ~mayNickname),
    });

    await guild.signIn('erin');

    expect(discord.member(guildId, accounts.erin)).toMatchObject({
      roleIds: [roles.pilot],
      nick: null,
    });
    expect(await guild.linkOf('erin')).toMatchObject({ state: 'IN_STEP' });
  });

  test('joins without roles if the client is in OBSERVE', async () => {
    await guild.update({ authority: 'OBSERVE' });
    await guild.rig().store.applyFacts([membership('erin', 'pilots')]);

    await guild.signIn('erin');

    expect(guild.rolesOf('erin')).toEqual([]);
    expect(await guild.records()).toMatchObject([{ outcome: 'APPLIED', plannedAdded: [] }]);
  });

  test('is shown as in screening if the guild has it, and gets the roles anyway', async () => {
    const { store, discord } = guild.rig();
    discord.moderator.editGuild({ guildId, hasScreening: true });
    await store.applyFacts([membership('erin', 'pilots')]);

    const linkId = await guild.signIn('erin');

    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
    expect(await guild.linkOf('erin')).toMatchObject({ isScreening: true });
    expect(await store.signIn.links.awaitLinked(linkId, 5_000)).toEqual({
      kind: 'IN_GUILD',
      isScreened: true,
    });

    discord.moderator.finishScreening(byName('erin'));
    await guild.reconcile(linkId);

    expect(await guild.linkOf('erin')).toMatchObject({ isScreening: false });
  });
});

describe('a person who signs in and is already in the guild', () => {
  test('gets the missing roles and keeps those added by a moderator, which no record claims', async () => {
    const { store, discord } = guild.rig();
    await store.applyFacts([snapshotOf('carol', ['pilots', 'recruits'])]);
    discord.moderator.giveRole({ ...byName('carol'), roleId: roles.recruit });
    discord.calls.reset();

    await guild.signIn('carol');

    expect(guild.rolesOf('carol')?.toSorted()).toEqual([EVENT_HOST, roles.recruit, roles.pilot]);
    expect(await guild.records()).toMatchObject([
      {
        plannedAdded: [roles.recruit, roles.pilot],
        added: [roles.pilot],
        outcome: 'APPLIED',
        closedAt: expect.any(Date),
      },
    ]);
    expect(guild.calls().filter((call) => call.includes('/guilds/'))).toEqual([
      `PUT ${MEMBER} 204`,
      `GET ${MEMBER} 200`,
      `PUT ${MEMBER}/roles/{role_id} 204`,
    ]);
  });

  test('has roles added by a moderator recorded as ensured if the response to the join is lost', async () => {
    const { store, discord } = guild.rig();
    await store.applyFacts([snapshotOf('carol', ['pilots', 'recruits'])]);
    discord.moderator.giveRole({ ...byName('carol'), roleId: roles.recruit });
    discord.faults.plant({
      effect: { kind: 'drop', moment: 'after' },
      route: MEMBER,
      method: 'PUT',
    });

    await guild.signIn('carol');

    expect(await guild.records()).toMatchObject([
      {
        added: [roles.pilot],
        ensured: { added: [roles.recruit], removed: [] },
      },
    ]);
  });

  test('and has all roles costs one call that changes nothing and one read', async () => {
    await guild.signIn('carol');

    expect(guild.calls().filter((call) => call.includes('/guilds/'))).toEqual([
      `PUT ${MEMBER} 204`,
      `GET ${MEMBER} 200`,
    ]);
    expect(await guild.linkOf('carol')).toMatchObject({ state: 'IN_STEP' });
    expect(guild.rolesOf('carol')).toEqual([EVENT_HOST]);
  });

  test('loses roles they are known not to have', async () => {
    const { store, discord } = guild.rig();
    await store.applyFacts([snapshotOf('dave', ['pilots'])]);
    discord.moderator.giveRole({ ...byName('dave'), roleId: roles.director });

    await guild.signIn('dave');

    expect(guild.rolesOf('dave')).toEqual([roles.pilot]);
    const records = await guild.records();
    expect(records.every(({ closedAt }) => closedAt !== null)).toBe(true);
    expect(records[0]).toMatchObject({
      added: [roles.pilot],
      removed: [roles.director],
    });
  });
});
