import { messageOf, RetryLaterError, TerminalError, UnavailableError } from '../../lib/errors.js';

/** The result of one check, worded for a community's admin. */
export interface Check {
  readonly name: string;
  readonly result: 'OK' | 'WARNING' | 'FAILED';
  /** A sentence. */
  readonly message: string;
  /** A sentence that says what to do. Null when there is nothing to do. */
  readonly remedy: string | null;
}

export const ok = (name: string, message: string): Check => ({
  name,
  message,
  result: 'OK',
  remedy: null,
});

export const warning = (name: string, message: string, remedy: string): Check => ({
  name,
  result: 'WARNING',
  message,
  remedy,
});

export const failed = (name: string, message: string, remedy: string): Check => ({
  name,
  result: 'FAILED',
  message,
  remedy,
});

/** The result of one read from Discord. A failed read is a value, so that the other reads go on. */
export type CheckedRead<T> =
  | { readonly isAnswered: true; readonly value: T }
  | { readonly isAnswered: false; readonly error: unknown };

export async function ask<T>(question: () => Promise<T>): Promise<CheckedRead<T>> {
  try {
    return { isAnswered: true, value: await question() };
  } catch (error) {
    return { isAnswered: false, error };
  }
}

export function isRefusedAs<T>(asked: CheckedRead<T>, code: string): boolean {
  if (asked.isAnswered || !(asked.error instanceof TerminalError)) return false;
  return asked.error.code === code;
}

/**
 * Returns the check for a failed read. `remedy` is used if Discord refused; outages and rate limits
 * have their own remedies.
 */
export function unanswered(name: string, error: unknown, remedy: string): Check {
  const why = messageOf(error);
  if (error instanceof RetryLaterError) {
    const until = error.retryAt.toISOString();
    return failed(
      name,
      `Cannot be checked before ${until}: ${why}.`,
      'Check again after that time.',
    );
  }
  if (error instanceof UnavailableError) {
    return failed(
      name,
      `Discord does not respond: ${why}.`,
      'Check again in a few minutes. If the problem persists, see https://discordstatus.com and the log.',
    );
  }
  return error instanceof TerminalError
    ? failed(name, `Discord refused: ${why}.`, remedy)
    : failed(name, `The connector failed: ${why}.`, "See the connector's log.");
}
