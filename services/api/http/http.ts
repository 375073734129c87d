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

/** The HTTP server with what every route shares: ids, headers, limits, errors, health. */
export async function createHttp(deps: {
  readonly logger: Logger;
  readonly health: HealthPort;
  /** Users connect over https, so responses may carry Strict-Transport-Security. */
  readonly isHttps: boolean;
  readonly observers?: ApiObservers;
}): Promise<FastifyInstance> {
  const answer = answerFault(deps.logger);
  const app = fastify({
    logger: false,
    genReqId: requestIdOf,
    // Address headers can be forged by anyone.
    trustProxy: false,
    bodyLimit: BODY_LIMIT,
    // Requests in flight are completed: see listen.ts.
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

/** The caller's own id, so that one request is found in the logs of both; else a new one. */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

/**
 * Without this a browser form could send text that looks like JSON, and bytes that are no text
 * would become other ids than they were meant to be: what cannot be decoded reads as U+FFFD.
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

/** Libraries answer some faults with a status alone. */
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
    logger.debug({ ...fields, url: requestPath(request) }, 'answered');
  });
}

/** Answered from the first moment to the last. */
const ALWAYS_OPEN = ['/health/live', '/health/ready', '/metrics'];

/** Ready only once every part works; during shutdown, callers are asked to connect elsewhere. */
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

/** Nothing in it is secret, or about a person: it is as open as health is. */
function addMetrics(app: FastifyInstance, metrics: NonNullable<ApiObservers['metrics']>): void {
  app.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await metrics();
    return reply.type(contentType).header('cache-control', 'no-store').send(text);
  });
}

/** Health and metrics requests are not traced. */
const UNTRACED = ['/health/live', '/health/ready', '/metrics'];

/** A span per request, continuing the caller's trace; all work for the request is inside it. */
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
  // After the body is read: earlier hooks lose the async context.
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

/** Runs a request handler so that its store reads are attributed to that request. */
export type InScope = <Result>(reply: FastifyReply, work: () => Result) => Result;

/** A caller who closes the connection before the answer is there waits for it no more. */
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
