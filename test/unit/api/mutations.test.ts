import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { CLIENT_ID, ownId, ROLE_ID } from '../../builders/api-views.js';
import { aWorld, faultsOf, startApi, type StartedApi } from './start-api.js';

let api: StartedApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(async () => api.server.stop());
beforeEach(() => {
  Object.assign(api.world, aWorld());
  api.world.answer = 'DONE';
  api.calls.length = 0;
});

const cause = {
  kind: 'MUTATION',
  id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  actor: 'admin',
};

describe('createDiscordClient', () => {
  const create = (more: Record<string, unknown> = {}) =>
    api.ask(
      `mutation ($input: CreateDiscordClientInput!) { createDiscordClient(input: $input) { warnings client { id name endpoints { apiBase } } } }`,
      {
        input: {
          name: 'New',
          guildId: '100000000000000003',
          applicationId: '200000000000000003',
          clientSecret: 'the-secret',
          botToken: 'the-token',
          ...more,
        },
      },
    );

  it('fills in omitted settings', async () => {
    const { body } = await create();

    expect(body.data.createDiscordClient).toMatchObject({
      client: { name: 'New' },
      warnings: ['The roles are not imported yet: run importDiscordRoles.'],
    });
    expect(api.lastArguments('clients.createClient')).toEqual([
      {
        name: 'New',
        guildId: '100000000000000003',
        applicationId: '200000000000000003',
        clientSecret: 'the-secret',
        botToken: 'the-token',
        callbackUrl: null,
        inviteUrl: null,
        isEnabled: true,
        authority: 'PLATFORM',
        unknownMembership: 'KEEP',
        nicknamePolicy: {
          strategy: 'NONE',
          template: null,
          onUnlink: 'RESET',
        },
        removalGuard: { minimum: 10, percent: 20 },
        linking: { email: 'NONE', keepsTokens: false },
        screening: 'WAIT',
        isLive: true,
        handRemovals: 'RESTORE',
        wholeListWrites: true,
        auditRetentionDays: null,
        endpoints: expect.objectContaining({
          apiBase: 'https://discord.com/api/v10',
        }),
      },
    ]);
  });

  it('accepts every setting', async () => {
    await create({
      callbackUrl: 'https://c.example.org/discord/sso/callback',
      inviteUrl: 'https://discord.gg/alliance',
      enabled: false,
      authority: 'OBSERVE',
      unknownMembership: 'REMOVE',
      nicknamePolicy: {
        strategy: 'TEMPLATE',
        template: '[%corporation] %character',
      },
      removalGuard: { minimum: 0, percent: 12.5 },
      linking: { email: 'WARN', keepTokens: true },
      screening: 'IGNORE',
      wholeListWrites: false,
      auditRetentionDays: 30,
      endpoints: { apiBase: 'http://127.0.0.1:4001/api/v10/' },
    });

    expect(api.lastArguments('clients.createClient')[0]).toMatchObject({
      callbackUrl: 'https://c.example.org/discord/sso/callback',
      isEnabled: false,
      authority: 'OBSERVE',
      unknownMembership: 'REMOVE',
      nicknamePolicy: {
        strategy: 'TEMPLATE',
        template: '[%corporation] %character',
      },
      removalGuard: { minimum: 0, percent: 12.5 },
      linking: { email: 'WARN', keepsTokens: true },
      screening: 'IGNORE',
      wholeListWrites: false,
      auditRetentionDays: 30,
      endpoints: {
        apiBase: 'http://127.0.0.1:4001/api/v10',
        tokenUrl: 'https://discord.com/api/oauth2/token',
      },
    });
  });

  it.each([
    [{ name: '' }, 'input.name'],
    [{ auditRetentionDays: 0 }, 'input.auditRetentionDays'],
    [{ auditRetentionDays: 36_501 }, 'input.auditRetentionDays'],
    [{ name: 'x'.repeat(101) }, 'input.name'],
    [{ botToken: ' ' }, 'input.botToken'],
    [{ clientSecret: 'a\nb' }, 'input.clientSecret'],
    [{ callbackUrl: 'javascript:alert(1)' }, 'input.callbackUrl'],
    [{ callbackUrl: '' }, 'input.callbackUrl'],
    [{ callbackUrl: 'http://c.example.org/callback' }, 'input.callbackUrl'],
    [{ callbackUrl: 'https://a@c.example.org/' }, 'input.callbackUrl'],
    [{ callbackUrl: 'https://c.example.org/#x' }, 'input.callbackUrl'],
    [{ inviteUrl: 'nonsense' }, 'input.inviteUrl'],
    [{ inviteUrl: 'http://discord.gg/x' }, 'input.inviteUrl'],
    [{ inviteUrl: 'https://evil.example/invite/x' }, 'input.inviteUrl'],
    [{ inviteUrl: 'https://a:b@discord.gg/x' }, 'input.inviteUrl'],
    [{ inviteUrl: 'https://discord.gg/xx#y' }, 'input.inviteUrl'],
    [{ nicknamePolicy: { strategy: 'TEMPLATE' } }, 'input.nicknamePolicy.template'],
    [{ removalGuard: { minimum: -1, percent: 1 } }, 'input.removalGuard.minimum'],
    [{ removalGuard: { minimum: 1, percent: 101 } }, 'input.removalGuard.percent'],
    [{ endpoints: { tokenUrl: 'https://evil.example' } }, 'input.endpoints.tokenUrl'],
    [{ endpoints: { apiBase: 'ftp://discord.com' } }, 'input.endpoints.apiBase'],
    [{ guildId: '1'.repeat(30) }, 'input.guildId'],
    [{ guildId: '99999999999999999999' }, 'input.guildId'],
    [{ guildId: 123456789012345 }, 'input.guildId'],
    [{ guildId: '12' }, 'input.guildId'],
    [{ authority: 'SOMEBODY' }, 'input.authority'],
  ])('refuses %j', async (more, field) => {
    const answer = await create(more);

    expect(faultsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT', field }]);
    expect(api.calls).toEqual([]);
  });

  it('never repeats a secret in an error', async () => {
    const answer = await create({ guildId: null, botToken: ['the-token', {}] });

    expect(faultsOf(answer).length).toBeGreaterThan(0);
    expect(JSON.stringify(answer.body)).not.toContain('the-secret');
  });
});

describe('updateDiscordClient', () => {
  const update = (input: Record<string, unknown>) =>
    api.ask(
      `mutation ($input: UpdateDiscordClientInput!) { updateDiscordClient(input: $input) { client { name callbackUrl } } }`,
      { input: { id: CLIENT_ID, ...input } },
    );
  const patch = () => api.lastArguments('clients.updateClient')[1];

  it('changes the given settings, and clears nullable ones', async () => {
    const { body } = await update({
      name: 'Renamed',
      callbackUrl: null,
      enabled: null,
    });

    expect(body.data.updateDiscordClient.client.name).toBe('Renamed');
    expect(patch()).toEqual({ name: 'Renamed', callbackUrl: null });
  });

  it.each([
    [{ callbackUrl: 'http://c.example.org/callback' }, 'input.callbackUrl'],
    [{ inviteUrl: 'https://evil.example/invite/xx' }, 'input.inviteUrl'],
  ])('refuses %j, as createDiscordClient does', async (input, field) => {
    expect(faultsOf(await update(input))).toEqual([{ code: 'BAD_USER_INPUT', field }]);
  });

  it('changes endpoints only together with both secrets', async () => {
    const endpoints = { apiBase: 'https://proxy.example/api/v10' };

    const bare = await update({ endpoints });
    const half = await update({ endpoints, botToken: 't' });
    const before = [...api.calls];
    const whole = await update({ endpoints, botToken: 't', clientSecret: 's' });

    const fault = { code: 'BAD_USER_INPUT', field: 'input.endpoints' };
    expect([faultsOf(bare), faultsOf(half)]).toEqual([[fault], [fault]]);
    expect(before).not.toContain('clients.updateClient');
    expect(whole.body.errors).toBeUndefined();
    expect(patch()).toMatchObject({
      botToken: 't',
      clientSecret: 's',
      endpoints: {
        apiBase: 'https://proxy.example/api/v10',
        revokeUrl: 'https://discord.com/api/oauth2/token/revoke',
      },
    });
  });

  it('accepts endpoints that equal the present ones', async () => {
    await update({ endpoints: { apiBase: 'https://discord.com/api/v10' } });

    expect(patch()).toEqual({});
  });

  it('returns NOT_FOUND for an unknown client', async () => {
    const answer = await update({ id: ownId(0x99) });

    expect(faultsOf(answer)).toEqual([{ code: 'NOT_FOUND', field: 'input.id' }]);
  });
});

describe('mutations of clients and mappings', () => {
  it.each([
    [true, CLIENT_ID],
    [false, undefined],
  ])('delete a client, and return the effect (dry run: %s)', async (dryRun, left) => {
    const { body } = await api.ask(
      `mutation ($dryRun: Boolean) { deleteDiscordClient(input: { id: "${CLIENT_ID}", holders: TAKE_BACK, dryRun: $dryRun }) {
        id client { id } effect { additions removals calls seconds members { discordUserId platformUserId add { name } remove { id } reason } } warnings } }`,
      { dryRun },
    );

    expect(body.data.deleteDiscordClient.effect).toEqual({
      additions: 2,
      removals: 1,
      calls: 3,
      seconds: 2,
      members: [
        {
          discordUserId: '600000000000000001',
          platformUserId: 'alice',
          add: [{ name: 'Pilot' }],
          remove: [],
          reason: 'in group pilots',
        },
      ],
    });
    expect(body.data.deleteDiscordClient.client?.id).toBe(left);
    expect(api.lastArguments('clients.deleteClient')).toEqual([
      { id: CLIENT_ID, holders: 'TAKE_BACK', dryRun, cause },
    ]);
  });

  it('check a client and import its roles', async () => {
    const { body } = await api.ask(
      `mutation ($id: ID!) {
        checkDiscordClient(input: { id: $id }) { client { id } checks { name result message remedy } warnings }
        importDiscordRoles(input: { id: $id }) { client { id } roles { name } warnings }
      }`,
      { id: CLIENT_ID },
    );

    expect(body.data).toEqual({
      checkDiscordClient: {
        client: { id: CLIENT_ID },
        checks: [
          { name: 'token', result: 'OK', message: 'Known.', remedy: null },
          {
            name: 'live',
            result: 'OK',
            message: expect.stringContaining('Live since'),
            remedy: null,
          },
        ],
        warnings: [],
      },
      importDiscordRoles: {
        client: { id: CLIENT_ID },
        roles: [{ name: 'Pilot' }, { name: 'Boss' }],
        warnings: [],
      },
    });
  });

  it('map a role, and warn if the bot cannot assign it', async () => {
    const { body } = await api.ask(
      `mutation { createRoleMapping(input: { clientId: "${CLIENT_ID}", groupId: "recruits", roleId: "300000000000000002", authority: OBSERVE }) {
        mapping { groupId role { name } authority } effect { additions } warnings } }`,
    );

    expect(body.data.createRoleMapping).toEqual({
      mapping: {
        groupId: 'recruits',
        role: { name: 'Boss' },
        authority: 'OBSERVE',
      },
      effect: { additions: 2 },
      warnings: ['The bot cannot add or remove this role at the moment: ABOVE_BOT.'],
    });
    expect(api.lastArguments('mappings.createMapping')).toMatchObject([
      { authority: 'OBSERVE', dryRun: false, cause },
    ]);
  });

  it('map nothing in a dry run or for an unknown group', async () => {
    const map = (groupId: string) =>
      api.ask(
        `mutation { createRoleMapping(input: { clientId: "${CLIENT_ID}", groupId: "${groupId}", roleId: "${ROLE_ID}", dryRun: true }) { mapping { id } } }`,
      );

    expect((await map('pilots')).body.data.createRoleMapping.mapping).toBeNull();
    expect(faultsOf(await map('nobody'))).toEqual([{ code: 'NOT_FOUND', field: 'input.groupId' }]);
  });

  it('change and retire a mapping', async () => {
    const { body } = await api.ask(
      `mutation ($id: ID!) {
        updateRoleMapping(input: { id: $id, authority: DISCORD }) { mapping { authority } warnings }
        retireRoleMapping(input: { id: $id, holders: LEAVE }) { mapping { retiredAt } effect { removals } warnings }
      }`,
      { id: ownId(0x10) },
    );

    expect(body.data).toMatchObject({
      updateRoleMapping: { mapping: { authority: 'DISCORD' } },
      retireRoleMapping: {
        mapping: { retiredAt: '1970-01-01T00:00:00.000Z' },
        warnings: [],
      },
    });
    expect(api.lastArguments('mappings.retireMapping')).toEqual([
      { id: ownId(0x10), holders: 'LEAVE', dryRun: false, cause },
    ]);
  });
});

describe('mutations of links', () => {
  it('link a person', async () => {
    const { body } = await api.ask(
      `mutation { linkDiscordUser(input: { clientId: "${CLIENT_ID}", platformUserId: "bob", discordUserId: "400000000000000002" }) {
        discordUser { discordUserId platformUser { id } } warnings } }`,
    );

    expect(body.data.linkDiscordUser).toEqual({
      discordUser: {
        discordUserId: '400000000000000002',
        platformUser: { id: 'bob' },
      },
      warnings: ['the link to another account ends'],
    });
    expect(api.lastArguments('links.linkMember')).toMatchObject([{ cause }]);
  });

  it('end a link, and return it as ending', async () => {
    const { body } = await api.ask(
      `mutation { unlinkDiscordUser(input: { id: "${ownId(0x20)}" }) { id discordUser { state } warnings } }`,
    );

    expect(body.data.unlinkDiscordUser).toEqual({
      id: ownId(0x20),
      discordUser: { state: 'ENDING' },
      warnings: [],
    });
  });

  it.each([
    ['DONE', 'IN_STEP'],
    ['PENDING', 'PENDING'],
  ] as const)('reconcile a link, and return its state: %s', async (answer, state) => {
    api.world.answer = answer;

    const { body } = await api.ask(
      `mutation { reconcileDiscordUser(input: { id: "${ownId(0x20)}" }) { state discordUser { id } } }`,
    );

    expect(body.data.reconcileDiscordUser).toEqual({
      state,
      discordUser: { id: ownId(0x20) },
    });
    expect(api.lastArguments('links.reconcileMember')).toEqual([
      { id: ownId(0x20), cause, waitMs: 5000 },
    ]);
  });
});
