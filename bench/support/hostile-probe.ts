/**
 * Loaded into a measured process: on request it reports the resident bytes, after a garbage
 * collection for `collect`.
 */
process.on('message', (message: unknown) => {
  if (message !== 'resident' && message !== 'collect') return;
  if (message === 'collect') {
    globalThis.gc?.();
    globalThis.gc?.();
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send?.({ rss, held: heapUsed + external });
});
// The channel alone must not keep the process alive.
process.channel?.unref();
