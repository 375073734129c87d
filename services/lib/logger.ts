import { pino, type Logger as PinoLogger } from 'pino';

/** JSON lines with fields. Secrets are cut by name at any of the usual depths; nobody should pass one in the first place. */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error'> & {
  child(bindings: Record<string, unknown>): Logger;
};

const SECRET_FIELDS = [
  'authorization',
  'token',
  'botToken',
  'clientSecret',
  'access_token',
  'refresh_token',
  'secret',
  'password',
  'apiKey',
];

export function createLogger(level: string): Logger {
  const paths = SECRET_FIELDS.flatMap((field) => [
    field,
    `*.${field}`,
    `*.*.${field}`,
  ]);
  return pino({ level, base: null, redact: { paths, censor: '[redacted]' } });
}

export const silentLogger: Logger = pino({ level: 'silent' });
