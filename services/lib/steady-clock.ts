/**
 * Returns a clock in milliseconds since 1970 that never jumps: a change of the system clock neither
 * ends a wait early nor stretches it to an hour. For waits within one process, not for times stored
 * for other processes.
 */
export function createSteadyClock(
  wallMs: () => number = Date.now,
  monotonicMs: () => number = () => performance.now(),
): () => number {
  const begunAt = wallMs() - monotonicMs();
  return () => begunAt + monotonicMs();
}
