import { RetryLaterError } from '../../lib/errors.js';
import type { MemberTarget } from '../ports.js';

/**
 * None of the remaining writes is possible now. `openFrom` is when any write to the client's
 * members is possible again. It can be earlier than `retryAt`, because five changes need a list
 * where one does not.
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
