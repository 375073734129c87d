/**
 * Loaded into the service before its own code: collects garbage and tells the resident bytes when
 * it is asked.
 */
process.on('message', () => {
  globalThis.gc?.();
  globalThis.gc?.();
  process.send?.(process.memoryUsage.rss());
});
// Being asked is no reason to stay alive.
process.channel?.unref();
