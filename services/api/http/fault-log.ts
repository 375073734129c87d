import { GraphQLError } from 'graphql';

import type { Logger } from '../../lib/logger.js';
import { isInternal, rootCause } from '../kit/errors.js';

/** Logs each internal error once, under the request id the caller got. */
export function logFaults(logger: Logger, requestId: string, errors: readonly unknown[]): void {
  for (const error of errors) {
    if (!isInternal(error)) continue;
    const path = error instanceof GraphQLError ? error.path?.join('.') : null;
    logger.error({ requestId, path, err: rootCause(error) }, 'request failed');
  }
}
