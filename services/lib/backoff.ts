export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
  /** Returns a number from 0 up to, but not including, 1. */
  readonly random: () => number;
}

/**
 * Returns the time to wait after failure number `attempt` (from 0). The time doubles with each
 * failure, up to `maxMs`. Half of it is random, so that processes that failed together do not retry
 * together.
 */
export function backoffMs(attempt: number, backoff: Backoff): number {
  // The exponent is limited because a larger power would become Infinity, and 0 * Infinity is NaN.
  // With 2 ** 30, any base of at least 1 ms exceeds `maxMs`.
  const doubled = backoff.baseMs * 2 ** Math.min(Math.max(attempt, 0), 30);
  const capped = Math.min(doubled, backoff.maxMs);
  return Math.round(capped / 2 + (capped / 2) * backoff.random());
}
