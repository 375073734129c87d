import {
  GraphQLError,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import { createYoga, isAsyncIterable, type Plugin, type YogaServerInstance } from 'graphql-yoga';

import type { Logger } from '../../lib/logger.js';
import type { ApiContext } from '../context.js';
import { logFaults, publicError, withoutSuggestions } from '../kit/errors.js';
import { meterPlayground, type MeterDeps } from '../limits/meter.js';
import { guardOperation, maySeeSchema } from '../access/operation-access.js';
import { LIMITS, limitRules } from '../limits/operation-limits.js';

/** Passed by the route for each request. */
export interface PlaygroundRequest {
  readonly api: ApiContext;
}

/** Executes what the playground's page sends; the page itself is served beside it. */
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
    // Yoga caches a thousand documents, whatever their size and sender.
    parserAndValidationCache: false,
    cors: false,
    logging: false,
    // Our own plugin formats errors: the library's masking knows neither our codes nor the request
    // id.
    maskedErrors: false,
    plugins: [
      guardOperations(deps.isProduction),
      tellErrors(deps.logger, deps.isProduction),
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

/** Errors of an answer, and of every event of a subscription. */
function tellErrors(
  logger: Logger,
  isProduction: boolean,
): Plugin<PlaygroundRequest & ApiContext, PlaygroundRequest> {
  const tell = (result: ExecutionResult, { requestId, caller }: ApiContext) => {
    if (!result.errors) return null;
    logFaults(logger, requestId, result.errors);
    const shown = maySeeSchema(caller, isProduction)
      ? result.errors
      : result.errors.map(withoutSuggestions);
    const errors = shown.map((error) => told(error, requestId));
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
