import helmet from '@fastify/helmet';
import { fastify, type FastifyInstance } from 'fastify';
import { v7 as uuidv7 } from 'uuid';

import type { Logger } from '../lib/logger.js';
import { answerFault, answerNotFound, pathOf } from './http-errors.js';
import type { HealthPort } from './ports.js';

const BODY_LIMIT = 2 * 1024 * 1024;

/** The HTTP server with what every route shares: ids, headers, limits, errors, health. */
export async function createHttp(deps: {
  readonly logger: Logger;
  readonly health: HealthPort;
  /** People come by https: browsers may be told to insist on it. */
  readonly isHttps: boolean;
}): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    genReqId: () => uuidv7(),
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: true,
    requestTimeout: 60_000,
    routerOptions: { maxParamLength: 200 },
  });
  // JSON is all that is read; without this a browser form could send text that looks like it.
  app.removeContentTypeParser('text/plain');
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    strictTransportSecurity: deps.isHttps,
    crossOriginResourcePolicy: { policy: 'same-origin' },
    referrerPolicy: { policy: 'no-referrer' },
  });
  app.setErrorHandler(answerFault(deps.logger));
  app.setNotFoundHandler(answerNotFound);
  addRequestLog(app, deps.logger);
  addHealth(app, deps.health);
  return app;
}

function addRequestLog(app: FastifyInstance, logger: Logger): void {
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id);
  });
  app.addHook('onResponse', async (request, reply) => {
    const { id: requestId, method } = request;
    const ms = Math.round(reply.elapsedTime);
    const fields = { requestId, method, status: reply.statusCode, ms };
    logger.debug({ ...fields, url: pathOf(request) }, 'answered');
  });
}

function addHealth(app: FastifyInstance, health: HealthPort): void {
  app.get('/health/live', async (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ status: 'live' }),
  );
  app.get('/health/ready', async (_request, reply) => {
    const { isReady, parts } = health.readiness();
    return reply
      .code(isReady ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: isReady ? 'ready' : 'not ready', parts });
  });
}
