import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { createTokenVerifier } from '../../../../services/api/access/tokens.js';
import type { ApiServerDeps } from '../../../../services/api/server.js';
import {
  AUDIENCE,
  ISSUER,
  signingKey,
  startIdentityProvider,
  tokenOf,
  type IdentityProvider,
  type SigningKey,
} from '../../../support/identity-provider.js';
import { faultsOf, KEYS, startApi, type StartedApi } from '../start-api.js';

const PATHS = ['/graphql', '/admin'];
const CLIENTS = '{ discordClients { id } }';
const SCHEMA = '{ __schema { queryType { name } } }';

let key: SigningKey;
let provider: IdentityProvider;
const started: StartedApi[] = [];
beforeAll(async () => {
  key = await signingKey('one');
  provider = await startIdentityProvider(key);
});
afterEach(async () => {
  provider.behave(null);
  for (const api of started.splice(0)) await api.server.stop();
});
afterAll(async () => provider.stop());

async function start(deps: Partial<ApiServerDeps> = {}): Promise<StartedApi> {
  const tokens = createTokenVerifier({
    issuer: { jwksUrl: provider.url, issuer: ISSUER, audience: AUDIENCE },
    clock: Date.now,
    logger: { warn: () => undefined },
  });
  const api = await startApi({}, { tokens, ...deps });
  started.push(api);
  return api;
}

describe.each(PATHS)('a JWT at %s', (path) => {
  it('gives access only to the fields of its scopes', async () => {
    const api = await start();
    const token = await tokenOf(key);

    const may = await api.ask(CLIENTS, {}, { key: token, path });
    const mayNot = await api.ask('{ auditRecords { totalCount } }', {}, { key: token, path });

    expect(may.body.data.discordClients).toHaveLength(2);
    expect(faultsOf(mayNot)).toEqual([{ code: 'FORBIDDEN' }]);
  });

  it('names its subject in the cause of every change', async () => {
    const api = await start();
    const token = await tokenOf(key, { sub: 'b5', scp: ['discord:write'] });

    const answer = await api.ask(
      'mutation { recordMembershipChanges(input: { changes: [{ platformUserId: "bob", groupId: "pilots", change: ADDED }] }) { warnings } }',
      {},
      { key: token, path },
    );

    expect(answer.body.errors).toBeUndefined();
    expect(api.world.facts.map(({ cause }) => cause)).toEqual([
      {
        kind: 'MUTATION',
        id: answer.headers.get('x-request-id'),
        actor: 'jwt:b5',
        groupId: 'pilots',
      },
    ]);
  });

  it('is refused with 401 once it has expired, even for fields that require no scope', async () => {
    const api = await start();
    const expired = await tokenOf(key, { exp: 1 });

    const answer = await api.ask('{ __typename }', {}, { key: expired, path });

    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(answer.body).toEqual({
      errors: [
        {
          message: 'The token has expired.',
          extensions: {
            code: 'UNAUTHENTICATED',
            requestId: answer.headers.get('x-request-id'),
          },
        },
      ],
    });
    expect(api.calls).toEqual([]);
  });

  it('gets UNAVAILABLE while the issuer fails, and API keys still work', async () => {
    const api = await start();
    provider.behave('broken');

    const answer = await api.ask(CLIENTS, {}, { key: await tokenOf(key), path });
    const withKey = await api.ask(CLIENTS, {}, { path });

    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(faultsOf(answer)).toEqual([{ code: 'UNAVAILABLE' }]);
    expect(withKey.body.errors).toBeUndefined();
  });

  it('is refused with a hint about AUTH_JWKS_URL if no issuer is configured', async () => {
    const api = await start({ tokens: null });

    const answer = await api.ask(CLIENTS, {}, { key: await tokenOf(key), path });

    expect(faultsOf(answer)).toEqual([{ code: 'UNAUTHENTICATED' }]);
    expect(answer.body.errors?.[0]?.message).toContain('AUTH_JWKS_URL');
  });
});

describe.each(PATHS)('introspection at %s', (path) => {
  const codesFor = async (api: StartedApi) => {
    const keys = [null, KEYS.read, KEYS.write, KEYS.admin];
    const answers = await Promise.all(keys.map((each) => api.ask(SCHEMA, {}, { key: each, path })));
    return answers.map((answer) => faultsOf(answer)[0]?.code ?? 'served');
  };

  it('requires an admin key in production', async () => {
    expect(await codesFor(await start())).toEqual([
      'UNAUTHENTICATED',
      'FORBIDDEN',
      'FORBIDDEN',
      'served',
    ]);
  });

  it('requires any valid key outside production', async () => {
    expect(await codesFor(await start({ isProduction: false }))).toEqual([
      'UNAUTHENTICATED',
      'served',
      'served',
      'served',
    ]);
  });
});

describe('a caller who sends many requests', () => {
  const rateLimits = { perCaller: 3, failedSignIns: 2 };
  const ask = async (api: StartedApi, key: string | null, path = '/graphql') =>
    api.ask(CLIENTS, {}, { key, path });

  it('gets 429 with Retry-After, counted over both endpoints, while other callers are served', async () => {
    const api = await start({ rateLimits });
    const paths = ['/graphql', '/admin', '/graphql'];
    for (const path of paths) expect((await ask(api, KEYS.read, path)).status).toBe(200);

    const tooMany = await ask(api, KEYS.read, '/admin');

    expect(tooMany.status).toBe(429);
    expect(Number(tooMany.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(tooMany.body).toEqual({
      errors: [
        {
          message: expect.stringContaining('More than 3 requests a minute'),
          extensions: {
            code: 'RATE_LIMITED',
            limit: 3,
            retryAfterSeconds: Number(tooMany.headers.get('retry-after')),
            requestId: tooMany.headers.get('x-request-id'),
          },
        },
      ],
    });
    expect((await ask(api, KEYS.admin)).status).toBe(200);
    expect((await ask(api, await tokenOf(key))).status).toBe(200);
  });

  it('is counted by IP address if there is no key, whatever X-Forwarded-For contains', async () => {
    const api = await start({ rateLimits });
    const statuses: number[] = [];
    for (let n = 0; n < 4; n++) {
      const response = await fetch(`${api.url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-forwarded-for': `203.0.113.${n}`,
        },
        body: JSON.stringify({ query: '{ __typename }' }),
      });
      statuses.push(response.status);
    }

    expect(statuses).toEqual([401, 401, 401, 429]);
    expect((await ask(api, KEYS.read)).status).toBe(200);
  });

  it('gets 429 after too many unknown keys, while valid keys are served', async () => {
    const api = await start({ rateLimits });
    const statuses: number[] = [];
    for (let n = 0; n < 4; n++) statuses.push((await ask(api, `guess-${n}`)).status);

    expect(statuses).toEqual([401, 401, 429, 429]);
    expect((await ask(api, KEYS.read)).status).toBe(200);
  });

  it('is never limited if the limits are 0', async () => {
    const api = await start({ rateLimits: { perCaller: 0, failedSignIns: 0 } });

    for (let n = 0; n < 100; n++)
      expect((await ask(api, n % 2 ? KEYS.read : 'guess')).status).not.toBe(429);
  });

  it('can still read /health/live', async () => {
    const api = await start({ rateLimits: { perCaller: 1, failedSignIns: 1 } });
    await ask(api, null);
    await ask(api, null);

    for (let n = 0; n < 3; n++) expect((await fetch(`${api.url}/health/live`)).status).toBe(200);
  });
});

describe.each(PATHS)('a request that another origin can send to %s without a preflight', (path) => {
  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    '',
  ])('is refused with the content type "%s"', async (type) => {
    const api = await start();
    const response = await fetch(`${api.url}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${KEYS.admin}`,
        cookie: `key=${KEYS.admin}`,
        ...(type && { 'content-type': type }),
      },
      ...(type && {
        body: JSON.stringify({
          query: 'mutation { deletePlatformUser(input: { platformUserId: "alice" }) { warnings } }',
        }),
      }),
    });

    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
    expect(response.headers.get('set-cookie')).toBeNull();
    expect(api.calls).toEqual([]);
  });

  it('changes nothing with GET, and cannot authenticate with a cookie', async () => {
    const api = await start();
    const query = encodeURIComponent(
      'mutation { deletePlatformUser(input: { platformUserId: "alice" }) { warnings } }',
    );
    const byGet = await fetch(`${api.url}${path}?query=${query}`, {
      headers: { authorization: `Bearer ${KEYS.admin}` },
    });
    const byCookie = await fetch(`${api.url}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        cookie: `authorization=Bearer ${KEYS.admin}`,
      },
      body: JSON.stringify({ query: CLIENTS }),
    });

    expect(byGet.status).toBeGreaterThanOrEqual(400);
    expect(await byCookie.text()).toContain('UNAUTHENTICATED');
    expect(api.calls).toEqual([]);
  });
});
