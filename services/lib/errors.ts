/**
 * Errors that callers handle by type. Any other error is a bug: the job is retried with growing
 * pauses, and after some attempts parked (see docs/reconciliation.md).
 */

/**
 * A retry cannot help unless something else changes first. `code` is short and stable, e.g.
 * `UNKNOWN_ROLE`.
 */
export class TerminalError extends Error {
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'TerminalError';
  }
}

/**
 * Discord rejected the bot's token. `revision` is the client's revision from which the token was
 * read; a newer revision may have another token.
 */
export class RefusedTokenError extends TerminalError {
  constructor(
    readonly revision: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super('UNAUTHORIZED', message, options);
  }
}

/** A retry will help, but not before `retryAt`. */
export class RetryLaterError extends Error {
  constructor(
    readonly retryAt: Date,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'RetryLaterError';
  }
}

/**
 * The call was not sent, so it had no effect. It was too early, calls are blocked, or the process
 * is stopping.
 */
export class UnsentError extends RetryLaterError {}

/** The call's rate-limit bucket is closed. Calls in other buckets may still go through. */
export class BucketSpentError extends UnsentError {}

/**
 * The remote service gave no usable response (5xx, timeout, dropped connection). A retry with
 * growing pauses may help.
 */
export class UnavailableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UnavailableError';
  }
}

/**
 * The database gave no usable response. A statement that was sent may have run, or may still run.
 */
export class DatabaseUnavailableError extends UnavailableError {}

/**
 * Discord refused for a reason that is not documented as permanent. The call is retried with
 * growing pauses, and neither member nor role is parked.
 */
export class PassingRefusalError extends UnavailableError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PassingRefusalError';
  }
}

/** Another process has taken over this work. Drop the work and write nothing. */
export class LeaseLostError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LeaseLostError';
  }
}

/** The caller's input is invalid. `field` is the path of the input field, e.g. `input.guildId`. */
export class InputError extends Error {
  constructor(
    readonly code: 'BAD_USER_INPUT' | 'NOT_FOUND' | 'CONFLICT' | 'FAILED_PRECONDITION',
    message: string,
    readonly field?: string,
  ) {
    super(message);
    this.name = 'InputError';
  }
}

/** Returns the message of anything that was thrown, Error or not. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
