import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import {
  aClient,
  aLink,
  aLiveStatus,
  aPlatformGroup,
  CLIENT_ID,
  ownId,
  ROLE_ID,
} from '../../builders/api-views.js';
import { aWorld, faultsOf, startApi, type StartedApi } from './start-api.js';

let api: StartedApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(async () => api.server.stop());
beforeEach(() => {
  Object.assign(api.world, aWorld());
  api.calls.length = 0;
});

describe('a client', () => {
  it('has its settings, roles and mappings', async () => {
    const { body } = await api.ask(
      `query ($id: ID!) { discordClient(id: $id) {
        id name guildId applicationId botUserId callbackUrl inviteUrl enabled authority unknownMembership
        nicknamePolicy { strategy template } removalGuard { minimum percent } linking { email keepTokens }
        screening wholeListWrites endpoints { apiBase authorizeUrl tokenUrl revokeUrl } rolesReadAt endingAt createdAt updatedAt
        roles { id name position color managed isMapped refusal }
        mappings { id groupId roleId authority retiredAt group { id name } role { id name } client { id } }
      } }`,
      { id: CLIENT_ID.toUpperCase() },
    );

    expect(body.data.discordClient).toMatchObject({
      id: CLIENT_ID,
      guildId: '100000000000000001',
      enabled: true,
      linking: { email: 'NONE', keepTokens: false },
      screening: 'WAIT',
      rolesReadAt: '2026-11-22T17:00:00.000Z',
      roles: [
        { id: ROLE_ID, isMapped: true, refusal: null },
        { id: '300000000000000002', isMapped: false, refusal: 'ABOVE_BOT' },
      ],
      mappings: [{ group: { name: 'Pilots' }, role: { name: 'Pilot' } }],
    });
  });

  it('has a bot invite URL with only the permissions the bot needs', async () => {
    const { body } = await api.ask(`{ discordClient(id: "${CLIENT_ID}") { botInviteUrl } }`);

    const url = new URL(body.data.discordClient.botInviteUrl);
    expect(url.origin + url.pathname).toBe('https://discord.com/oauth2/authorize');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: '200000000000000001',
      scope: 'bot',
      permissions: String((1 << 28) + (1 << 27) + (1 << 7) + 1),
      guild_id: '100000000000000001',
      disable_guild_select: 'true',
    });
  });

  it('shows how changes on Discord reach it', async () => {
    api.world.live = aLiveStatus({
      state: 'POLLING',
      reason: 'the Server Members Intent is off',
      gapSince: new Date('2026-11-22T16:00Z'),
      missed: 3,
    });

    const { body } = await api.ask(
      `{ discordClient(id: "${CLIENT_ID}") { liveState { state reason since lastEventAt gapSince missed } } }`,
    );

    expect(body.data.discordClient.liveState).toEqual({
      state: 'POLLING',
      reason: 'the Server Members Intent is off',
      since: '2026-11-22T17:00:00.000Z',
      lastEventAt: '2026-11-22T17:00:00.000Z',
      gapSince: '2026-11-22T16:00:00.000Z',
      missed: 3,
    });
  });

  it.each([
    [{}, ['OK', 'OK', 'OK', 'OK']],
    [{ isEnabled: false }, ['OK', 'WARNING', 'OK', 'OK']],
    [{ endingAt: new Date(0) }, ['OK', 'WARNING', 'OK', 'OK']],
    [{ stoppedAt: new Date(0), trouble: '401' }, ['OK', 'OK', 'FAILED', 'OK']],
    [{ pausedUntil: new Date('2026-11-22T19:00Z') }, ['OK', 'OK', 'WARNING', 'OK']],
    [{ pausedUntil: new Date('2026-11-22T17:00Z') }, ['OK', 'OK', 'OK', 'OK']],
    [{ trouble: 'odd' }, ['OK', 'OK', 'WARNING', 'OK']],
    [{ rolesReadAt: null }, ['OK', 'OK', 'OK', 'WARNING']],
  ])('derives its health from stored data: %j', async (given, results) => {
    api.world.clients = [aClient(given)];

    const { body } = await api.ask(
      '{ discordClients { health { checks { name result message remedy } } } }',
    );

    const { checks } = body.data.discordClients[0].health;
    expect(checks.map((check: { result: string }) => check.result)).toEqual(results);
    expect(api.calls).toEqual([
      'clients.listClients',
      'read.heldPlansOfClients',
      'read.parkedOfClients',
      'read.unlinkedRolesOfClients',
      'read.liveOfClients',
      'read.disputesOfClients',
    ]);
  });
});

describe('a link', () => {
  it('is found with its member by its id or by its platform user', async () => {
    const fields = `{ id discordUserId username displayName nickname state reason screening timedOutUntil
      lastReconciledAt linkedAt client { id } platformUser { id username groups { id } } roles { id name isMapped } }`;
    const { body } = await api.ask(
      `query ($id: ID!, $client: ID!) {
        discordUser(id: $id) ${fields}
        discordUserByPlatformId(clientId: $client, platformUserId: "alice") ${fields}
      }`,
      { id: ownId(0x20), client: CLIENT_ID },
    );

    expect(body.data.discordUser).toEqual({
      id: ownId(0x20),
      discordUserId: '400000000000000001',
      username: 'alice',
      displayName: 'Alice',
      nickname: null,
      state: 'IN_STEP',
      reason: null,
      screening: false,
      timedOutUntil: null,
      lastReconciledAt: '2026-11-22T17:00:00.000Z',
      linkedAt: '2026-11-22T17:00:00.000Z',
      client: { id: CLIENT_ID },
      platformUser: {
        id: 'alice',
        username: 'Alice',
        groups: [{ id: 'pilots' }],
      },
      roles: [{ id: ROLE_ID, name: 'Pilot', isMapped: true }],
    });
    expect(body.data.discordUserByPlatformId).toEqual(body.data.discordUser);
  });

  it('shows who keeps changing a role back, and since when', async () => {
    const fields = '{ dispute { kind role { name } by since } }';
    const shown = () => api.ask(`{ discordUser(id: "${ownId(0x20)}") ${fields} }`);
    const { body: calm } = await shown();
    api.world.disputes[ownId(0x20)] = {
      clientId: CLIENT_ID,
      roleId: ROLE_ID,
      kind: 'REVERSALS',
      by: 'Other bot (200000000000000009)',
      since: new Date('2026-11-22T16:00Z'),
    };

    const { body } = await shown();

    expect(calm.data.discordUser.dispute).toBeNull();
    expect(body.data.discordUser.dispute).toEqual({
      kind: 'REVERSALS',
      role: { name: 'Pilot' },
      by: 'Other bot (200000000000000009)',
      since: '2026-11-22T16:00:00.000Z',
    });
  });

  it('shows only the id of a role that was never read', async () => {
    api.world.links = [aLink({ roleIds: ['18446744073709551615'] })];

    const { body } = await api.ask(
      `{ discordUser(id: "${ownId(0x20)}") { roles { id name refusal isMapped } } }`,
    );

    expect(body.data.discordUser.roles).toEqual([
      {
        id: '18446744073709551615',
        name: null,
        refusal: 'UNKNOWN_ROLE',
        isMapped: false,
      },
    ]);
  });

  it('is searched by the given filters, ignoring those that are null', async () => {
    await api.ask(
      `query ($id: ID!, $filter: DiscordUserFilter) { discordUsers(clientId: $id, filter: $filter, first: 7) { nodes { id } } }`,
      {
        id: CLIENT_ID,
        filter: {
          states: ['HELD', 'PARKED'],
          platformUserIds: ['alice'],
          roleId: ROLE_ID,
          groupId: 'pilots',
          discordUserIds: null,
        },
      },
    );

    expect(api.lastArguments('read.pageLinks')).toEqual([
      CLIENT_ID,
      {
        states: ['HELD', 'PARKED'],
        platformUserIds: ['alice'],
        roleId: ROLE_ID,
        groupId: 'pilots',
      },
      { limit: 7, after: null },
    ]);
  });

  it('has a member plan with roles', async () => {
    const { body } = await api.ask(
      `{ memberPlan(id: "${ownId(0x20)}") { summary observedAt discordUser { id } add { name } remove { id } held { id }
        unknown { id } blocked { refusal role { name } } } }`,
    );

    expect(body.data.memberPlan).toEqual({
      summary: 'one role to give',
      observedAt: '1970-01-01T00:00:00.000Z',
      discordUser: { id: ownId(0x20) },
      add: [{ name: 'Pilot' }],
      remove: [],
      held: [],
      unknown: [],
      blocked: [{ refusal: 'ABOVE_BOT', role: { name: 'Boss' } }],
    });
  });
});

describe('queries for the platform and the audit', () => {
  it('return a platform user with groups and links', async () => {
    const { body } = await api.ask(
      `{ platformUser(id: "alice") { id username hasSnapshot deletedAt attributes { character corporation alliance }
        groups { id name deletedAt } discordUsers { id } } }`,
    );

    expect(body.data.platformUser).toEqual({
      id: 'alice',
      username: 'Alice',
      hasSnapshot: false,
      deletedAt: null,
      attributes: { character: null, corporation: null, alliance: null },
      groups: [{ id: 'pilots', name: 'Pilots', deletedAt: null }],
      discordUsers: [{ id: ownId(0x20) }, { id: ownId(0x21) }],
    });
  });

  it('return audit records with their client, member, causes and roles', async () => {
    const { body } = await api.ask(
      `query ($filter: AuditRecordFilter) { auditRecords(filter: $filter) { nodes { id openedAt closedAt outcome reason
        nickname discordUserId platformUserId client { name } discordUser { id } platformUser { username }
        causes { kind id actor groupId } added { name } removed { name } plannedAdded { id } plannedRemoved { id } } } }`,
      {
        filter: {
          clientId: CLIENT_ID,
          outcomes: ['APPLIED'],
          openedAfter: '2026-11-22T18:00:00+01:00',
        },
      },
    );

    expect(body.data.auditRecords.nodes[1]).toMatchObject({
      id: ownId(0x30),
      client: { name: 'Alliance' },
      discordUser: { id: ownId(0x20) },
      platformUser: { username: 'Alice' },
      causes: [{ kind: 'MUTATION', id: 'request-1', actor: 'ops', groupId: null }],
      added: [{ name: 'Pilot' }],
      removed: [],
    });
    expect(api.lastArguments('read.pageAuditRecords')[0]).toEqual({
      clientId: CLIENT_ID,
      outcomes: ['APPLIED'],
      openedAfter: new Date('2026-11-22T17:00:00Z'),
    });
  });
});

describe('an unknown id', () => {
  it.each([
    `discordClient(id: "${ownId(0x99)}") { id }`,
    `discordUser(id: "${ownId(0x99)}") { id }`,
    `memberPlan(id: "${ownId(0x99)}") { summary }`,
    `discordUserByPlatformId(clientId: "${CLIENT_ID}", platformUserId: "zoe") { id }`,
    'platformUser(id: "zoe") { id }',
  ])('results in null for a single object: %s', async (field) => {
    const { body } = await api.ask(`{ one: ${field} }`);

    expect(body).toEqual({ data: { one: null } });
  });

  it.each([
    `discordUsers(clientId: "${ownId(0x99)}") { nodes { id } }`,
    `roleMappings(clientId: "${ownId(0x99)}") { id }`,
  ])('results in NOT_FOUND for a list: %s', async (field) => {
    const answer = await api.ask(`{ ${field} }`);

    expect(faultsOf(answer)).toEqual([{ code: 'NOT_FOUND', field: 'clientId' }]);
  });
});

describe('pages', () => {
  const groups = Array.from({ length: 5 }, (_, index) =>
    aPlatformGroup({ id: `group ${index} ü` }),
  );

  it('follow each other without a gap', async () => {
    api.world.groups = groups;
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const { body } = await api.ask(
        `query ($after: String) { platformGroups(first: 2, after: $after) {
          edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
        { after },
      );
      const { nodes, edges, pageInfo } = body.data.platformGroups;
      seen.push(...nodes.map((node: { id: string }) => node.id));
      expect(edges[0].cursor).toBe(pageInfo.startCursor);
      expect(pageInfo.hasPreviousPage).toBe(after !== null);
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    } while (after !== null);

    expect(seen).toEqual(groups.map((group) => group.id));
  });

  it('count their total only if it is requested', async () => {
    await api.ask('{ platformGroups { nodes { id } } }');
    const before = [...api.calls];
    const { body } = await api.ask('{ platformGroups(search: "pil") { totalCount } }');

    expect(before).toEqual(['read.pagePlatformGroups']);
    expect(body.data.platformGroups.totalCount).toBe(1);
    expect(api.lastArguments('read.countPlatformGroups')).toEqual(['pil']);
  });

  it.each([
    ['first: 0', 'first'],
    ['first: 201', 'first'],
    ['first: -1', 'first'],
    ['after: ""', 'after'],
    ['after: "%%%"', 'after'],
    ['after: "AA"', 'after'],
    [`after: "${Buffer.from('not-a-uuid').toString('base64url')}"`, 'after'],
  ])('refuse %s', async (args, field) => {
    const answer = await api.ask(
      `{ discordUsers(clientId: "${CLIENT_ID}", ${args}) { nodes { id } } }`,
    );

    expect(faultsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT', field }]);
  });
});

describe('a query for links', () => {
  const everything = `query ($id: ID!) { discordUsers(clientId: $id, first: 200) { totalCount nodes {
      client { name roles { isMapped } mappings { group { name } role { name isMapped } } }
      platformUser { groups { id } discordUsers { roles { name isMapped } client { name } } }
      roles { name isMapped }
    } } }`;

  it('costs as many statements for a hundred rows as for one', async () => {
    const count = async (links: number) => {
      api.world.links = Array.from({ length: links }, (_, index) =>
        aLink({
          id: ownId(0x1000 + index),
          platformUserId: `user-${index}`,
          roleIds: [ROLE_ID, `3${String(index).padStart(17, '0')}`],
        }),
      );
      api.world.users = api.world.links.map((link) => ({
        id: link.platformUserId,
        username: null,
        attributes: {},
        hasSnapshot: false,
        deletedAt: null,
      }));
      api.calls.length = 0;
      const { body } = await api.ask(everything, { id: CLIENT_ID });
      expect(body.errors).toBeUndefined();
      expect(body.data.discordUsers.nodes).toHaveLength(links);
      return api.calls.length;
    };

    expect(await count(100)).toBe(await count(1));
    expect(await count(1)).toBeLessThanOrEqual(12);
  });
});
