import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import helmet from '@fastify/helmet';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';

import type { Logger } from '../../lib/logger.js';
import { createRequestScope, type RequestScopes } from '../../lib/request-scope.js';
import type { OpenSpan } from '../../lib/trace.js';
import { callerOf, expectCallers } from '../access/admission.js';
import type { ApiObservers, RequestTrace } from '../limits/meter.js';
import type { HealthPort } from '../ports.js';
import { faultOfBody } from './body-limits.js';
import {
  answerFault,
  answerNotFound,
  answerUnreadable,
  RefusedRequest,
  requestPath,
  unreadable,
  UnreadableBody,
} from './http-errors.js';

const BODY_LIMIT = 2 * 1024 * 1024;

/**
 * Creates the HTTP server with everything that all routes share: request ids, security headers,
 * limits, error handling and health.
 */
export async function createHttp(deps: {
  readonly logger: Logger;
  readonly health: HealthPort;
  /** True: users connect over https, so responses may carry Strict-Transport-Security. */
  readonly isHttps: boolean;
  readonly observers?: ApiObservers;
}): Promise<FastifyInstance> {
  const answer = answerFault(deps.logger);
  const app = fastify({
    logger: false,
    genReqId: requestIdOf,
    // X-Forwarded-For is ignored, because anyone can forge it.
    trustProxy: false,
    bodyLimit: BODY_LIMIT,
    // Requests in flight are completed on shutdown: see listen.ts.
    forceCloseConnections: false,
    requestTimeout: 60_000,
    clientErrorHandler: answerUnreadable,
    frameworkErrors: (error, request, reply) => {
      void answer(error, request, reply);
    },
    routerOptions: { maxParamLength: 200 },
  });
  expectCallers(app);
  readJsonAlone(app);
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    strictTransportSecurity: deps.isHttps,
    crossOriginResourcePolicy: { policy: 'same-origin' },
    referrerPolicy: { policy: 'no-referrer' },
  });
  app.setErrorHandler(answer);
  app.setNotFoundHandler(answerNotFound);
  logEveryFault(app);
  const { trace, metrics } = deps.observers ?? {};
  if (trace) traceRequests(app, trace);
  addRequestLog(app, deps.logger);
  keepToItsStage(app, deps.health);
  addHealth(app, deps.health);
  if (metrics) addMetrics(app, metrics);
  return app;
}

/** Characters that are safe in a log, a header and an audit record. */
const REQUEST_ID = /^[\w.:-]{1,128}$/;

/**
 * Returns the caller's `x-request-id`, so that the caller and the connector log the same id. If it
 * is missing or malformed, returns a new id.
 */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

/**
 * Accepts only JSON in valid UTF-8. Other content types would let a browser form send text that
 * looks like JSON. Invalid bytes would be decoded as U+FFFD and change ids.
 */
function readJsonAlone(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('error', 'error');
  const options = { parseAs: 'buffer' } as const;
  app.addContentTypeParser<Buffer>('application/json', options, (request, body, done) => {
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (encoding.toLowerCase() !== 'identity')
      done(new UnreadableBody(415, 'Send the body without content-encoding.'));
    else if (!isUtf8(body)) done(new UnreadableBody(400, 'The body is not valid UTF-8.'));
    else
      void parse(request, body.toString('utf8'), (error, parsed) => {
        const fault = error ? null : faultOfBody(parsed);
        done(fault === null ? error : new UnreadableBody(400, fault), parsed);
      });
  });
}

/** Adds a JSON body to error responses that libraries send without one. */
function logEveryFault(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const isBare = payload === null || payload === '' || payload === 'null';
    if (reply.statusCode < 400 || !isBare || request.method === 'HEAD') return payload;
    void reply.type('application/json; charset=utf-8');
    return JSON.stringify(unreadable(request.id));
  });
  app.server.on('checkExpectation', (_request, response) => {
    response.writeHead(417, { 'content-type': 'application/json' });
    response.end(JSON.stringify(unreadable()));
  });
}

function addRequestLog(app: FastifyInstance, logger: Logger): void {
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id);
  });
  app.addHook('onResponse', async (request, reply) => {
    const { id: requestId, method } = request;
    const ms = Math.round(reply.elapsedTime);
    const caller = callerOf(request)?.name;
    const fields = { requestId, caller, method, status: reply.statusCode, ms };
    logger.debug({ ...fields, url: requestPath(request) }, 'request answered');
  });
}

/** Paths that are also served during startup. */
const ALWAYS_OPEN = ['/health/live', '/health/ready', '/metrics'];

/**
 * Rejects requests with 503 during startup. During shutdown, adds `connection: close` to responses,
 * so that callers reconnect to another process.
 */
function keepToItsStage(app: FastifyInstance, health: HealthPort): void {
  app.addHook('onRequest', async (request, reply) => {
    const stage = health.stage();
    if (stage === 'stopping') void reply.header('connection', 'close');
    if (stage !== 'starting' || ALWAYS_OPEN.includes(requestPath(request))) return;
    throw new RefusedRequest({
      status: 503,
      code: 'UNAVAILABLE',
      message: 'The connector is starting. Try again shortly.',
      headers: { 'retry-after': '1' },
    });
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

/** Serves metrics without a key, like health: they contain no secrets and no personal data. */
function addMetrics(app: FastifyInstance, metrics: NonNullable<ApiObservers['metrics']>): void {
  app.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await metrics();
    return reply.type(contentType).header('cache-control', 'no-store').send(text);
  });
}

/** Paths whose requests are not traced. */
const UNTRACED = ['/health/live', '/health/ready', '/metrics'];

/** Opens a span per request as a child of the caller's span, and runs the handler inside it. */
function traceRequests(app: FastifyInstance, trace: RequestTrace): void {
  const spans = new WeakMap<FastifyRequest, OpenSpan>();
  app.addHook('onRequest', async (request) => {
    const path = requestPath(request);
    if (UNTRACED.includes(path)) return;
    const { traceparent } = request.headers;
    const route = request.routeOptions.url ?? 'none';
    const span = trace.begin({
      name: `${request.method} ${route}`,
      kind: 'server',
      parent: typeof traceparent === 'string' ? traceparent : null,
      attributes: {
        'http.request.method': request.method,
        'http.route': route,
        'connector.request.id': request.id,
      },
    });
    spans.set(request, span);
  });
  // Runs after the body is read, because an async context set in an earlier hook is lost.
  app.addHook('preHandler', (request, _reply, done) => {
    const span = spans.get(request);
    if (span) span.run(done);
    else done();
  });
  app.addHook('onResponse', async (request, { statusCode }) => {
    const caller = callerOf(request)?.name;
    spans.get(request)?.end({
      attributes: {
        'http.response.status_code': statusCode,
        ...(caller !== undefined && { 'connector.caller': caller }),
      },
      fault: statusCode >= 500 ? `status ${statusCode}` : null,
    });
  });
}

/** Runs a request handler in the scope of its request. */
export type InScope = <Result>(reply: FastifyReply, work: () => Result) => Result;

/**
 * Creates a function that runs a handler in a new request scope. The scope is notified if the
 * caller disconnects before the response is sent, so that reads can be cancelled. Without `scopes`,
 * the handler runs without a scope.
 */
export function runInScope(scopes: RequestScopes | undefined): InScope {
  return (reply, work) => {
    if (!scopes) return work();
    const { raw } = reply;
    const scope = createRequestScope((gone) =>
      raw.once('close', () => {
        if (!raw.writableFinished) gone();
      }),
    );
    return scopes.run(scope, work);
  };
}
