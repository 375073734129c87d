/**
 * The errors that mean something to their catcher. Anything else that is thrown is a bug: back off,
 * then park.
 */

/**
 * Trying again cannot help until something else changes. `code` is stable and short, e.g.
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
 * Discord refused the bot's token. `revision` is that of the client it was read with: a newer one
 * may have another by now.
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

/** Trying again will help, but not before `retryAt`. */
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

/** A call that was not made, for it would have come too early: nothing can have come of it. */
export class UnsentError extends RetryLaterError {}

/** The call's own bucket is spent: calls of other buckets can be made. */
export class BucketSpentError extends UnsentError {}

/**
 * The other side gave no usable answer (5xx, timeout, dropped connection). Trying again with
 * growing pauses may help.
 */
export class UnavailableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UnavailableError';
  }
}

/**
 * The database gave no usable answer. A statement that was sent may have been carried out, or may
 * be yet.
 */
export class DatabaseUnavailableError extends UnavailableError {}

/**
 * Discord refused for a reason that is not documented as lasting. Retried with growing pauses; no
 * member or role is parked for it.
 */
export class PassingRefusalError extends UnavailableError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PassingRefusalError';
  }
}

/** The work at hand now belongs to another process: drop it without a trace. */
export class LeaseLostError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LeaseLostError';
  }
}

/** The caller's input is at fault. `field` is the path of the input field, e.g. `input.guildId`. */
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

/** What was thrown, in words: anything can be thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
