import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import v8 from 'node:v8';
import vm from 'node:vm';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { RAW } from '../../hostile/raw-http.js';
import { hostileRequests } from '../../hostile/requests.js';
import { createHostileClient, faultOfAnswer, sendRaw } from '../../hostile/client.js';
import { inherited } from '../../hostile/verdict.js';
import { eventually } from '../../support/eventually.js';
import { CLIENT_ID, ownId } from '../../builders/api-views.js';
import { KEYS, startApi, type StartedApi } from './start-api.js';

/** `HOSTILE_SEED` sets another seed; the test's name shows it. */
const SEED = Number(process.env['HOSTILE_SEED'] ?? 20_261_122);
const OPERATIONS = 2_000;

const openSockets = () =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length;

let api: StartedApi;
let before: readonly string[];
beforeAll(async () => {
  before = inherited();
  api = await startApi();
});
afterAll(async () => api.server.stop());

/**
 * After each test the API still serves, has logged no fault, and the prototypes of objects are
 * unchanged.
 */
afterEach(async () => {
  const answer = await api.ask('{ discordClients { id name } }');
  expect(answer.body.data.discordClients.length).toBeGreaterThan(0);
  expect(api.logged).toEqual([]);
  expect(inherited()).toEqual(before);
});

describe('hostile requests', () => {
  it(
    `are refused with a code, or served: all kinds, and ${OPERATIONS} operations from seed ${SEED}`,
    { timeout: 120_000 },
    async () => {
      const client = createHostileClient(api.url, KEYS.admin);
      const ids = [CLIENT_ID, ownId(0x20), ownId(0x11)];
      const faults: string[] = [];
      let served = 0;
      const requests = hostileRequests(SEED, OPERATIONS, ids);
      const work = async () => {
        for (const request of requests) {
          const answer = await client.send(request);
          const fault = faultOfAnswer(answer);
          if (fault !== null) faults.push(`${request.name}: ${fault}`);
          else if (!answer.text.includes('"errors"')) served += 1;
        }
      };
      await Promise.all([work(), work(), work(), work()]);
      client.close();

      expect(faults).toEqual([]);
      // Otherwise the operations are too wild, or too tame, to show anything.
      expect(served).toBeGreaterThan(OPERATIONS / 20);
      expect(served).toBeLessThan(OPERATIONS / 1.5);
    },
  );

  it.each(RAW)('with malformed HTTP are refused: %s', async (_, bytes, begin) => {
    const answer = await sendRaw(api.url, bytes.replace('KEY', KEYS.admin));

    expect(answer).toMatch(begin);
    // Node itself answers a request without a host, with an empty body.
    if (!answer.includes('\r\n\r\n0\r\n'))
      expect(answer).toContain('"extensions":{"code":"BAD_USER_INPUT"');
  });
});

describe('an incomplete request', () => {
  const HEAD = `POST /graphql HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${KEYS.admin}\r\nContent-Type: application/json\r\n`;
  const open = async (bytes: string): Promise<Socket> => {
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(bytes);
    return socket;
  };

  it.each([
    ['chunks that never end', `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\n{"que`],
    ['a body that is too short', `${HEAD}Content-Length: 100\r\n\r\n{"query"`],
    ['headers that never end', 'GET /health/live HTTP/1.1\r\nHost: a\r\nX-'],
  ])('does not delay other requests, and leaves no socket open: %s', async (_, bytes) => {
    const beforeVolley = openSockets();
    const sockets = await Promise.all(Array.from({ length: 50 }, () => open(bytes)));

    const served = await fetch(`${api.url}/health/live`, {
      headers: { connection: 'close' },
    });
    await served.text();
    for (const socket of sockets) socket.resetAndDestroy();

    expect(served.status).toBe(200);
    await eventually(() => openSockets() <= beforeVolley);
  });
});

describe('documents of callers without a key', () => {
  const DOCUMENTS = 40;
  const BYTES = 1_500_000;

  it.each(['/graphql', '/admin'])('are not kept in memory at %s', async (path) => {
    v8.setFlagsFromString('--expose-gc');
    const collect: unknown = vm.runInNewContext('gc');
    const heldBytes = async () => {
      // A later event loop turn frees what the present one still references.
      for (let round = 0; round < 4; round++) {
        await new Promise((resolve) => setImmediate(resolve));
        if (typeof collect === 'function') collect();
      }
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const ask = async (n: number) =>
      api.ask(`{ __typename } #${n}${'x'.repeat(BYTES)}`, {}, { path, key: null });
    await ask(-1);
    const before = await heldBytes();

    for (let n = 0; n < DOCUMENTS; n++) await ask(n);

    expect((await heldBytes()) - before).toBeLessThan((DOCUMENTS * BYTES) / 4);
  });
});
