/** Resolves after `ms`, or as soon as the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const over = Promise.withResolvers<void>();
  const end = () => over.resolve();
  const timer = setTimeout(end, ms);
  signal.addEventListener('abort', end, { once: true });
  await over.promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', end);
}

/**
 * Resolves when the promise has settled, or after `ms`: true if it settled in time, even by
 * rejecting.
 */
export async function settledWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const limit = new AbortController();
  const settled = promise.then(
    () => true,
    () => true,
  );
  const isInTime = await Promise.race([settled, pause(ms, limit.signal).then(() => false)]);
  limit.abort();
  return isInTime;
}
