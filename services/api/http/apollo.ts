import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { DocumentNode, GraphQLSchema } from 'graphql';

import type { Logger } from '../../lib/logger.js';
import { guardOperation, maySeeSchema, refuseSubscription } from '../access/operation-access.js';
import type { ApiContext } from '../context.js';
import { answerOnce } from '../idempotency/answer-once.js';
import type { IdempotencyPort } from '../idempotency/ports.js';
import { logFaults, publicError, withoutSuggestions } from '../kit/errors.js';
import { type MeterDeps, meterOperations } from '../limits/meter.js';
import { limitRules, LIMITS } from '../limits/operation-limits.js';

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

interface Kept {
  readonly document: DocumentNode;
  readonly length: number;
}

/** A parsed document takes some forty times the memory of its text: at most about 20 MB in all. */
const MOST = { documents: 1_000, letters: 512 * 1024, each: 16 * 1024 };

/**
 * Documents that were parsed and found valid, so that what callers ask all day is read once: the
 * last used stay. Bounded by the text, not by the tree: comments leave no trace in a tree, and 2
 * MiB of them would be kept for any stranger.
 */
export function createDocumentCache() {
  const kept = new Map<string, Kept>();
  let letters = 0;
  const forget = (key: string) => {
    letters -= kept.get(key)?.length ?? 0;
    return kept.delete(key);
  };
  const keep = (key: string, value: Kept) => {
    forget(key);
    kept.set(key, value);
    letters += value.length;
  };
  return {
    async get(key: string): Promise<DocumentNode | undefined> {
      const found = kept.get(key);
      if (found !== undefined) keep(key, found);
      return found?.document;
    },
    async set(key: string, document: DocumentNode): Promise<void> {
      const length = document.loc?.source.body.length ?? MOST.each + 1;
      if (length > MOST.each) return;
      keep(key, { document, length });
      for (const oldest of kept.keys()) {
        if (kept.size <= MOST.documents && letters <= MOST.letters) break;
        forget(oldest);
      }
    },
    async delete(key: string): Promise<boolean> {
      return forget(key);
    },
  };
}
