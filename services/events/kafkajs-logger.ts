import { logLevel, type LogEntry } from 'kafkajs';

import type { Logger } from '../lib/logger.js';

/**
 * kafkajs' lines as ours. Its errors are warnings here: every failed try is one, and whoever supervises says when it matters.
 */
export function logTo(logger: Logger): (entry: LogEntry) => void {
  return ({ namespace, level, log }) => {
    const { message, timestamp: _, logger: __, ...fields } = log;
    const line = `kafka: ${message}`;
    if (level <= logLevel.WARN) logger.warn({ namespace, ...fields }, line);
    else logger.debug({ namespace, ...fields }, line);
  };
}
