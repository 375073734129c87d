import { logLevel, type LogEntry } from 'kafkajs';

import type { Logger } from '../../lib/logger.js';

/**
 * Forwards kafkajs' log lines. Its errors become warnings: each failed attempt is one, and the
 * supervisor reports when it matters.
 */
export function logTo(logger: Logger): (entry: LogEntry) => void {
  return ({ namespace, level, log }) => {
    const { message, timestamp: _, logger: __, ...fields } = log;
    const line = `kafka: ${message}`;
    if (level <= logLevel.WARN) logger.warn({ namespace, ...fields }, line);
    else logger.debug({ namespace, ...fields }, line);
  };
}
