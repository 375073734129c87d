import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { aLink, CLIENT_ID, OTHER_CLIENT_ID, ownId } from '../../builders/api-views.js';
import { aWorld, faultsOf, KEYS, startApi, type StartedApi } from './start-api.js';

let api: StartedApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(async () => api.server.stop());
beforeEach(() => {
  Object.assign(api.world, aWorld(), { importVerdicts: {} });
  api.calls.length = 0;
});

interface Item {
  readonly platformUserId: string;
  readonly discordUserId: string;
}

const item = (platformUserId: string, last: number): Item => ({
  platformUserId,
  discordUserId: `4000000000000000${String(last).padStart(2, '0')}`,
});

const importing = (
  users: readonly Item[],
  more: Readonly<Record<string, unknown>> = {},
  key: string = KEYS.admin,
) =>
  api.ask(
    `mutation ($input: ImportDiscordUsersInput!) { importDiscordUsers(input: $input) {
      results { index status message field discordUser { id discordUserId } }
      counts { linked unchanged conflicts invalid } warnings } }`,
    { input: { clientId: CLIENT_ID, users, ...more } },
    { key },
  );

describe('importDiscordUsers', () => {
  it('reports the account of a bot as INVALID, with its field', async () => {
    const message = 'Discord account 400000000000000002 is a bot.';
    api.world.importVerdicts = {
      bob: { kind: 'INVALID', message, linkId: null, field: 'discordUserId' },
    };

    const { body } = await importing([item('alice', 1), item('bob', 2)]);

    expect(body.data.importDiscordUsers.results[1]).toMatchObject({
      status: 'INVALID',
      message,
      field: 'input.users[1].discordUserId',
    });
  });

  it('imports the list in one call, and returns a result for each user in order', async () => {
    api.world.importVerdicts = {
      bob: { kind: 'UNCHANGED', message: null, linkId: ownId(0x20) },
      carol: {
        kind: 'CONFLICT',
        message: 'The account is of another person.',
        linkId: null,
      },
      dave: { kind: 'INVALID', message: 'The user is deleted.', linkId: null },
    };
    const users = [item('alice', 1), item('bob', 2), item('carol', 3), item('dave', 4)];

    const { body, headers } = await importing(users);

    const link = { id: ownId(0x20), discordUserId: aLink().discordUserId };
    expect(body.data.importDiscordUsers).toEqual({
      results: [
        {
          index: 0,
          status: 'LINKED',
          message: null,
          field: null,
          discordUser: link,
        },
        {
          index: 1,
          status: 'UNCHANGED',
          message: null,
          field: null,
          discordUser: link,
        },
        {
          index: 2,
          status: 'CONFLICT',
          message: 'The account is of another person.',
          field: null,
          discordUser: null,
        },
        {
          index: 3,
          status: 'INVALID',
          message: 'The user is deleted.',
          field: null,
          discordUser: null,
        },
      ],
      counts: { linked: 1, unchanged: 1, conflicts: 1, invalid: 1 },
      warnings: [],
    });
    expect(api.lastArguments('links.importMembers')).toEqual([
      {
        clientId: CLIENT_ID,
        users,
        dryRun: false,
        cause: {
          kind: 'MUTATION',
          id: headers.get('x-request-id'),
          actor: 'admin',
        },
      },
    ]);
  });

  it('returns no link after a dry run, not even an existing one', async () => {
    api.world.importVerdicts = {
      bob: { kind: 'UNCHANGED', message: null, linkId: ownId(0x20) },
    };

    const { body } = await importing([item('alice', 1), item('bob', 2)], {
      dryRun: true,
    });

    expect(body.data.importDiscordUsers.results).toMatchObject([
      { status: 'LINKED', discordUser: null },
      { status: 'UNCHANGED', discordUser: null },
    ]);
    expect(api.lastArguments('links.importMembers')).toMatchObject([{ dryRun: true }]);
  });

  it('imports the first item of a user or account, and names it in the CONFLICT of each duplicate', async () => {
    const users = [
      item('alice', 1),
      item('bob', 2),
      item('alice', 3),
      item('carol', 2),
      item('dave', 3),
      item('alice', 1),
    ];

    const { body } = await importing(users);

    expect(body.data.importDiscordUsers.results).toMatchObject([
      { index: 0, status: 'LINKED' },
      { index: 1, status: 'LINKED' },
      {
        index: 2,
        status: 'CONFLICT',
        message:
          'This platform user is also at input.users[0]. List each user and each account once.',
      },
      {
        index: 3,
        status: 'CONFLICT',
        message:
          'This Discord account is also at input.users[1]. List each user and each account once.',
      },
      { index: 4, status: 'LINKED' },
      {
        index: 5,
        status: 'CONFLICT',
        message:
          'This platform user is also at input.users[0]. List each user and each account once.',
      },
    ]);
    expect(body.data.importDiscordUsers.counts).toEqual({
      linked: 3,
      unchanged: 0,
      conflicts: 3,
      invalid: 0,
    });
    expect(api.lastArguments('links.importMembers')).toMatchObject([
      { users: [users[0], users[1], users[4]] },
    ]);
  });

  it('imports at most 5,000 users, and reads their links in one statement', async () => {
    const users = Array.from({ length: 5000 }, (_, index) => ({
      platformUserId: `user-${index}`,
      discordUserId: String(400_000_000_000_000_000n + BigInt(index)),
    }));

    const { body } = await importing(users);
    const tooMany = await importing([...users, item('one-more', 1)]);

    expect(body.data.importDiscordUsers.counts.linked).toBe(5000);
    expect(api.calls.filter((call) => call.startsWith('links.'))).toEqual(['links.importMembers']);
    expect(api.calls.filter((call) => call === 'read.findLinks')).toHaveLength(1);
    expect(faultsOf(tooMany)).toEqual([{ code: 'BAD_USER_INPUT', field: 'input.users' }]);
  });

  it('warns about an empty list, and imports nothing', async () => {
    const { body } = await importing([]);

    expect(body.data.importDiscordUsers).toMatchObject({
      results: [],
      warnings: ['The list was empty.'],
    });
    expect(api.calls).not.toContain('links.importMembers');
  });

  it('rejects only the item with an invalid platform id, and names its field', async () => {
    const { body } = await importing([item('alice', 1), item('b\u0000b', 2), item('carol', 3)]);

    expect(body.data.importDiscordUsers.results).toMatchObject([
      { index: 0, status: 'LINKED', field: null },
      {
        index: 1,
        status: 'INVALID',
        message: expect.stringContaining('control character'),
        field: 'input.users[1].platformUserId',
        discordUser: null,
      },
      { index: 2, status: 'LINKED', field: null },
    ]);
    expect(body.data.importDiscordUsers.counts.invalid).toBe(1);
    expect(api.lastArguments('links.importMembers')).toMatchObject([
      { users: [{ platformUserId: 'alice' }, { platformUserId: 'carol' }] },
    ]);
  });

  it('rejects the whole list for a Discord id that is not a Snowflake', async () => {
    const wrong = { platformUserId: 'bob', discordUserId: 'somebody' };
    const answer = await importing([item('alice', 1), wrong]);

    expect(faultsOf(answer)).toEqual([
      { code: 'BAD_USER_INPUT', field: 'input.users[1].discordUserId' },
    ]);
    expect(api.calls).not.toContain('links.importMembers');
  });

  it('requires the write scope, and a key that is not limited to other clients', async () => {
    const users = [item('alice', 1)];
    const elsewhere = { clientId: OTHER_CLIENT_ID };

    expect(faultsOf(await importing(users, {}, KEYS.read))).toEqual([{ code: 'FORBIDDEN' }]);
    expect(faultsOf(await importing(users, {}, KEYS.limited))).toEqual([]);
    expect(faultsOf(await importing(users, elsewhere, KEYS.limited))).toEqual([
      { code: 'FORBIDDEN', field: 'input.clientId' },
    ]);
  });
});

describe('a link', () => {
  it('shows whether its account is banned, in screening or timed out', async () => {
    const until = new Date('2026-11-23T00:00:00Z');
    api.world.links = [
      aLink({ isBanned: true }),
      aLink({ id: ownId(0x22), isScreening: true, timedOutUntil: until }),
    ];

    const { body } = await api.ask(
      `{ discordUsers(clientId: "${CLIENT_ID}") { edges { node { banned screening timedOutUntil } } } }`,
    );

    expect(body.data.discordUsers.edges).toEqual([
      { node: { banned: true, screening: false, timedOutUntil: null } },
      {
        node: {
          banned: false,
          screening: true,
          timedOutUntil: until.toISOString(),
        },
      },
    ]);
  });
});
