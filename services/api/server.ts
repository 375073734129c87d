import { AsyncLocalStorage } from 'node:async_hooks';

import type { ApolloServer } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { GraphQLSchema } from 'graphql';

import type { Part, Readiness } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import type { RequestScopes } from '../lib/request-scope.js';
import {
  admitCallers,
  callerAgain,
  callerOf,
  createSignIn,
  type RateLimits,
  type SignIn,
} from './access/admission.js';
import type { Authenticator } from './access/caller.js';
import type { TokenVerifier } from './access/tokens.js';
import type { ClientPolicy } from './clients/client-settings.js';
import { type ApiContext, createContext } from './context.js';
import { toSubgraph } from './federation/subgraph.js';
import { createApollo } from './http/apollo.js';
import { createHttp, runInScope } from './http/http.js';
import { closeWithApollo, listen } from './http/listen.js';
import { refuseKeysBut } from './idempotency/answer-once.js';
import { type ApiObservers, type MeterDeps, meterOf } from './limits/meter.js';
import {
  createOperationStore,
  persistOperations,
  readOperationList,
} from './limits/operation-store.js';
import { renderPlaygroundPage } from './playground/page.js';
import {
  addPlayground,
  asksForPage,
  createPlaygroundYoga,
  PLAYGROUND_PATH,
} from './playground/route.js';
import type { ApiPorts } from './ports.js';
import { buildConnectorSchema } from './schema.js';
import { baseOf, type SignInSite } from './sign-in/addresses.js';
import { addSignIn } from './sign-in/sign-in.js';
import { createSubscriptions, type Subscriptions } from './subscriptions/subscriptions.js';

export interface ApiServerDeps extends ClientPolicy {
  readonly ports: ApiPorts;
  /** Checks API keys. */
  readonly auth: Authenticator;
  /** Null: JWTs are rejected. */
  readonly tokens: TokenVerifier | null;
  readonly rateLimits: RateLimits;
  readonly persistedQueries: {
    /** True: only registered operations are accepted. */
    readonly isOnly: boolean;
    /** Folder or file of registered operations. Null: `schema/operations`. */
    readonly path: string | null;
  };
  readonly logger: Logger;
  readonly observers?: ApiObservers;
  /**
   * Tells the store which request is running, so that the store stops reading when the caller
   * disconnects.
   */
  readonly scopes?: RequestScopes;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly host: string;
  /** 0: any free port. `address` then returns the address with the chosen port. */
  readonly port: number;
  /**
   * Base of public URLs. If absent, the listening address is used; in production, sign-in then
   * fails.
   */
  readonly publicUrl?: string;
  /** Origins to which people may be redirected after sign-in, written as browsers send them. */
  readonly returnOrigins: readonly string[];
  readonly isProduction: boolean;
  /**
   * Values for variables of the playground's operations by name, such as the sandbox's `clientId`.
   * Read when the page is first opened.
   */
  readonly playgroundVariables?: () => Promise<Readonly<Record<string, unknown>>>;
}

export interface ApiServer extends Part {
  /** Returns the listening address, e.g. `http://127.0.0.1:4000`. Call it only after `start`. */
  address(): string;
}

interface Running {
  readonly app: FastifyInstance;
  readonly apollo: ApolloServer<ApiContext>;
}

/**
 * Creates the HTTP server for `POST /graphql`, `/admin`, `/discord/sso/*`, `/health/*` and
 * `/metrics`. It does its work by calling the ports. Its responses never contain a secret or a
 * stack trace, and its pages never load from or connect to another host.
 */
export function createApiServer(deps: ApiServerDeps): ApiServer {
  let running: Running | null = null;
  return {
    name: 'api',
    start: async () => {
      running = await build(deps);
      try {
        await listen(running.app, deps);
      } catch (error) {
        await running.apollo.stop();
        running = null;
        throw error;
      }
    },
    stop: async () => {
      const { apollo } = running ?? {};
      running = null;
      // Apollo's drain hook closes the HTTP server first.
      await apollo?.stop();
    },
    ready: (): Readiness => (running ? { ok: true } : { ok: false, reason: 'not listening' }),
    address: () => {
      if (!running) throw new Error('the API is not listening');
      return running.app.listeningOrigin;
    },
  };
}

async function build(deps: ApiServerDeps): Promise<Running> {
  const { ports, logger } = deps;
  const app = await createHttp({
    logger,
    health: ports.health,
    isHttps: deps.publicUrl?.startsWith('https:') ?? false,
    observers: deps.observers ?? {},
  });
  const listed = await readOperationList(deps.persistedQueries.path);
  const meter = meterOf(deps.observers, listed);
  const site = siteOf(deps, app);
  const requestIds = new AsyncLocalStorage<string>();
  const schema = toSubgraph(await buildConnectorSchema({ ...deps, site }));
  const apollo = createApollo({
    schema,
    logger,
    isProduction: deps.isProduction,
    requestIdNow: () => requestIds.getStore() ?? 'unknown',
    drain: closeWithApollo(app),
    idempotency: ports.idempotency,
    meter,
  });
  await apollo.start();
  const subscriptions = createSubscriptions({ ...deps, ...ports });
  app.addHook('preClose', async () => subscriptions.stop());
  const signIn = createSignIn({ keys: deps.auth, tokens: deps.tokens });
  const contextOf = contexts(deps, { subscriptions, signIn });
  await app.register(async (scope) => {
    await protect(scope, { deps, signIn, listed });
    const execute = fastifyApolloHandler(apollo, { context: contextOf });
    const inScope = runInScope(deps.scopes);
    scope.post('/graphql', async (request, reply) =>
      inScope(reply, () => requestIds.run(request.id, () => execute.call(app, request, reply))),
    );
    servePlayground(scope, { deps, schema, contextOf, meter });
  });
  await addSignIn(app, {
    ports: ports.signIn,
    site,
    logger,
    traceNow: () => deps.observers?.trace?.current() ?? null,
  });
  return { app, apollo };
}

/**
 * Adds the checks that run before every operation at `/graphql` and `/admin`: authentication, rate
 * limit, document lookup.
 */
async function protect(
  scope: FastifyInstance,
  its: {
    readonly deps: ApiServerDeps;
    readonly signIn: SignIn;
    readonly listed: ReadonlyMap<string, string>;
  },
): Promise<void> {
  const { deps, signIn, listed } = its;
  const { logger, rateLimits: limits } = deps;
  const isPublic = asksForPage;
  await admitCallers(scope, { signIn, limits, logger, isPublic });
  refuseKeysBut(scope, '/graphql');
  const { isOnly } = deps.persistedQueries;
  persistOperations(scope, createOperationStore(listed, isOnly));
}

function servePlayground(
  scope: FastifyInstance,
  its: {
    readonly deps: ApiServerDeps;
    readonly schema: GraphQLSchema;
    readonly contextOf: (request: FastifyRequest) => Promise<ApiContext>;
    readonly meter: MeterDeps | null;
  },
): void {
  const { deps, schema, contextOf, meter } = its;
  const { logger, isProduction } = deps;
  const path = PLAYGROUND_PATH;
  addPlayground(scope, {
    yoga: createPlaygroundYoga({ schema, logger, path, isProduction, meter }),
    renderPage: async () =>
      renderPlaygroundPage({
        operations: new URL('../../schema/operations/', import.meta.url),
        variables: (await deps.playgroundVariables?.()) ?? {},
        title: 'Discord connector',
      }),
    contextOf,
    inScope: runInScope(deps.scopes),
  });
}

function siteOf(deps: ApiServerDeps, app: FastifyInstance): SignInSite {
  const { publicUrl, returnOrigins, isProduction } = deps;
  return {
    returnOrigins,
    base: () => {
      if (publicUrl !== undefined) return baseOf(publicUrl);
      return isProduction ? null : app.listeningOrigin;
    },
  };
}

function contexts(
  deps: ApiServerDeps,
  its: { readonly subscriptions: Subscriptions; readonly signIn: SignIn },
): (request: FastifyRequest) => Promise<ApiContext> {
  const { subscriptions, signIn } = its;
  const { clock, observers } = deps;
  return async (request) =>
    createContext({
      ports: deps.ports,
      requestId: request.id,
      scope: deps.scopes?.current() ?? null,
      traceparent: observers?.trace?.current() ?? null,
      caller: callerOf(request),
      callerNow: async () => callerAgain(request, { signIn, clock }),
      subscriptions,
      now: () => new Date(clock()),
    });
}
