export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
  /** 0 (included) to 1 (excluded). */
  readonly random: () => number;
}

/**
 * How long to wait after the failure number `attempt`, counted from 0: doubling up to `maxMs`, and
 * of that a random half, so that processes that failed together do not come back together.
 */
export function backoffMs(attempt: number, backoff: Backoff): number {
  // 2 ** 30 times any base is beyond any cap; without the limit the power would become Infinity,
  // and 0 * Infinity NaN
  const doubled = backoff.baseMs * 2 ** Math.min(Math.max(attempt, 0), 30);
  const capped = Math.min(doubled, backoff.maxMs);
  return Math.round(capped / 2 + (capped / 2) * backoff.random());
}
