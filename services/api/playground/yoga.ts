import { GraphQLError, type GraphQLSchema } from 'graphql';
import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga';

import type { Logger } from '../../lib/logger.js';
import type { ApiContext } from '../context.js';
import { publicError } from '../errors.js';
import { logFaults } from '../fault-log.js';
import { refuseStrangers } from '../operation-access.js';
import { LIMITS, limitRules } from '../operation-limits.js';

/** What the route hands over for each request. */
export interface PlaygroundRequest {
  readonly api: ApiContext;
}

/** Executes what the playground's page sends; the page itself is served beside it. */
export function createPlaygroundYoga(deps: {
  readonly schema: GraphQLSchema;
  readonly logger: Logger;
  readonly path: string;
}): YogaServerInstance<PlaygroundRequest, ApiContext> {
  return createYoga<PlaygroundRequest, ApiContext>({
    schema: deps.schema,
    graphqlEndpoint: deps.path,
    context: ({ api }) => api,
    graphiql: false,
    landingPage: false,
    multipart: false,
    batching: false,
    // It keeps a thousand documents, whatever their size and whoever sent them.
    parserAndValidationCache: false,
    cors: false,
    logging: false,
    // Errors are told by our own plugin: the library's mask knows neither our codes nor the request.
    maskedErrors: false,
    plugins: [guardOperations(), tellErrors(deps.logger)],
  });
}

function guardOperations(): Plugin<PlaygroundRequest & ApiContext> {
  return {
    onParse: (hook) => {
      const parse = hook.parseFn;
      const options = { ...hook.params.options, maxTokens: LIMITS.tokens };
      hook.setParseFn((source) => parse(source, options));
    },
    onValidate: ({ addValidationRule }) => {
      for (const rule of limitRules) addValidationRule(rule);
    },
    onExecute: ({ args }) => {
      refuseStrangers(args.document, args.contextValue);
    },
  };
}

function tellErrors(logger: Logger): Plugin<object, PlaygroundRequest> {
  return {
    onResultProcess: (hook) => {
      const { result } = hook;
      if (Array.isArray(result) || !('errors' in result) || !result.errors)
        return;
      const { requestId } = hook.serverContext.api;
      logFaults(logger, requestId, result.errors);
      hook.setResult({
        ...result,
        errors: result.errors.map((error) => told(error, requestId)),
      });
    },
  };
}

/** `http` is the library's note to itself about the status; it does not go out. */
function told(error: GraphQLError, requestId: string): GraphQLError {
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
