import { createServer } from 'node:net';
import { once } from 'node:events';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { KEYS, startApi, type Answer, type StartedApi } from './start-api.js';

let api: StartedApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(async () => api.server.stop());
afterEach(() => {
  api.world.isReady = true;
});

const json = async (response: Response): Promise<Answer['body']> => response.json();

describe('the health endpoints', () => {
  it('report live without a key', async () => {
    const response = await fetch(`${api.url}/health/live`);

    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'live' });
  });

  it('report ready with the state of each part', async () => {
    const response = await fetch(`${api.url}/health/ready`);

    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      status: 'ready',
      parts: [{ name: 'api', state: 'ready' }],
    });
  });

  it('report the reason while the process is not ready', async () => {
    api.world.isReady = false;

    const response = await fetch(`${api.url}/health/ready`);

    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      status: 'not ready',
      parts: [{ name: 'store', state: 'down', reason: 'no connection' }],
    });
  });
});

describe('the HTTP server', () => {
  const post = (body: string, headers: Record<string, string>, path: string) =>
    fetch(`${api.url}${path}`, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${KEYS.admin}`, ...headers },
    });

  it.each(['/nowhere', '/graphql'])('answers GET %s with 404', async (path) => {
    const response = await fetch(`${api.url}${path}?key=secret`);

    expect(response.status).toBe(404);
    expect(await json(response)).toEqual({
      errors: [
        {
          message: expect.stringContaining(`GET ${path}. `),
          extensions: {
            code: 'NOT_FOUND',
            requestId: response.headers.get('x-request-id'),
          },
        },
      ],
    });
  });

  it.each([
    ['broken JSON', '{"query":', 'application/json', 400],
    ['text', '{"query":"{ discordClients { id } }"}', 'text/plain', 415],
    ['a form', 'query=%7Bx%7D', 'application/x-www-form-urlencoded', 415],
    ['XML', '<query/>', 'application/xml', 415],
    ['nothing', '', 'application/json', 400],
  ])('refuses an invalid body: %s', async (_, body, type, status) => {
    for (const path of ['/graphql', '/admin']) {
      const response = await post(body, { 'content-type': type }, path);

      expect(response.status).toBe(status);
      expect((await json(response)).errors).toMatchObject([
        { extensions: { code: 'BAD_USER_INPUT' } },
      ]);
    }
  });

  it('refuses a body of more than 2 MiB', async () => {
    const body = JSON.stringify({ query: `#${'x'.repeat(2 * 1024 * 1024)}` });

    const response = await post(body, { 'content-type': 'application/json' }, '/graphql');

    expect(response.status).toBe(413);
    expect(await json(response)).toEqual({
      errors: [
        {
          message: 'The request is larger than 2 MiB.',
          extensions: {
            code: 'BAD_USER_INPUT',
            requestId: response.headers.get('x-request-id'),
          },
        },
      ],
    });
  });

  it('refuses requests that a page of another origin can send without a preflight', async () => {
    const response = await fetch(`${api.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEYS.admin}` },
    });

    expect(response.status).toBe(400);
    expect((await json(response)).errors).toMatchObject([
      {
        message: expect.stringContaining('CSRF'),
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
  });

  it.each([{}, { query: 5 }, { query: '' }, [{ query: '{ x }' }]])(
    'refuses a body without one operation: %j',
    async (body) => {
      const response = await post(
        JSON.stringify(body),
        { 'content-type': 'application/json' },
        '/graphql',
      );

      expect(response.status).toBe(400);
      expect((await json(response)).errors).toMatchObject([
        { extensions: { code: 'BAD_USER_INPUT' } },
      ]);
    },
  );
});

describe('the response headers', () => {
  const idFor = async (given?: string) => {
    const response = await fetch(`${api.url}/health/live`, {
      headers: given === undefined ? {} : { 'x-request-id': given },
    });
    return response.headers.get('x-request-id');
  };

  it('give every request a new id', async () => {
    const ids = [await idFor(), await idFor()];

    expect(new Set(ids).size).toBe(2);
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('repeat the request id that the caller sent', async () => {
    expect(await idFor('platform:4711.a_b-c')).toBe('platform:4711.a_b-c');
    expect(await idFor('x'.repeat(128))).toBe('x'.repeat(128));
  });

  it.each(['two words', 'a,b', '<b>', 'x'.repeat(129), '"', '\u00e9'])(
    'contain a new id if the caller sent an invalid one: %s',
    async (given) => {
      expect(await idFor(given)).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  it('keep browsers from loading, framing or sniffing anything', async () => {
    const { headers } = await fetch(`${api.url}/health/live`);

    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none';frame-ancestors 'none'",
    );
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it('require HTTPS if the public URL uses HTTPS', async () => {
    const other = await startApi({}, { publicUrl: 'https://c.example.org' });

    const { headers } = await fetch(`${other.url}/health/live`);
    await other.server.stop();

    expect(headers.get('strict-transport-security')).toContain('max-age');
  });
});

describe('the API server', () => {
  it('names its port if it is already in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;

    const start = startApi({}, { port });

    await expect(start).rejects.toThrow(
      `cannot listen on HOST 127.0.0.1, PORT ${port}: the port is already in use`,
    );
    taken.close();
  });

  it('names its host if this machine does not have that address', async () => {
    const start = startApi({}, { host: '203.0.113.7' });

    await expect(start).rejects.toThrow('cannot listen on HOST 203.0.113.7');
  });

  it('is ready while it listens, and stops despite open connections', async () => {
    const other = await startApi();
    await fetch(`${other.url}/health/live`);
    const whileOpen = other.server.ready();

    const begun = Date.now();
    await other.server.stop();

    expect(whileOpen).toEqual({ ok: true });
    expect(other.server.ready()).toEqual({
      ok: false,
      reason: 'not listening',
    });
    expect(Date.now() - begun).toBeLessThan(3000);
    await expect(fetch(`${other.url}/health/live`)).rejects.toThrow();
  });
});
