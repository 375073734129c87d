/**
 * Milliseconds since 1970 that pass as time does: whoever puts the machine's clock forward or back neither ends a wait early nor
 * makes it an hour long. For waits within one process; what is written down to be read by others has the time of its reader.
 */
export function createSteadyClock(
  wallMs: () => number = Date.now,
  monotonicMs: () => number = () => performance.now(),
): () => number {
  const begunAt = wallMs() - monotonicMs();
  return () => begunAt + monotonicMs();
}
