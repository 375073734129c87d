import pg from 'pg';
import { graphql, type ExecutionResult, type GraphQLSchema } from 'graphql';

import { createContext } from '../../../services/api/context.js';
import { toSubgraph } from '../../../services/api/federation/subgraph.js';
import type { ApiPorts } from '../../../services/api/ports.js';
import { buildConnectorSchema } from '../../../services/api/schema.js';
import { createSubscriptions } from '../../../services/api/subscriptions/subscriptions.js';
import { apiPorts } from '../../../services/connector/api-ports.js';
import { createDiscordRest } from '../../../services/discord/rest-api.js';
import { DISCORD_ENDPOINTS } from '../../../services/discord/rest/endpoints.js';
import { createDiscordOAuth } from '../../../services/discord/oauth/oauth.js';
import { createInvalidBudget } from '../../../services/discord/limits/invalid-budget.js';
import { silentLogger } from '../../../services/lib/logger.js';
import { templateFaults } from '../../../services/reconcile/plan/nickname.js';
import { COMPILE_NOTHING } from '../../../services/store/connection/database.js';
import { HEARTBEAT_QUERY } from '../../../services/store/connection/heartbeat.js';
import { readSettings } from '../../../services/store/connection/read-pool.js';
import { READ_TIMING } from '../../../services/store/connection/read-share.js';
import type { Store } from '../../../services/store/store.js';
import { createMigratedDatabase, openTestStore } from '../../support/store.js';

export type Data = Readonly<Record<string, unknown>>;

/** The production schema, on real ports and a real store, in a database of its own. */
export interface RealApi {
  readonly schema: GraphQLSchema;
  readonly ports: ApiPorts;
  readonly store: Store;
  readonly sql: pg.Client;
  /** Asks as the administrator; throws the error that a caller would receive. */
  ask(query: string, variables?: Data): Promise<Data>;
  answer(query: string, variables?: Data): Promise<ExecutionResult>;
  close(): Promise<void>;
}

export async function openRealApi(): Promise<RealApi> {
  const { url, drop } = await createMigratedDatabase();
  const store = await openTestStore(url);
  const direct = new pg.Client({ connectionString: url });
  await direct.connect();
  const ports = portsOn(store);
  const schema = await schemaOn(ports);
  const { answer, ask } = askers(schema, ports);
  return {
    schema,
    ports,
    store,
    sql: direct,
    answer,
    ask,
    async close() {
      await direct.end();
      await store.stop();
      await drop();
    },
  };
}

/** Asks the API as the administrator, on a store that the test has already opened. */
export async function openApiOn(store: Store): Promise<Pick<RealApi, 'ask'>> {
  const ports = portsOn(store);
  return askers(await schemaOn(ports), ports);
}

async function schemaOn(ports: ApiPorts): Promise<GraphQLSchema> {
  return toSubgraph(
    await buildConnectorSchema({
      ports,
      site: { returnOrigins: [], base: () => null },
      checkEndpoint: () => null,
      checkClientAddress: () => null,
      templateFaults,
      defaultEndpoints: DISCORD_ENDPOINTS,
    }),
  );
}

function askers(schema: GraphQLSchema, ports: ApiPorts): Pick<RealApi, 'answer' | 'ask'> {
  const contextValue = contextOn(ports);
  const answer: RealApi['answer'] = async (source, variableValues = {}) =>
    graphql({ schema, source, variableValues, contextValue: contextValue() });
  return {
    answer,
    async ask(query, variables) {
      const { data, errors } = await answer(query, variables);
      if (errors?.[0]) throw errors[0];
      return data ?? {};
    },
  };
}

export function portsOn(store: Store): ApiPorts {
  const budget = createInvalidBudget({ clock: Date.now, logger: silentLogger });
  const gateway = createDiscordRest({
    credentials: (clientId) => store.readCredentials(clientId),
    budget,
    logger: silentLogger,
    clock: Date.now,
    random: Math.random,
    userAgent: { url: 'http://127.0.0.1', version: '0.0.0' },
    timeoutMs: 10_000,
    globalRequestsPerSecond: 10_000,
  });
  return {
    ...apiPorts({
      store,
      gateway,
      oauth: createDiscordOAuth({
        budget,
        clock: Date.now,
        userAgent: 'tests',
        timeoutMs: 10_000,
      }),
      checkClient: async () => [],
      trySecrets: async () => undefined,
      logger: silentLogger,
    }),
    health: {
      stage: () => 'serving',
      readiness: () => ({ isReady: true, parts: [] }),
    },
  };
}

function contextOn(ports: ApiPorts) {
  const caller = {
    name: 'admin',
    scopes: ['discord:admin'] as const,
    clientIds: null,
  };
  const clock = Date.now;
  const subscriptions = createSubscriptions({
    ...ports,
    clock,
    logger: silentLogger,
  });
  return () =>
    createContext({
      ports,
      requestId: 'request-1',
      caller,
      callerNow: async () => caller,
      subscriptions,
      now: () => new Date(clock()),
    });
}

/**
 * Statements sent without a request: the heartbeat by a timer, the others when a connection opens.
 */
const NOBODY_ASKED: readonly unknown[] = [
  HEARTBEAT_QUERY,
  COMPILE_NOTHING,
  readSettings(READ_TIMING.statementMs),
];

/**
 * Counts the statements that all connections of this process send during `work`, without
 * NOBODY_ASKED.
 */
export async function statementsOf(work: () => Promise<unknown>) {
  const { prototype } = pg.Client;
  const query: unknown = Reflect.get(prototype, 'query');
  if (typeof query !== 'function') throw new Error('the driver has changed');
  let sent = 0;
  Reflect.set(prototype, 'query', function (this: pg.Client, ...args: unknown[]) {
    if (!NOBODY_ASKED.includes(args[0])) sent += 1;
    return Reflect.apply(query, this, args);
  });
  try {
    await work();
  } finally {
    Reflect.set(prototype, 'query', query);
  }
  return sent;
}
