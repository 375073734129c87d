import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { YogaServerInstance } from 'graphql-yoga';

import type { ApiContext } from '../context.js';
import type { InScope } from '../http/http.js';
import type { PlaygroundPage } from './page.js';
import type { PlaygroundRequest } from './yoga.js';

export const PLAYGROUND_PATH = '/admin';

/** The page for browsers, its operations for the page. The page needs no key, its operations do. */
export function addPlayground(
  app: FastifyInstance,
  deps: {
    readonly yoga: YogaServerInstance<PlaygroundRequest, ApiContext>;
    readonly renderPage: () => Promise<PlaygroundPage>;
    readonly contextOf: (request: FastifyRequest) => Promise<ApiContext>;
    readonly inScope: InScope;
  },
): void {
  let page: Promise<PlaygroundPage> | null = null;
  const onePage = () => {
    page ??= deps.renderPage().catch((error: unknown) => {
      page = null;
      throw error;
    });
    return page;
  };
  app.route({
    method: ['GET', 'POST'],
    url: PLAYGROUND_PATH,
    handler: async (request, reply) =>
      asksForPage(request)
        ? sendPage(request, reply, await onePage())
        : deps.inScope(reply, () => execute(request, reply, deps)),
  });
}

/** A browser that opens the playground: it gets the page, and nothing is executed. */
export function asksForPage(request: FastifyRequest): boolean {
  const { method, headers, routeOptions } = request;
  const isPage = method === 'GET' && routeOptions.url === PLAYGROUND_PATH;
  return isPage && headers.accept?.includes('text/html') === true;
}

async function sendPage(
  request: FastifyRequest,
  reply: FastifyReply,
  page: PlaygroundPage,
): Promise<FastifyReply> {
  void reply.headers({
    'content-security-policy': page.contentSecurityPolicy,
    'cache-control': 'no-cache',
    etag: page.etag,
    vary: 'accept, accept-encoding',
  });
  if (request.headers['if-none-match'] === page.etag) return reply.code(304).send();
  void reply.type('text/html; charset=utf-8');
  if (!request.headers['accept-encoding']?.includes('gzip'))
    return reply.send(await promisify(gunzip)(page.gzipped));
  return reply.header('content-encoding', 'gzip').send(page.gzipped);
}

async function execute(
  request: FastifyRequest,
  reply: FastifyReply,
  deps: Parameters<typeof addPlayground>[1],
): Promise<FastifyReply> {
  const api = await deps.contextOf(request);
  const response = await deps.yoga.handleNodeRequestAndResponse(request, reply, { api });
  for (const [name, value] of response.headers) void reply.header(name, value);
  // Else a proxy in front may gather events until it has many.
  if (response.headers.get('content-type')?.startsWith('text/event-stream'))
    void reply.header('x-accel-buffering', 'no');
  return reply.code(response.status).send(response.body);
}
