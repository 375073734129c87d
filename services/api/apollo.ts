import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { GraphQLSchema } from 'graphql';

import type { Logger } from '../lib/logger.js';
import type { ApiContext } from './context.js';
import { publicError } from './errors.js';
import { logFaults } from './fault-log.js';
import { refuseStrangers, refuseSubscription } from './operation-access.js';
import { LIMITS, limitRules } from './operation-limits.js';

/** The API for services and generated clients. Nothing of it reports to anybody outside. */
export function createApollo(deps: {
  readonly schema: GraphQLSchema;
  readonly logger: Logger;
  readonly isProduction: boolean;
  readonly drain: ApolloServerPlugin<ApiContext>;
}): ApolloServer<ApiContext> {
  return new ApolloServer<ApiContext>({
    schema: deps.schema,
    nodeEnv: deps.isProduction ? 'production' : 'development',
    introspection: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    persistedQueries: false,
    // Its bound counts the parsed document, not the text that it holds on to: 2 MiB of comment, kept for any stranger.
    documentStore: null,
    csrfPrevention: true,
    parseOptions: { maxTokens: LIMITS.tokens },
    validationRules: limitRules,
    maxRecursiveSelections: true,
    // For requests that never become an operation; for all others the guard below knows the request's id.
    formatError: (_, error) => publicError(error, 'in x-request-id'),
    plugins: [
      deps.drain,
      guardOperations(deps.logger),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginCacheControlDisabled(),
    ],
  });
}

function guardOperations(logger: Logger): ApolloServerPlugin<ApiContext> {
  return {
    requestDidStart: async () => ({
      didResolveOperation: async ({ document, operation, contextValue }) => {
        refuseSubscription(operation);
        refuseStrangers(document, contextValue);
      },
      willSendResponse: async ({ errors, contextValue, response }) => {
        if (!errors || response.body.kind !== 'single') return;
        const { requestId } = contextValue;
        logFaults(logger, requestId, errors);
        response.body.singleResult.errors = errors.map((error) =>
          publicError(error, requestId),
        );
      },
    }),
  };
}
