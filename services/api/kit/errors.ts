import { GraphQLError, type GraphQLFormattedError, Kind } from 'graphql';

import { InputError, RetryLaterError, TerminalError, UnavailableError } from '../../lib/errors.js';
import type { Logger } from '../../lib/logger.js';

export type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'BAD_USER_INPUT'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'FAILED_PRECONDITION'
  | 'DISCORD_ERROR'
  | 'DISCORD_RATE_LIMITED'
  | 'UNAVAILABLE'
  | 'RATE_LIMITED'
  | 'PERSISTED_QUERY_NOT_FOUND'
  | 'INTERNAL';

/** Code and message of an error, as the caller sees them. */
interface Fault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly [extension: string]: unknown;
}

/**
 * Returns what the caller sees of an error. For an internal error the caller gets only the request
 * id; the details are in the log. The result never contains a stack trace or the caller's input,
 * which may contain a secret.
 */
export function publicError(error: unknown, requestId: string): GraphQLFormattedError {
  const { message, ...fields } = readFault(error) ?? {
    code: 'INTERNAL',
    message: `Internal error, request ${requestId}`,
  };
  const extensions = { ...fields, requestId };
  if (!(error instanceof GraphQLError)) return { message, extensions };
  return {
    message,
    ...(error.locations ? { locations: error.locations } : {}),
    ...(error.path ? { path: error.path } : {}),
    extensions,
  };
}

/**
 * Removes the names that GraphQL's validation suggests for a misspelt one. Only callers that may
 * read the schema get these suggestions.
 */
export function withoutSuggestions(error: GraphQLError): GraphQLError {
  const inner = error.originalError;
  return new GraphQLError(error.message.replace(/ Did you mean .*$/s, ''), {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    path: error.path ?? null,
    originalError: inner instanceof GraphQLError ? withoutSuggestions(inner) : inner,
    extensions: error.extensions,
  });
}

/** True for an unexpected error, which must be logged. */
function isInternal(error: unknown): boolean {
  return readFault(error) === null;
}

/** Returns the original error inside the wrappers of GraphQL and its servers. */
function rootCause(error: unknown): unknown {
  const inner = error instanceof GraphQLError ? error.originalError : undefined;
  return inner ? rootCause(inner) : error;
}

function readFault(error: unknown): Fault | null {
  const cause = rootCause(error);
  if (isTooDeep(cause) && !(error instanceof GraphQLError && error.path))
    return { code: 'BAD_USER_INPUT', message: 'The operation is nested too deeply.' };
  if (cause instanceof GraphQLError && error instanceof GraphQLError)
    return readGraphQLFault(error, cause);
  if (cause instanceof InputError)
    return { code: cause.code, message: cause.message, ...field(cause.field) };
  if (cause instanceof TerminalError)
    return { code: 'DISCORD_ERROR', message: cause.message, reason: cause.code };
  if (cause instanceof RetryLaterError)
    return {
      code: 'DISCORD_RATE_LIMITED',
      message: cause.message,
      retryAt: cause.retryAt.toISOString(),
    };
  if (cause instanceof UnavailableError) return { code: 'UNAVAILABLE', message: cause.message };
  return null;
}

/**
 * Returns whether the error is a stack overflow. GraphQL parses nested input recursively, so a
 * stack overflow before execution can only come from the caller's input.
 */
function isTooDeep(cause: unknown): boolean {
  return cause instanceof RangeError && cause.message === 'Maximum call stack size exceeded';
}

const OWN_CODES = ['UNAUTHENTICATED', 'FORBIDDEN', 'BAD_USER_INPUT'] as const;

/**
 * Reads an error thrown by GraphQL or by our access checks. Returns null for an internal error,
 * which has none of OWN_CODES and occurred while a field was being resolved. Every other error is
 * the caller's fault.
 */
function readGraphQLFault(outer: GraphQLError, cause: GraphQLError): Fault | null {
  const variable = variablePath(outer);
  if (variable)
    return {
      code: 'BAD_USER_INPUT',
      message: cause === outer ? 'This value has the wrong type.' : withoutValues(cause.message),
      field: variable,
    };
  const own = OWN_CODES.find((code) => code === cause.extensions.code);
  if (own) return { code: own, message: cause.message, ...field(cause.extensions.field) };
  const isServing = outer.path !== undefined && outer.nodes?.[0]?.kind === Kind.FIELD;
  if (isServing) return null;
  return { code: 'BAD_USER_INPUT', message: withoutValues(cause.message) };
}

/**
 * Returns the path of an invalid variable, for example `input.guildId`, which GraphQL gives only in
 * the message.
 */
function variablePath(error: GraphQLError): string | undefined {
  const match = /^Variable "\$(\w+)" (?:got|has) invalid value /.exec(error.message);
  const name = match?.[1];
  if (name === undefined) return undefined;
  const place = [...error.message.matchAll(/ at "(\w+[\w.[\]]*)"; /g)]
    .map((found) => found[1] ?? '')
    .findLast((found) => /^\w+/.exec(found)?.[0] === name);
  return place ?? name;
}

/**
 * Removes the invalid value from a GraphQL message, because the value may be a misplaced secret.
 */
function withoutValues(message: string): string {
  const shown = message
    .replace(/^(Expected value of type .*?), found .*$/s, '$1.')
    .replace(/^(.*? cannot represent [^:"]*|Enum .*? value): .*$/s, '$1.')
    .replace(/^Value ".*" (does not exist in "\w+" enum).*$/s, 'The value $1.')
    .replace(/^(Syntax Error: .*?\b(?:Block)?String) ".*$/s, '$1.');
  return shown.length <= MAX_MESSAGE ? shown : `${shown.slice(0, MAX_MESSAGE)}…`;
}

/** Maximum length. GraphQL's messages repeat unknown names, which may be a megabyte long. */
const MAX_MESSAGE = 500;

const field = (name: unknown) => (typeof name === 'string' ? { field: name } : {});

/** Logs each internal error once, under the request id the caller got. */
export function logFaults(logger: Logger, requestId: string, errors: readonly unknown[]): void {
  for (const error of errors) {
    if (!isInternal(error)) continue;
    const path = error instanceof GraphQLError ? error.path?.join('.') : null;
    logger.error({ requestId, path, err: rootCause(error) }, 'request failed');
  }
}
