/**
 * Returns a clock in milliseconds since 1970 that never jumps: setting the system clock neither
 * ends a wait early nor makes it longer. For waits within one process, not for times that other
 * processes read.
 */
export function createSteadyClock(
  wallMs: () => number = Date.now,
  monotonicMs: () => number = () => performance.now(),
): () => number {
  const begunAt = wallMs() - monotonicMs();
  return () => begunAt + monotonicMs();
}
