/**
 * Loaded into a process that is measured: tells the resident bytes when it is asked, after a
 * collection where that is asked.
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
// Being asked is no reason to stay alive.
process.channel?.unref();
