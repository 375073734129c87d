/**
 * Loaded into the service before its own code: on request it collects garbage and reports the
 * resident bytes.
 */
process.on('message', () => {
  globalThis.gc?.();
  globalThis.gc?.();
  process.send?.(process.memoryUsage.rss());
});
// The channel alone must not keep the process alive.
process.channel?.unref();
