import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { faultsOf, KEYS, startApi, type StartedApi } from './start-api.js';

const apis: Record<string, StartedApi> = {};
beforeAll(async () => {
  apis['production'] = await startApi();
  apis['sandbox'] = await startApi({}, { isProduction: false });
  apis['listed only'] = await startApi({}, { persistedQueries: { isOnly: true, path: null } });
});
afterAll(async () => {
  for (const api of Object.values(apis)) await api.server.stop();
});

function apiOf(name: string): StartedApi {
  const api = apis[name];
  if (!api) throw new Error(`no API for ${name}`);
  return api;
}

const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

const query = (text: string) => json({ query: text });

const persistedQuery = (sha256Hash: string, version = 1) =>
  json({ extensions: { persistedQuery: { version, sha256Hash } } });

const MISSPELT = 'mutation { aproveSweep(input: { id: "x" }) { warnings } }';
const INCOMPLETE = 'mutation { createDiscordClient(input: { name: "x" }) { warnings } }';

const REQUESTS: readonly (readonly [string, RequestInit])[] = [
  ['a misspelt field', query(MISSPELT)],
  ['a missing input field', query(INCOMPLETE)],
  ['an unknown argument', query('{ discordClient(ident: "x") { id } }')],
  ['an unknown type', query('fragment F on DiscordClientt { id }')],
  ['a syntax error', query('{ discordClients { ')],
  ['too deep a document', query(`${'{ a '.repeat(500)}${'}'.repeat(500)}`)],
  ['no operation', json({})],
  ['a batch', json([{ query: MISSPELT }, { query: INCOMPLETE }])],
  ['broken JSON', { ...json({}), body: '{"query":' }],
  ['a form', { method: 'POST', body: new URLSearchParams({ query: MISSPELT }) }],
  ['introspection', query('{ __schema { types { name } } }')],
  ['a federation router', query('{ _service { sdl } }')],
  [
    'entities',
    json({
      query: 'query ($r: [_Any!]!) { _entities(representations: $r) { x } }',
      variables: { r: [{ __typename: 'DiscordUser', id: 'x' }] },
    }),
  ],
  ['a type name alone', query('{ __typename }')],
  ['an unknown persisted query', persistedQuery('a'.repeat(64))],
  ['a malformed persisted query', persistedQuery('zz', 2)],
  [
    'a subscription',
    {
      ...query('subscription { sweepProgresed { id } }'),
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
      },
    },
  ],
  [
    'a browser’s POST',
    {
      ...query(MISSPELT),
      headers: { 'content-type': 'application/json', accept: 'text/html' },
    },
  ],
];

describe.each(['production', 'sandbox', 'listed only'])(
  'a caller without a key, in %s,',
  (name) => {
    const expectRefusal = async (path: string, request: RequestInit) => {
      const response = await fetch(`${apiOf(name).url}${path}`, request);

      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      expect(await response.json()).toEqual({
        errors: [
          {
            message: 'Send `Authorization: Bearer <API key or JWT>`.',
            extensions: {
              code: 'UNAUTHENTICATED',
              requestId: response.headers.get('x-request-id'),
            },
          },
        ],
      });
      expect(apiOf(name).calls).toEqual([]);
    };

    it.each(REQUESTS)('is refused before the request is read: %s', async (_, request) => {
      await expectRefusal('/graphql', request);
      await expectRefusal('/admin', request);
      await expectRefusal('/admin', {
        ...request,
        headers: {
          ...Object.fromEntries(new Headers(request.headers)),
          authorization: 'Bearer ',
        },
      });
    });

    it('is refused by GET too, except when a browser opens the playground', async () => {
      const asked = `/admin?query=${encodeURIComponent(MISSPELT)}`;
      await expectRefusal(asked, {});
      await expectRefusal(asked, { headers: { accept: 'text/event-stream' } });

      const page = await fetch(`${apiOf(name).url}/admin`, {
        headers: { accept: 'text/html' },
      });

      expect(page.status).toBe(200);
      expect(page.headers.get('content-type')).toContain('text/html');
      expect(apiOf(name).calls).toEqual([]);
    });

    it('learns no more with an unknown key', async () => {
      for (const path of ['/graphql', '/admin'])
        for (const text of [MISSPELT, INCOMPLETE, '{ discordClients { '])
          expect(await apiOf(name).ask(text, {}, { key: 'guess', path })).toMatchObject({
            status: 401,
            body: { errors: [{ message: 'The API key is unknown.' }] },
          });
    });
  },
);

describe.each(['/graphql', '/admin'])('a misspelt name at %s', (path) => {
  const MISSPELLINGS = [
    MISSPELT,
    '{ discordClient(idd: "x") { id } }',
    '{ discordClients { name2 } }',
    'query ($id: IDD) { discordClient(id: $id) { id } }',
    'query ($id: ID!) { discordClient(id: $id) @skp(if: true) { id } }',
    'mutation { retireRoleMapping(input: { idd: "x" }) { warnings } }',
    'mutation { startSweep(input: { clientId: "x", kind: VERIFY_GROUP }) { warnings } }',
  ];
  const messagesFor = async (name: string, key: string) => {
    const answers = await Promise.all(
      MISSPELLINGS.map((text) => apiOf(name).ask(text, {}, { key, path })),
    );
    for (const answer of answers)
      expect(faultsOf(answer)).toContainEqual({ code: 'BAD_USER_INPUT' });
    return answers.map(({ body }) => JSON.stringify(body.errors));
  };
  const suggestions = (messages: readonly string[]) =>
    messages.filter((message) => message.includes('Did you mean')).length;

  it('is reported without suggestions if the caller may not introspect', async () => {
    for (const key of [KEYS.read, KEYS.write]) {
      const messages = await messagesFor('production', key);

      expect(suggestions(messages)).toBe(0);
      expect(messages[0]).toContain('Cannot query field \\"aproveSweep\\"');
      expect(messages.join('')).not.toContain('approveSweep');
    }
  });

  it('is reported with suggestions if the caller may introspect', async () => {
    for (const [name, key] of [
      ['production', KEYS.admin],
      ['sandbox', KEYS.read],
    ] as const) {
      const messages = await messagesFor(name, key);

      expect(suggestions(messages)).toBeGreaterThan(3);
      expect(messages[0]).toContain('Did you mean \\"approveSweep\\"');
    }
  });
});
