import { createApiKeyAuthenticator } from '../api/access/caller.js';
import { createTokenVerifier } from '../api/access/tokens.js';
import type { ApiObservers } from '../api/limits/meter.js';
import { createApiServer, type ApiServer } from '../api/server.js';
import type { Config } from '../config.js';
import {
  checkApiBase,
  checkClientAddress,
  checkEndpoint,
  DISCORD_ENDPOINTS,
} from '../discord/rest/endpoints.js';
import type { Life, Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import type { RequestScopes } from '../lib/request-scope.js';
import { templateFaults } from '../reconcile/plan/nickname.js';
import type { RunningSandbox } from '../demo/sandbox.js';
import type { Store } from '../store/store.js';
import { apiPorts } from './api-ports.js';
import type { CheckClient } from './check-client.js';
import type { Discord } from './discord.js';
import { healthOf } from './health.js';

interface World extends Discord {
  readonly store: Store;
  readonly sandbox: RunningSandbox | null;
  readonly watched: readonly Part[];
  readonly life: () => Life;
  readonly checkClient: CheckClient;
  readonly observers: ApiObservers;
  readonly scopes: RequestScopes;
}

/** Creates the API server with all its operations. */
export function apiOf(config: Config, logger: Logger, world: World): ApiServer {
  const { sandbox } = world;
  const { publicUrl } = config.http;
  const issuer = config.tokenIssuer;
  const isProduction = sandbox === null;
  const rules = { allowlist: config.endpointAllowlist, isProduction };
  return createApiServer({
    ports: { ...apiPorts({ ...world, logger }), health: healthOf(config, world) },
    auth: createApiKeyAuthenticator({ keys: apiKeys(config, sandbox) }),
    tokens: issuer && createTokenVerifier({ issuer, clock: Date.now, logger }),
    rateLimits: config.rateLimits,
    persistedQueries: config.persistedQueries,
    logger,
    observers: world.observers,
    scopes: world.scopes,
    clock: Date.now,
    host: config.http.host,
    port: config.http.port,
    ...(publicUrl !== null && { publicUrl }),
    returnOrigins: config.returnOrigins,
    isProduction,
    checkEndpoint: (url, name) => (name === 'apiBase' ? checkApiBase : checkEndpoint)(url, rules),
    checkClientAddress: (name, address) =>
      checkClientAddress(name, address, { isProduction, publicUrl }),
    templateFaults,
    defaultEndpoints: sandbox?.client.endpoints ?? DISCORD_ENDPOINTS,
    ...(sandbox && {
      playgroundVariables: async () => {
        const { demoVariables } = await import('./demonstrate.js');
        return demoVariables({ sandbox, store: world.store });
      },
    }),
  });
}

function apiKeys(config: Config, sandbox: RunningSandbox | null): Config['apiKeys'] {
  if (sandbox === null) return config.apiKeys;
  const sandboxKey = {
    name: 'sandbox-admin',
    scopes: ['discord:admin'] as const,
    hash: sandbox.adminKeyHash,
    clientIds: null,
  };
  return [...config.apiKeys, sandboxKey];
}
