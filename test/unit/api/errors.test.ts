import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import {
  InputError,
  RetryLaterError,
  TerminalError,
  UnavailableError,
} from '../../../services/lib/errors.js';
import { CLIENT_ID } from '../../builders/api-views.js';
import { faultsOf, startApi, type StartedApi } from './start-api.js';

let api: StartedApi;
beforeAll(async () => {
  api = await startApi({}, { isProduction: false });
});
afterAll(async () => api.server.stop());

const PATHS = ['/graphql', '/admin'];
const ask = (path: string, query = '{ discordClients { id } }') => api.ask(query, {}, { path });

describe.each(PATHS)('errors at %s', (path) => {
  beforeEach(() => {
    api.logged.length = 0;
  });

  it.each([
    [
      new InputError('CONFLICT', 'linked already', 'input.discordUserId'),
      { code: 'CONFLICT', field: 'input.discordUserId' },
    ],
    [new InputError('FAILED_PRECONDITION', 'not yet'), { code: 'FAILED_PRECONDITION' }],
    [
      new TerminalError('MISSING_ACCESS', 'the bot is not in guild 1'),
      { code: 'DISCORD_ERROR', reason: 'MISSING_ACCESS' },
    ],
    [
      new RetryLaterError(new Date('2026-11-22T18:00:05Z'), 'rate limited'),
      { code: 'DISCORD_RATE_LIMITED', retryAt: '2026-11-22T18:00:05.000Z' },
    ],
    [new UnavailableError('Discord does not answer'), { code: 'UNAVAILABLE' }],
  ])('of a known type keep their code, and are not logged: %s', async (error, extensions) => {
    api.fail('clients.listClients', error);

    const { body, headers } = await ask(path);

    expect(body).toEqual({
      data: null,
      errors: [
        {
          message: error.message,
          path: ['discordClients'],
          locations: expect.any(Array),
          extensions: { ...extensions, requestId: headers.get('x-request-id') },
        },
      ],
    });
    expect(api.logged).toEqual([]);
  });

  it('of an unknown type are masked, and logged once with the request id they report', async () => {
    const fault = new Error('password=hunter2 at line 3');
    api.fail('clients.listClients', fault);

    const { body, headers } = await ask(path);

    const requestId = headers.get('x-request-id');
    expect(body.errors).toEqual([
      {
        message: `Internal error, request ${requestId}`,
        path: ['discordClients'],
        locations: expect.any(Array),
        extensions: { code: 'INTERNAL', requestId },
      },
    ]);
    expect(JSON.stringify(body)).not.toMatch(/hunter2|stack|\.ts/);
    expect(api.logged).toEqual([{ requestId, path: 'discordClients', err: fault }]);
  });

  it.each([
    ['{ discordClients { id '],
    ['{ nothing }'],
    ['query A { discordClients { id } } query B { discordClients { id } }'],
    ['{ discordClient(id: 5.5) { id } }'],
    ['{ discordClient { id } }'],
    ['query ($id: ID!) { discordClient(id: $id) { id } }'],
    ['{ auditRecords(filter: { discordUserId: 123456789012345678 }) { nodes { id } } }'],
    ['{ auditRecords(filter: { openedAfter: "yesterday" }) { nodes { id } } }'],
  ])('in a request are reported as BAD_USER_INPUT, and are not logged: %s', async (query) => {
    const answer = await ask(path, query);

    expect(faultsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT' }]);
    expect(JSON.stringify(answer.body)).not.toContain('stack');
    expect(api.logged).toEqual([]);
  });

  it('about a malformed id name the field', async () => {
    for (const id of ['', 'x', '0192f000-0000-7000-8000-00000000000', "'; --"]) {
      const answer = await api.ask(
        'query ($id: ID!) { discordUser(id: $id) { id } }',
        { id },
        { path },
      );

      expect(faultsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT', field: 'id' }]);
    }
  });
});

// The playground serves them.
it('subscriptions are refused at /graphql', async () => {
  const subscription = 'subscription { auditRecordAdded { id } }';
  const answer = await ask('/graphql', subscription);

  expect(faultsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT' }]);
  expect(answer.body.data ?? null).toBeNull();
});

describe.each(PATHS)('limits at %s', (path) => {
  const nested = (depth: number) =>
    `{ discordClients { ${'mappings { client { '.repeat(depth)} id ${'} }'.repeat(depth)} } }`;

  it('allow fields nested 12 deep, and refuse deeper ones', async () => {
    const down = (inner: string) =>
      `{ discordUsers(clientId: "${CLIENT_ID}", first: 1) { nodes { platformUser { discordUsers {
        client { mappings { client { mappings { client { mappings { ${inner} } } } } } } } } } } }`;
    const deep = await ask(path, down('client { id }'));
    const deeper = await ask(path, down('client { health { checks { name } } }'));

    expect(faultsOf(deep)).not.toContainEqual({ code: 'BAD_USER_INPUT' });
    expect(faultsOf(deeper)).toEqual([{ code: 'BAD_USER_INPUT' }]);
    expect(deeper.body.errors?.[0]?.message).toContain('deeper than 12 fields');
  });

  it('refuse nested lists whose total cost is too high', async () => {
    const page = (first: number) =>
      `{ discordUsers(clientId: "${CLIENT_ID}", first: ${first}) { nodes { client { mappings { client { mappings { client { mappings { id retiredAt } } } } } } } } }`;
    const listed = await ask(path, nested(5));
    const small = await ask(path, page(10));
    const paged = await api.ask(
      page(10).replace('{ disc', 'query ($n: Int = 200) { disc').replace('first: 10', 'first: $n'),
      {},
      { path },
    );

    expect(faultsOf(small)).toEqual([]);
    for (const answer of [listed, paged]) {
      expect(faultsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT' }]);
      expect(answer.body.errors?.[0]?.message).toContain('limit of 250000');
    }
  });

  it('price a cached document by the variables of each request', async () => {
    const query = `query ($n: Int) { discordUsers(clientId: "${CLIENT_ID}", first: $n) {
      nodes { client { mappings { client { mappings { client { mappings { id retiredAt } } } } } } } } }`;
    const codes: unknown[] = [];
    for (const n of [10, 200, 10, 200]) codes.push(faultsOf(await api.ask(query, { n }, { path })));

    const refused = [{ code: 'BAD_USER_INPUT' }];
    expect(codes).toEqual([[], refused, [], refused]);
  });

  it.each([
    [
      'fields in fragments that double',
      `{ discordClients { ...F0 } } ${Array.from({ length: 90 }, (_, n) => `fragment F${n} on DiscordClient { ...F${n + 1} ...F${n + 1} }`).join(' ')} fragment F90 on DiscordClient { id }`,
      'more than 5000 fields',
    ],
    [
      'root fields',
      `{ ${Array.from({ length: 31 }, (_, n) => `a${n}: discordClients { id }`).join(' ')} }`,
      'more than 30 root fields',
    ],
    [
      'root fields in fragments',
      `{ ...A ...A } fragment A on Query { ${Array.from({ length: 16 }, (_, n) => `a${n}: discordClients { id }`).join(' ')} }`,
      'more than 30 root fields',
    ],
    [
      'directives',
      `{ ${Array.from({ length: 51 }, (_, n) => `a${n}: __typename @skip(if: false)`).join(' ')} }`,
      'more than 50 directives',
    ],
    [
      'introspection',
      `{ ${Array.from({ length: 26 }, (_, n) => `a${n}: __schema { types { name } }`).join(' ')} }`,
      'limit of 250000',
    ],
  ])('count %s', async (_, query, words) => {
    const answer = await ask(path, query);

    expect(faultsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT' }]);
    expect(answer.body.errors?.[0]?.message).toContain(words);
  });

  it('apply inside fragments, including recursive ones', async () => {
    const hidden = await ask(
      path,
      `query { discordClients { ...A } } fragment A on DiscordClient { ${nested(6).slice(19, -3)} }`,
    );
    const endless = await ask(
      path,
      '{ discordClients { ...A } } fragment A on DiscordClient { mappings { client { ...A } } }',
    );

    expect(hidden.body.errors?.[0]?.message).toContain('nested deeper');
    expect(faultsOf(endless)).toEqual([{ code: 'BAD_USER_INPUT' }]);
  });

  it('count aliases', async () => {
    const many = (count: number) =>
      `{ ${Array.from({ length: count }, (_, i) => `a${i}: __typename`).join(' ')} }`;

    expect((await ask(path, many(100))).body.errors).toBeUndefined();
    expect(faultsOf(await ask(path, many(101)))).toEqual([{ code: 'BAD_USER_INPUT' }]);
  });

  it('count tokens', async () => {
    const answer = await ask(path, `{ ${'__typename '.repeat(5000)} }`);

    expect(faultsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT' }]);
    expect(answer.body.errors?.[0]?.message).toContain('5000 tokens');
  });
});
