import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
} from 'graphql';
import { createYoga, isAsyncIterable, type Plugin, type YogaServerInstance } from 'graphql-yoga';

import type { Logger } from '../../lib/logger.js';
import { guardOperation, maySeeSchema } from '../access/operation-access.js';
import type { ApiContext } from '../context.js';
import type { InScope } from '../http/http.js';
import { logFaults, publicError, withoutSuggestions } from '../kit/errors.js';
import { type MeterDeps, meterPlayground } from '../limits/meter.js';
import { limitRules, LIMITS } from '../limits/operation-limits.js';
import type { PlaygroundPage } from './page.js';

export const PLAYGROUND_PATH = '/admin';

/**
 * Serves the playground's page at `/admin`, and executes its operations at the same path. The page
 * needs no key; its operations do.
 */
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

/** Returns whether a browser requests the playground's page. No operation is executed then. */
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
  // Prevents a proxy from buffering events.
  if (response.headers.get('content-type')?.startsWith('text/event-stream'))
    void reply.header('x-accel-buffering', 'no');
  return reply.code(response.status).send(response.body);
}

/** What the route passes to Yoga with each request. */
interface PlaygroundRequest {
  readonly api: ApiContext;
}

/**
 * Creates the Yoga server that executes the playground's operations. `addPlayground` serves the
 * page.
 */
export function createPlaygroundYoga(deps: {
  readonly schema: GraphQLSchema;
  readonly logger: Logger;
  readonly path: string;
  readonly isProduction: boolean;
  readonly meter: MeterDeps | null;
}): YogaServerInstance<PlaygroundRequest, ApiContext> {
  return createYoga<PlaygroundRequest, ApiContext>({
    schema: deps.schema,
    graphqlEndpoint: deps.path,
    context: ({ api }) => api,
    graphiql: false,
    landingPage: false,
    multipart: false,
    batching: false,
    // Off, because Yoga would cache a thousand documents of any size from any caller.
    parserAndValidationCache: false,
    cors: false,
    logging: false,
    // `maskErrors` below formats errors instead, because Yoga's masking knows neither our codes nor
    // the request id.
    maskedErrors: false,
    plugins: [
      guardOperations(deps.isProduction),
      maskErrors(deps.logger, deps.isProduction),
      ...(deps.meter === null ? [] : [meterPlayground(deps.meter)]),
    ],
  });
}

type GuardedArgs = Omit<ExecutionArgs, 'contextValue' | 'variableValues'> & {
  readonly contextValue: ApiContext;
  readonly variableValues?: Readonly<Record<string, unknown>> | null;
};

function guardOperations(isProduction: boolean): Plugin<PlaygroundRequest & ApiContext> {
  const guard = (args: GuardedArgs) =>
    guardOperation(
      { ...args, variables: args.variableValues ?? {} },
      args.contextValue,
      isProduction,
    );
  return {
    onParse: (hook) => {
      const parse = hook.parseFn;
      const options = { ...hook.params.options, maxTokens: LIMITS.tokens };
      hook.setParseFn((source) => parse(source, options));
    },
    onValidate: ({ addValidationRule }) => {
      for (const rule of limitRules) addValidationRule(rule);
    },
    onExecute: ({ args }) => guard(args),
    onSubscribe: ({ args }) => guard(args),
  };
}

/** Masks the errors of a response and of every subscription event. */
function maskErrors(
  logger: Logger,
  isProduction: boolean,
): Plugin<PlaygroundRequest & ApiContext, PlaygroundRequest> {
  const tell = (result: ExecutionResult, { requestId, caller }: ApiContext) => {
    if (!result.errors) return null;
    logFaults(logger, requestId, result.errors);
    const shown = maySeeSchema(caller, isProduction)
      ? result.errors
      : result.errors.map(withoutSuggestions);
    const errors = shown.map((error) => maskError(error, requestId));
    return { ...result, errors };
  };
  return {
    onResultProcess: (hook) => {
      const { result } = hook;
      if (Array.isArray(result) || isAsyncIterable(result)) return;
      const answer = tell(result, hook.serverContext.api);
      if (answer) hook.setResult(answer);
    },
    onSubscribe: ({ args }) => ({
      onSubscribeResult: () => ({
        onNext: ({ result, setResult }) => {
          if (isAsyncIterable(result)) return;
          const event = tell(result, args.contextValue);
          if (event) setResult(event);
        },
      }),
    }),
  };
}

/**
 * Returns the masked error with its extension `http`. Yoga takes the response's status from that
 * extension and removes it from the response.
 */
function maskError(error: GraphQLError, requestId: string): GraphQLError {
  const { message, extensions } = publicError(error, requestId);
  const { http } = error.extensions;
  return new GraphQLError(message, {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    path: error.path ?? null,
    extensions: { ...extensions, ...(http ? { http } : {}) },
  });
}
