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
    options?: ErrorOptions,
  ) {
    super(retryAt, message, options);
    this.name = 'WritesSpentError';
  }
}
