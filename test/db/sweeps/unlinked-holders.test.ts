import { beforeEach, describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause } from '../../builders/store-world.js';
import { held, useSweeps } from '../../support/sweep-fixture.js';
import { openApiOn, type RealApi } from '../api/api-world.js';

const { guildId, accounts, roles } = DEMO;

const world = useSweeps();

let api: Pick<RealApi, 'ask'>;
beforeEach(async () => {
  api = await openApiOn(world.rig().store);
});

const moderator = () => world.rig().discord.moderator;

/** Two accounts without a link hold the mapped role Pilot; the guild has been listed since. */
async function twoStrangers(): Promise<void> {
  await world.settledGuild();
  moderator().giveRole(held('carol', roles.pilot));
  moderator().giveRole(held('dave', roles.pilot));
  await world.sweep('VERIFY_GROUPS');
}

async function counts(): Promise<unknown> {
  const { roleMappings } = await api.ask(
    `query ($id: ID!) { roleMappings(clientId: $id) { groupId unlinkedHolders } }`,
    { id: world.rig().clientId },
  );
  return roleMappings;
}

const only = (pilots: number) => [
  { groupId: 'pilots', unlinkedHolders: pilots },
  { groupId: 'directors', unlinkedHolders: 0 },
  { groupId: 'recruits', unlinkedHolders: 0 },
];

async function listed(args = '', roleId: string = roles.pilot) {
  const { unlinkedHolders } = await api.ask(
    `query ($id: ID!, $roleId: Snowflake!) { unlinkedHolders(clientId: $id, roleId: $roleId ${args}) {
      totalCount pageInfo { hasNextPage endCursor }
      nodes { discordUserId username displayName nickname bot lastReadAt } } }`,
    { id: world.rig().clientId, roleId },
  );
  return JSON.parse(JSON.stringify(unlinkedHolders));
}

async function healthChecks(): Promise<readonly unknown[]> {
  const { discordClient } = await api.ask(
    `query ($id: ID!) { discordClient(id: $id) { health { checks { name result message remedy } } } }`,
    { id: world.rig().clientId },
  );
  const { health } = JSON.parse(JSON.stringify(discordClient));
  return health.checks.filter(({ name }: { readonly name: string }) => name === 'unlinked holders');
}

async function measured(): Promise<number | undefined> {
  const { clients } = await world.rig().store.readStanding();
  return clients.find(({ clientId }) => clientId === world.rig().clientId)?.unlinkedHolders;
}

describe('unlinked accounts that hold a mapped role', () => {
  test('are counted for each mapping, listed, and shown in health, doctor and metrics', async () => {
    await world.settledGuild();
    expect([await counts(), await healthChecks()]).toEqual([only(0), []]);
    moderator().giveRole(held('carol', roles.pilot));
    moderator().giveRole(held('dave', roles.pilot));
    const nick = { guildId, discordUserId: accounts.dave, nick: 'Davy' };
    moderator().setNick(nick);

    await world.sweep('VERIFY_GROUPS');

    expect(await counts()).toEqual(only(2));
    expect(await measured()).toBe(2);
    const stranger = { bot: false, lastReadAt: expect.any(String) };
    expect(await listed()).toMatchObject({
      totalCount: 2,
      nodes: [
        {
          ...stranger,
          discordUserId: accounts.carol,
          username: 'carol',
          displayName: 'Carol',
          nickname: null,
        },
        { ...stranger, discordUserId: accounts.dave, nickname: 'Davy' },
      ],
    });
    const check = {
      name: 'unlinked holders',
      result: 'WARNING',
      message: `Accounts without a link hold mapped roles (role Pilot (${roles.pilot}): 2). They keep them: the connector changes linked members only.`,
      remedy: `List them with unlinkedHolders(clientId: "${world.rig().clientId}", roleId: "${roles.pilot}"), then link each account, or remove its role on Discord.`,
    };
    expect(await healthChecks()).toEqual([check]);
    const { checkDiscordClient } = await api.ask(
      `mutation ($id: ID!) { checkDiscordClient(input: { id: $id }) { checks { name result message remedy } } }`,
      { id: world.rig().clientId },
    );
    expect(checkDiscordClient).toEqual({
      checks: [expect.objectContaining({ name: 'live' }), check],
    });
  });

  test('keep their roles, including bots', async () => {
    await twoStrangers();
    const bot = { guildId, discordUserId: '400000000000000010' };
    moderator().giveRole({ ...bot, roleId: roles.director });
    const before = world.rig().writes();

    await world.sweep('REMOTE_SYNC');
    await world.sweep('SYNC_ACCOUNTS');

    expect((await listed('', roles.director)).nodes).toMatchObject([
      { username: 'connector', bot: true },
    ]);
    expect(world.rig().writes()).toBe(before);
    expect(world.rig().rolesOf('dave')).toContain(roles.pilot);
  });

  test.each([
    {
      door: 'linkDiscordUser',
      link: async () => world.link('dave'),
    },
    {
      door: 'importDiscordUsers',
      link: async () =>
        world.rig().store.links.importMembers({
          clientId: world.rig().clientId,
          users: [{ platformUserId: 'dave', discordUserId: accounts.dave }],
          dryRun: false,
          cause,
        }),
    },
  ])('are no longer counted once $door links them', async ({ link }) => {
    await twoStrangers();

    await link();

    expect(await counts()).toEqual(only(1));
    expect(await listed()).toMatchObject({
      totalCount: 1,
      nodes: [{ discordUserId: accounts.carol }],
    });
    await world.rig().quiet();
    await world.sweep('REMOTE_SYNC');
    expect(await counts()).toEqual(only(1));
  });

  test('are updated from a later list, and removed if they lost the role or left', async () => {
    await twoStrangers();
    moderator().takeRole(held('carol', roles.pilot));
    const nick = { guildId, discordUserId: accounts.dave, nick: 'Davy' };
    moderator().setNick(nick);

    await world.sweep('REMOTE_SYNC');
    expect((await listed()).nodes).toMatchObject([{ nickname: 'Davy' }]);

    moderator().leave({ guildId, discordUserId: accounts.dave });
    await world.sweep('REMOTE_SYNC');
    expect(await listed()).toMatchObject({ totalCount: 0, nodes: [] });
    expect(await counts()).toEqual(only(0));
  });

  test('do not change after an untrusted list or a dry run', async () => {
    await twoStrangers();

    world.tamper(() => ({ listMembers: async () => Promise.resolve([]) }));
    expect(await world.sweep('REMOTE_SYNC')).toMatchObject({ state: 'FAILED' });
    world.tamper(() => ({}));
    moderator().takeRole(held('carol', roles.pilot));
    await world.sweep('REMOTE_SYNC', { dryRun: true });

    expect(await counts()).toEqual(only(2));
    expect((await listed()).nodes).toHaveLength(2);
  });

  test('are listed in pages, and a cursor is valid only for its role', async () => {
    await twoStrangers();

    const page = await listed(', first: 1');
    const { endCursor } = page.pageInfo;
    expect(page).toMatchObject({
      pageInfo: { hasNextPage: true },
      nodes: [{ discordUserId: accounts.carol }],
    });
    expect(await listed(`, first: 1, after: "${endCursor}"`)).toMatchObject({
      pageInfo: { hasNextPage: false },
      nodes: [{ discordUserId: accounts.dave }],
    });
    await expect(listed(`, after: "${endCursor}"`, roles.director)).rejects.toThrow(
      'not a cursor of this list',
    );
    await expect(listed('', '300000000000000002')).rejects.toThrow(
      'No mapping names role 300000000000000002.',
    );
  });
});
