import { pino, type Logger as PinoLogger } from 'pino';

import { createSecrets, type Secrets } from './secrets.js';

/**
 * Writes JSON lines. Every line is redacted by `secrets` as a safety net; do not log secrets in the
 * first place.
 */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error'> & {
  child(bindings: Record<string, unknown>): Logger;
};

/** A logger whose level can be changed at runtime. */
export type TunableLogger = Logger & { level: string };

export function createLogger(
  level: string,
  /** File descriptor: 1 is stdout; 2 is stderr, for commands that print their result to stdout. */
  descriptor: 1 | 2 = 1,
  secrets: Pick<Secrets, 'scrub'> = createSecrets(),
): TunableLogger {
  const streamWrite = (line: string) => secrets.scrub(line);
  return pino({ level, base: null, hooks: { streamWrite } }, pino.destination(descriptor));
}

export const silentLogger: Logger = pino({ level: 'silent' });
