import {
  fastifyApolloDrainPlugin,
  fastifyApolloHandler,
} from '@as-integrations/fastify';
import type { ApolloServer } from '@apollo/server';
import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { Part, Readiness } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import { createApollo } from './apollo.js';
import type { Authenticator } from './auth/caller.js';
import type { CheckEndpoint, TemplateFaults } from './client-settings.js';
import {
  createContext,
  createReceiptClock,
  type ApiContext,
} from './context.js';
import { createHttp } from './http.js';
import { renderPlaygroundPage } from './playground/page.js';
import { addPlayground, PLAYGROUND_PATH } from './playground/route.js';
import { createPlaygroundYoga } from './playground/yoga.js';
import type { ApiPorts } from './ports.js';
import { buildConnectorSchema } from './schema.js';
import { addSignIn } from './sign-in/sign-in.js';
import { baseOf, type SignInSite } from './sign-in/site.js';
import type { Endpoints } from './views.js';

export interface ApiServerDeps {
  readonly ports: ApiPorts;
  readonly auth: Authenticator;
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly host: string;
  /** 0: any free one; `address` tells which. */
  readonly port: number;
  /** Base of the addresses that people are given; outside production, where it listens will do. */
  readonly publicUrl?: string;
  /** Origins that people who signed in may be sent back to, as browsers write them. */
  readonly returnOrigins: readonly string[];
  readonly isProduction: boolean;
  readonly checkEndpoint: CheckEndpoint;
  readonly templateFaults: TemplateFaults;
  /** What a new client that names none is given: Discord's own. */
  readonly defaultEndpoints: Endpoints;
  /** Values for the playground's variables by name, e.g. the sandbox's `clientId`; asked for when the page is first opened. */
  readonly playgroundVariables?: () => Promise<
    Readonly<Record<string, unknown>>
  >;
}

export interface ApiServer extends Part {
  /** Where it listens, e.g. `http://127.0.0.1:4000`; only after `start`. */
  address(): string;
}

interface Running {
  readonly app: FastifyInstance;
  readonly apollo: ApolloServer<ApiContext>;
}

/**
 * Door 2: `POST /graphql`, `/admin`, `/discord/sso/*`, `/health/*`.
 * In: HTTP. Out: calls of the ports.
 * Never: a secret or a stack trace in an answer, or a request from a page of ours to another host.
 */
export function createApiServer(deps: ApiServerDeps): ApiServer {
  let running: Running | null = null;
  return {
    name: 'api',
    start: async () => {
      running = await build(deps);
      try {
        await running.app.listen({ host: deps.host, port: deps.port });
      } catch (error) {
        await running.apollo.stop();
        running = null;
        throw listenError(deps, error);
      }
    },
    stop: async () => {
      const { apollo } = running ?? {};
      running = null;
      // Its drain closes the HTTP server first.
      await apollo?.stop();
    },
    ready: (): Readiness =>
      running ? { ok: true } : { ok: false, reason: 'not listening' },
    address: () => {
      if (!running) throw new Error('the API does not listen');
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
  });
  const site = siteOf(deps, app);
  const schema = await buildConnectorSchema({ ...deps, site });
  const apollo = createApollo({
    schema,
    logger,
    isProduction: deps.isProduction,
    drain: fastifyApolloDrainPlugin(app),
  });
  await apollo.start();
  const contextOf = contexts(deps);
  app.post('/graphql', fastifyApolloHandler(apollo, { context: contextOf }));
  addPlayground(app, {
    yoga: createPlaygroundYoga({ schema, logger, path: PLAYGROUND_PATH }),
    renderPage: async () =>
      renderPlaygroundPage({
        operations: new URL('../../schema/operations/', import.meta.url),
        variables: (await deps.playgroundVariables?.()) ?? {},
        title: 'Discord connector',
      }),
    contextOf,
  });
  await addSignIn(app, { ports: ports.signIn, site, logger });
  return { app, apollo };
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
): (request: FastifyRequest) => Promise<ApiContext> {
  const receivedUs = createReceiptClock(deps.clock);
  return async (request) =>
    createContext({
      ports: deps.ports,
      requestId: request.id,
      caller: await deps.auth.authenticate(request.headers.authorization),
      now: () => new Date(deps.clock()),
      receivedUs,
    });
}

const LISTEN_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'no such host is known',
  EACCES: 'the system does not allow it',
};

function listenError(deps: ApiServerDeps, cause: unknown): Error {
  const code =
    cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const why = LISTEN_FAULTS[code] ?? (code || 'for an unknown reason');
  return new Error(
    `cannot listen on HOST ${deps.host}, PORT ${deps.port}: ${why}`,
    { cause },
  );
}
