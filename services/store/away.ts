import type { MikroORM } from '@mikro-orm/postgresql';
import type { Pool } from 'pg';

import { DatabaseUnavailableError, UnavailableError } from '../lib/errors.js';
import { connectOutageOf, outageOf } from './outage-words.js';

/**
 * System codes for an unreachable server. A host name that is unknown now may resolve in a moment.
 */
const SYSTEM_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** PostgreSQL's codes for a failed connection; other causes are in outage-words.ts. */
const SERVER_CODES = /^08\w{3}$/;

/** The driver's messages for connections that ended. */
const DRIVER_WORDS =
  /^(Connection terminated|Connection ended|Client has encountered a connection error|Client was closed|timeout e)/;

/**
 * True of faults that no statement is to blame for: they are over once the database works again.
 */
export function isAway(error: unknown): boolean {
  if (outageOf(error) !== null) return true;
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each instanceof UnavailableError) return true;
    const code = 'code' in each ? String(each.code) : '';
    if (SYSTEM_CODES.has(code) || SERVER_CODES.test(code)) return true;
    if (DRIVER_WORDS.test(each.message)) return true;
  }
  return false;
}

/** The same fault in words that every room knows; others as they are. */
export function translateAway(error: unknown): unknown {
  if (error instanceof UnavailableError || !isAway(error)) return error;
  return new DatabaseUnavailableError(outageOf(error) ?? AWAY, {
    cause: error,
  });
}

const AWAY = 'database unreachable';

/**
 * Of an attempt to connect: whatever the server refuses it with, there is no database to work with.
 */
export function translateConnect(error: unknown): unknown {
  const words = connectOutageOf(error);
  if (words === null || error instanceof UnavailableError) return translateAway(error);
  return new DatabaseUnavailableError(words, { cause: error });
}

/**
 * Whatever the pool's connections are asked for while there is no database fails with an
 * `UnavailableError`.
 */
export function tellWhenAway(pool: Pool, onOutage: (words: string) => void): void {
  const told = (error: unknown): unknown => {
    if (error instanceof UnavailableError) onOutage(error.message);
    return error;
  };
  translateAnswers(pool, 'connect', (error) => told(translateConnect(error)));
  pool.on('connect', (client) =>
    translateAnswers(client, 'query', (error) => told(translateAway(error))),
  );
}

/** MikroORM makes errors of its own of those of the driver; these it passes on as they are. */
export function keepAway(orm: MikroORM): void {
  const converter = orm.em.getPlatform().getExceptionConverter();
  const convert = converter.convertException.bind(converter);
  const convertException = (error: Error): Error =>
    error instanceof UnavailableError ? error : convert(error);
  Object.assign(converter, { convertException });
}

/** Calls that answer by callback are left as they are. */
function translateAnswers<Name extends string>(
  owner: Record<Name, (...words: never[]) => unknown>,
  name: Name,
  translate: (error: unknown) => unknown,
): void {
  const translated = (...words: never[]): unknown => {
    // Looked up at each call: others watch the driver at its prototype.
    const call: unknown = Reflect.get(Object.getPrototypeOf(owner), name);
    if (typeof call !== 'function') throw new Error(`no ${name} to call`);
    const answer: unknown = Reflect.apply(call, owner, words);
    if (!(answer instanceof Promise)) return answer;
    return answer.catch((error: unknown) => {
      throw translate(error);
    });
  };
  Object.assign(owner, { [name]: translated });
}

/** Wrong password, role not allowed in, no such database. */
const REFUSALS: ReadonlySet<string> = new Set(['28P01', '28000', '3D000']);

/**
 * How Node and the driver name a certificate that is not to be trusted, and a server without TLS.
 */
const TLS_CODES =
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_|ERR_SSL_|HOSTNAME_MISMATCH$)/;
const TLS_WORDS = /server does not support SSL/;

/**
 * At startup: an error that waiting cannot fix is reported with the setting at fault. The server's
 * message contains no secret.
 */
export function translateAtStart(error: unknown): unknown {
  for (let each = error; each instanceof Error; each = each.cause) {
    const says = startFault(each);
    if (says !== null)
      return new Error(`DATABASE_URL: ${says}: ${each.message}`, {
        cause: error,
      });
  }
  return translateAway(error);
}

function startFault(error: Error): string | null {
  const code = 'code' in error ? String(error.code) : '';
  if (REFUSALS.has(code)) return 'PostgreSQL reports';
  return TLS_CODES.test(code) || TLS_WORDS.test(error.message)
    ? 'cannot open a TLS connection to PostgreSQL'
    : null;
}
