import { createServer, type IncomingMessage, type Server } from 'node:http';
import { once } from 'node:events';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import {
  ConnectorError,
  createConnector,
  type ConnectorOptions,
} from '../../../packages/sdk/src/client.js';

interface Asked {
  readonly authorization: string | undefined;
  readonly key: string | string[] | undefined;
  readonly query: string;
  readonly variables: unknown;
}
interface Scripted {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}
/** 'silence': no response; 'cut': the connection ends. */
type Step = Scripted | 'silence' | 'cut';
type Line = Step | (() => Step);

let server: Server;
let endpoint = '';
let script: Line[] = [];
let asked: Asked[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    void readBody(request).then((text) => {
      const { query, variables }: Asked = JSON.parse(text);
      const { authorization, 'idempotency-key': key } = request.headers;
      asked.push({ authorization, key, query, variables });
      const line = script.length > 1 ? script.shift() : script[0];
      const step = typeof line === 'function' ? line() : line;
      if (step === undefined || step === 'silence') return;
      if (step === 'cut') {
        request.socket.destroy();
        return;
      }
      response.writeHead(step.status ?? 200, {
        'content-type': 'application/json',
        'x-request-id': 'request-of-header',
        ...step.headers,
      });
      response.end(typeof step.body === 'string' ? step.body : JSON.stringify(step.body));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  endpoint = `http://127.0.0.1:${address.port}/graphql`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  script = [];
  asked = [];
});

async function readBody(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  return text;
}

const connect = (options: Partial<ConnectorOptions> = {}) =>
  createConnector({ endpoint, token: 'a-key', backoffMs: 1, ...options });

const data = (fields: unknown): Step => ({ body: { data: fields } });
const fault = (code: string, more: Readonly<Record<string, unknown>> = {}): Scripted => ({
  body: { errors: [{ message: 'No.', extensions: { code, ...more } }] },
});
const AWAY = fault('UNAVAILABLE');
const NOBODY = data({ platformUser: null });

/** The error that a call throws. */
async function errorOf(call: Promise<unknown>): Promise<ConnectorError> {
  const error: unknown = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ConnectorError) return error;
  throw new Error(`not a ConnectorError: ${String(error)}`);
}

describe('a write with a key', () => {
  const unlinked = data({ unlinkDiscordUser: { id: 'one', warnings: [] } });

  test('is retried with the same key, like a read', async () => {
    const underWay = {
      ...fault('CONFLICT'),
      status: 409,
      headers: { 'retry-after': '0' },
    };
    script = ['cut', AWAY, underWay, unlinked];

    await connect().unlinkDiscordUser({ id: 'one' }, { idempotencyKey: 'a key' });

    expect(asked.map(({ key }) => key)).toEqual(Array(4).fill('a key'));
  });

  test('is not retried if the key was used for another request', async () => {
    script = [{ ...fault('CONFLICT'), status: 409 }, unlinked];
    const call = connect().unlinkDiscordUser({ id: 'one' }, { idempotencyKey: 'a key' });

    expect(await errorOf(call)).toMatchObject({ code: 'CONFLICT' });
    expect(asked).toHaveLength(1);
  });

  test.each(['', ' a', 'x'.repeat(256), 'é', 'a\nb'])(
    'is not sent with the key %j, which is invalid in a header',
    async (idempotencyKey) => {
      const call = connect().unlinkDiscordUser({ id: 'one' }, { idempotencyKey });

      expect(await errorOf(call)).toMatchObject({ code: 'BAD_USER_INPUT' });
      expect(asked).toEqual([]);
    },
  );
});

describe('a call', () => {
  test('of a query sends its variables, and returns its field', async () => {
    script = [data({ platformUser: { id: 'alice' } })];

    expect(await connect().platformUser({ id: 'alice' })).toEqual({
      id: 'alice',
    });
    expect(asked).toMatchObject([{ authorization: 'Bearer a-key', variables: { id: 'alice' } }]);
    expect(asked[0]?.query).toMatch(/^query platformUser\(/);
  });

  test('of a mutation sends its input, and returns its payload', async () => {
    script = [data({ unlinkDiscordUser: { id: 'one', warnings: [] } })];

    const payload = await connect().unlinkDiscordUser({ id: 'one' });

    expect(payload).toEqual({ id: 'one', warnings: [] });
    expect(asked[0]?.variables).toEqual({ input: { id: 'one' } });
  });

  test('gets the token before every try', async () => {
    script = [AWAY, NOBODY];
    let count = 0;

    await connect({ token: async () => `token-${(count += 1)}` }).platformUser({
      id: 'alice',
    });

    expect(asked.map(({ authorization }) => authorization)).toEqual([
      'Bearer token-1',
      'Bearer token-2',
    ]);
  });
});

describe('an error', () => {
  test('has its code, field, request and time', async () => {
    script = [
      fault('CONFLICT', {
        field: 'input.roleId',
        requestId: 'request-7',
        retryAt: '2026-11-22T18:00:00.000Z',
      }),
    ];

    expect(await errorOf(connect().platformUser({ id: 'a' }))).toMatchObject({
      name: 'ConnectorError',
      message: 'No.',
      code: 'CONFLICT',
      field: 'input.roleId',
      requestId: 'request-7',
      retryAt: new Date('2026-11-22T18:00:00.000Z'),
    });
    expect(asked).toHaveLength(1);
  });

  test('has the request id of the header when its body has none', async () => {
    script = [fault('FORBIDDEN')];

    const { requestId, field } = await errorOf(connect().discordClients());

    expect({ requestId, field }).toEqual({
      requestId: 'request-of-header',
      field: undefined,
    });
  });

  test.each([
    ['a proxy that is down', { status: 502, body: '<html>' }, 'UNAVAILABLE'],
    ['a wrong address', { status: 404, body: '<html>' }, 'INTERNAL'],
    ['no data', { body: {} }, 'INTERNAL'],
    ['a list', { body: [] }, 'INTERNAL'],
    ['an error without anything', { body: { errors: [null] } }, 'INTERNAL'],
    ['a redirect', { status: 307, headers: { location: '/else' }, body: '' }, 'UNAVAILABLE'],
  ])('is thrown for %s', async (_, step, code) => {
    script = [step];

    const error = await errorOf(connect({ retries: 0 }).discordClients());

    expect(error.code).toBe(code);
    expect(error.message).not.toContain('html');
    expect(asked).toHaveLength(1);
  });

  test('never repeats a token', async () => {
    const token = 'half-a\nsecret';

    const error = await errorOf(connect({ token }).discordClients());

    expect(error.code).toBe('UNAUTHENTICATED');
    expect(`${error.message} ${String(error.cause)} ${error.stack}`).not.toContain('half-a');
    expect(asked).toEqual([]);
  });
});

describe('a retry', () => {
  test.each([
    ['the store is away', AWAY],
    ['there were too many requests', fault('RATE_LIMITED')],
    ['a proxy has nobody behind it', { status: 503, body: 'away' }],
    ['the connection ends', 'cut'],
  ] as const)('repeats a read when %s', async (_, step) => {
    script = [step, step, data({ discordClients: [] })];

    expect(await connect().discordClients()).toEqual([]);
    expect(asked).toHaveLength(3);
  });

  test('repeats a read whose response timed out', async () => {
    script = ['silence', data({ discordClients: [] })];

    expect(await connect({ timeoutMs: 200 }).discordClients()).toEqual([]);
  });

  test('ends with the error of the last try', async () => {
    script = [AWAY];

    const error = await errorOf(connect({ retries: 2 }).discordClients());

    expect(error.code).toBe('UNAVAILABLE');
    expect(asked).toHaveLength(3);
  });

  test('waits until the time in the error', async () => {
    const at = Date.now() + 300;
    const later = fault('RATE_LIMITED', {
      retryAt: new Date(at).toISOString(),
    });
    // A timer may fire slightly early.
    const answer = () => (Date.now() < at - 5 ? later : data({ discordClients: [] }));
    script = [answer];

    expect(await connect({ retries: 1 }).discordClients()).toEqual([]);
    expect(asked).toHaveLength(2);
  });

  test('is skipped if the time in the error is far in the future', async () => {
    script = [{ ...AWAY, headers: { 'retry-after': '3600' } }];

    const error = await errorOf(connect().discordClients());

    expect(error.retryAt?.getTime()).toBeGreaterThan(Date.now() + 3_000_000);
    expect(asked).toHaveLength(1);
  });

  test.each([AWAY, 'cut', { status: 503, body: 'away' }] as const)(
    'never happens for a write without a key: %j',
    async (step) => {
      script = [step];

      const error = await errorOf(connect().unlinkDiscordUser({ id: 'one' }));

      expect(error.code).toBe('UNAVAILABLE');
      expect(asked).toHaveLength(1);
    },
  );

  test.each(['BAD_USER_INPUT', 'NOT_FOUND', 'INTERNAL', 'DISCORD_ERROR'])(
    'never happens after %s',
    async (code) => {
      script = [fault(code)];

      expect((await errorOf(connect().discordClients())).code).toBe(code);
      expect(asked).toHaveLength(1);
    },
  );

  test.each([
    ['before it begins', 'silence', true],
    ['while it waits for an answer', 'silence', false],
    ['while it waits to try again', AWAY, false],
  ] as const)('ends at once when its signal aborts: %s', async (_, step, isAborted) => {
    script = [step];
    const stop = new AbortController();
    const reason = new Error('nobody waits for it');
    if (isAborted) stop.abort(reason);
    const connector = connect({ backoffMs: 60_000 });

    const call = connector.discordClients({}, { signal: stop.signal });
    const outcome = expect(call).rejects.toBe(reason);
    if (!isAborted) await expect.poll(() => asked.length).toBe(1);
    stop.abort(reason);

    await outcome;
  });
});
