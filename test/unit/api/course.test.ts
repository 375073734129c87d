import { setTimeout as sleep } from 'node:timers/promises';

import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { closeGently, createHealthServer } from '../../../services/api/http/listen.js';
import { createHttp } from '../../../services/api/http/http.js';
import type { HealthPort } from '../../../services/api/ports.js';
import type { Stage } from '../../../services/lib/lifecycle.js';
import { silentLogger } from '../../../services/lib/logger.js';
import { freePort } from '../../support/service.js';

let stage: Stage = 'starting';
let app: FastifyInstance;
let url = '';
let answer = Promise.withResolvers<string>();
/** A slow request is under way. */
let arrived = Promise.withResolvers<void>();

const health: HealthPort = {
  stage: () => stage,
  readiness: () => ({ isReady: stage === 'serving', parts: [] }),
};

beforeEach(async () => {
  stage = 'serving';
  answer = Promise.withResolvers<string>();
  arrived = Promise.withResolvers<void>();
  app = await createHttp({ health, logger: silentLogger, isHttps: false });
  app.get('/slow', async () => {
    arrived.resolve();
    return answer.promise;
  });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});

afterEach(async () => {
  answer.resolve('late');
  await app.close();
});

describe('the HTTP server of a starting process', () => {
  test('answers health checks, and other requests with 503 and Retry-After', async () => {
    stage = 'starting';

    const [live, ready, other] = await Promise.all([
      fetch(`${url}/health/live`),
      fetch(`${url}/health/ready`),
      fetch(`${url}/slow`),
    ]);

    expect([live.status, ready.status, other.status]).toEqual([200, 503, 503]);
    expect(other.headers.get('retry-after')).toBe('1');
    expect(await other.json()).toEqual({
      errors: [
        {
          message: 'The connector is starting. Try again shortly.',
          extensions: {
            code: 'UNAVAILABLE',
            requestId: other.headers.get('x-request-id'),
          },
        },
      ],
    });
  });
});

describe('the HTTP server of a stopping process', () => {
  test('is not ready, still answers, and closes each connection', async () => {
    stage = 'stopping';
    answer.resolve('still here');

    const [ready, other] = await Promise.all([fetch(`${url}/health/ready`), fetch(`${url}/slow`)]);

    expect(ready.status).toBe(503);
    expect(await other.text()).toBe('still here');
    expect(other.headers.get('connection')).toBe('close');
  });

  test('finishes requests in progress before it closes, and refuses new connections', async () => {
    const underWay = fetch(`${url}/slow`);
    await arrived.promise;

    const closed = closeGently(app, 20_000);
    await refused();
    answer.resolve('answered');

    expect(await (await underWay).text()).toBe('answered');
    await closed;
  });

  test('aborts requests that take longer than the limit', async () => {
    const underWay = fetch(`${url}/slow`);
    await arrived.promise;

    const [cut] = await Promise.all([
      underWay.catch((error: unknown) => error),
      closeGently(app, 20),
    ]);

    expect(cut).toBeInstanceOf(Error);
  });
});

describe('a process without the API', () => {
  test('serves only health checks, at HOST and PORT', async () => {
    const port = await freePort();
    const deps = { health, logger: silentLogger, host: '127.0.0.1', port };
    const server = createHealthServer(deps);
    const before = server.ready();
    await server.start();

    const address = `http://127.0.0.1:${port}`;
    const live = await fetch(`${address}/health/live`);
    const other = await fetch(`${address}/graphql`, { method: 'POST' });
    const between = server.ready();
    await server.stop();

    expect([live.status, other.status]).toEqual([200, 404]);
    expect([before.ok, between.ok, server.ready().ok]).toEqual([false, true, false]);
    await expect(fetch(`${address}/health/live`)).rejects.toThrow();
  });

  test('names the port that is already in use', async () => {
    const { port } = new URL(url);
    const deps = { health, logger: silentLogger, host: '127.0.0.1' };
    const server = createHealthServer({ ...deps, port: Number(port) });

    await expect(server.start()).rejects.toThrow(`PORT ${port}: the port is already in use`);
  });
});

/** New connections are refused. */
async function refused(): Promise<void> {
  while (
    await fetch(`${url}/health/live`).then(
      () => true,
      () => false,
    )
  )
    await sleep(5);
}
