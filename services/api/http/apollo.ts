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

/**
 * Creates the GraphQL server for services and generated clients. Apollo's own reporting is off:
 * nothing is sent to outside hosts.
 */
export function createApollo(deps: {
  readonly schema: GraphQLSchema;
  readonly logger: Logger;
  readonly isProduction: boolean;
  /** The id of the current request. */
  readonly requestIdNow: () => string;
  readonly drain: ApolloServerPlugin<ApiContext>;
  readonly idempotency: IdempotencyPort;
  /** Null: operations are not reported. */
  readonly meter: MeterDeps | null;
}): ApolloServer<ApiContext> {
  return new ApolloServer<ApiContext>({
    schema: deps.schema,
    nodeEnv: deps.isProduction ? 'production' : 'development',
    introspection: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    // operation-store.ts replaces the hash of a persisted document with its text before Apollo sees
    // the request.
    persistedQueries: false,
    documentStore: createDocumentCache(),
    csrfPrevention: true,
    parseOptions: { maxTokens: LIMITS.tokens },
    validationRules: limitRules,
    // Formats the errors of requests that fail before they become an operation. `guardOperations`
    // formats all other errors.
    formatError: (_, error) => publicError(error, deps.requestIdNow()),
    plugins: [
      deps.drain,
      guardOperations(deps),
      // Comes after `guardOperations`, so that errors are stored as callers receive them.
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

/**
 * Limits of the document cache. A parsed document takes about 40 times the memory of its text, so
 * the cache takes at most 20 MB.
 */
const MOST = { documents: 1_000, letters: 512 * 1024, each: 16 * 1024 };

/**
 * Creates an LRU cache of parsed, valid documents, so that repeated operations are parsed once. It
 * limits the length of the text, not the size of the tree: comments add nothing to the tree, but
 * the document keeps their text in memory, up to 2 MiB per document.
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
