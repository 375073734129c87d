import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { GraphQLSchema } from 'graphql';

import type { Logger } from '../../lib/logger.js';
import type { ApiContext } from '../context.js';
import { createDocumentCache } from '../limits/document-cache.js';
import { publicError, withoutSuggestions } from '../kit/errors.js';
import { logFaults } from './fault-log.js';
import { answerOnce } from '../idempotency/answer-once.js';
import type { IdempotencyPort } from '../idempotency/ports.js';
import { meterOperations, type MeterDeps } from '../limits/meter.js';
import { guardOperation, maySeeSchema, refuseSubscription } from '../access/operation-access.js';
import { LIMITS, limitRules } from '../limits/operation-limits.js';

/** The API for services and generated clients. Nothing of it reports to anybody outside. */
export function createApollo(deps: {
  readonly schema: GraphQLSchema;
  readonly logger: Logger;
  readonly isProduction: boolean;
  /** The id of the request that is being answered. */
  readonly requestIdNow: () => string;
  readonly drain: ApolloServerPlugin<ApiContext>;
  readonly idempotency: IdempotencyPort;
  /** Null: not counted. */
  readonly meter: MeterDeps | null;
}): ApolloServer<ApiContext> {
  return new ApolloServer<ApiContext>({
    schema: deps.schema,
    nodeEnv: deps.isProduction ? 'production' : 'development',
    introspection: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    // Documents that are not sent are put in their place before: see operation-store.ts.
    persistedQueries: false,
    documentStore: createDocumentCache(),
    csrfPrevention: true,
    parseOptions: { maxTokens: LIMITS.tokens },
    validationRules: limitRules,
    // For requests that never become an operation; for all others the guard below knows the
    // request's id.
    formatError: (_, error) => publicError(error, deps.requestIdNow()),
    plugins: [
      deps.drain,
      guardOperations(deps),
      // After the guard, which leaves errors as callers get them.
      answerOnce(deps),
      ...(deps.meter === null ? [] : [meterOperations(deps.meter)]),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginCacheControlDisabled(),
    ],
  });
}

function guardOperations(deps: {
  readonly logger: Logger;
  readonly isProduction: boolean;
}): ApolloServerPlugin<ApiContext> {
  return {
    requestDidStart: async () => ({
      didResolveOperation: async (resolved) => {
        const { schema, document, operation, request } = resolved;
        refuseSubscription(operation);
        const { operationName, variables = {} } = request;
        const asked = { schema, document, operationName, variables };
        guardOperation(asked, resolved.contextValue, deps.isProduction);
      },
      willSendResponse: async ({ errors, contextValue, response }) => {
        if (!errors || response.body.kind !== 'single') return;
        const { requestId, caller } = contextValue;
        logFaults(deps.logger, requestId, errors);
        const shown = maySeeSchema(caller, deps.isProduction)
          ? errors
          : errors.map(withoutSuggestions);
        response.body.singleResult.errors = shown.map((error) => publicError(error, requestId));
      },
    }),
  };
}
