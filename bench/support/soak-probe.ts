import { readdirSync } from 'node:fs';

/**
 * Loaded into the service before its own code: on request it collects garbage and reports memory,
 * handles and open files.
 */
process.on('message', () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const files = descriptors();
  const handles = process.getActiveResourcesInfo().length;
  process.send?.({ rss, heapUsed, handles, files });
});
// The channel alone must not keep the process alive.
process.channel?.unref();

/** The number of open files, where /proc lists them; 0 elsewhere. */
function descriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}
