import { pino, type Logger as PinoLogger } from 'pino';

import { createSecrets, type Secrets } from './secrets.js';

/**
 * JSON lines with fields. Every line is passed through `secrets`, as a safety net: do not log
 * secrets in the first place.
 */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error'> & {
  child(bindings: Record<string, unknown>): Logger;
};

/** Its level can be changed while it is in use. */
export type TunableLogger = Logger & { level: string };

export function createLogger(
  level: string,
  /** 2 where the standard output is another's. */
  descriptor: 1 | 2 = 1,
  secrets: Pick<Secrets, 'scrub'> = createSecrets(),
): TunableLogger {
  const streamWrite = (line: string) => secrets.scrub(line);
  return pino({ level, base: null, hooks: { streamWrite } }, pino.destination(descriptor));
}

export const silentLogger: Logger = pino({ level: 'silent' });
