import { RetryLaterError } from '../lib/errors.js';

/**
 * Nothing of what is left may be written now. `openFrom` is when anything at all may be written to the client's members again: it can
 * be earlier than `retryAt`, as five changes need a list where one does not.
 */
export class WritesSpentError extends RetryLaterError {
  constructor(
    retryAt: Date,
    readonly openFrom: Date,
    message: string,
    /** What Discord, or the REST client, has said of the calls that were tried; undefined: none was. */
    readonly told?: RetryLaterError,
  ) {
    super(retryAt, message, { cause: told });
    this.name = 'WritesSpentError';
  }
}
