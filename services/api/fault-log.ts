import { GraphQLError } from 'graphql';

import type { Logger } from '../lib/logger.js';
import { isInternal, rootCause } from './errors.js';

/** Faults of ours, once each, under the id that the caller was told. */
export function logFaults(
  logger: Logger,
  requestId: string,
  errors: readonly unknown[],
): void {
  for (const error of errors) {
    if (!isInternal(error)) continue;
    const path = error instanceof GraphQLError ? error.path?.join('.') : null;
    logger.error({ requestId, path, err: rootCause(error) }, 'request failed');
  }
}
