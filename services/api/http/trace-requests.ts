import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { OpenSpan } from '../../lib/trace.js';
import { callerOf } from '../access/admission.js';
import { requestPath } from './http-errors.js';
import type { RequestTrace } from '../kit/observers.js';

/** Health and metrics requests are not traced. */
const UNTRACED = ['/health/live', '/health/ready', '/metrics'];

/** A span per request, continuing the caller's trace; all work for the request is inside it. */
export function traceRequests(app: FastifyInstance, trace: RequestTrace): void {
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
