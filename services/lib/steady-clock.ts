/**
 * Milliseconds since 1970 that do not jump: a change of the system clock neither ends a wait early
 * nor stretches it to an hour. For waits within one process; times stored for others use the
 * reader's clock.
 */
export function createSteadyClock(
  wallMs: () => number = Date.now,
  monotonicMs: () => number = () => performance.now(),
): () => number {
  const begunAt = wallMs() - monotonicMs();
  return () => begunAt + monotonicMs();
}
