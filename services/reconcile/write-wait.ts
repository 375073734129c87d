import { RetryLaterError } from '../lib/errors.js';
import type { MemberTarget } from './ports.js';

/**
 * Nothing of what is left may be written now. `openFrom` is when anything at all may be written to
 * the client's members again: it can be earlier than `retryAt`, as five changes need a list where
 * one does not.
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

export function writesSpent(
  { discordUserId, guildId }: MemberTarget,
  wait: { readonly untilMs: number; readonly openFromMs: number },
  cause: RetryLaterError | undefined,
): WritesSpentError {
  return new WritesSpentError(
    new Date(wait.untilMs),
    new Date(wait.openFromMs),
    cause?.message ??
      `cannot write to member ${discordUserId} in guild ${guildId}: Discord's rate limit is used up`,
    { cause },
  );
}
