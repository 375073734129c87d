import type { MikroORM } from '@mikro-orm/postgresql';
import type { Pool } from 'pg';

import { DatabaseUnavailableError, UnavailableError } from '../../lib/errors.js';

/**
 * System error codes for an unreachable server. DNS errors count, because they may be temporary.
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

/** SQLSTATEs of failed connections. `WORDS` lists the SQLSTATEs of other outages. */
const SERVER_CODES = /^08\w{3}$/;

/** The driver's messages for lost connections. */
const DRIVER_WORDS =
  /^(Connection terminated|Connection ended|Client has encountered a connection error|Client was closed|timeout e)/;

/**
 * Returns true if the error is a failure of the database, not of the statement. The statement can
 * succeed once the database works again.
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

/** Turns an outage into a DatabaseUnavailableError; returns other errors unchanged. */
export function translateAway(error: unknown): unknown {
  if (error instanceof UnavailableError || !isAway(error)) return error;
  return new DatabaseUnavailableError(outageOf(error) ?? AWAY, {
    cause: error,
  });
}

const AWAY = 'database unreachable';

/**
 * Like `translateAway`, for connection attempts: a rejected login or a missing database is an
 * outage too.
 */
export function translateConnect(error: unknown): unknown {
  const words = connectOutageOf(error);
  if (words === null || error instanceof UnavailableError) return translateAway(error);
  return new DatabaseUnavailableError(words, { cause: error });
}

/**
 * Makes the pool's queries and connection attempts fail with `UnavailableError` during an outage,
 * and calls `onOutage` each time.
 */
export function reportUnreachable(pool: Pool, onOutage: (words: string) => void): void {
  const reported = (error: unknown): unknown => {
    if (error instanceof UnavailableError) onOutage(error.message);
    return error;
  };
  translateAnswers(pool, 'connect', (error) => reported(translateConnect(error)));
  pool.on('connect', (client) =>
    translateAnswers(client, 'query', (error) => reported(translateAway(error))),
  );
}

/** Stops MikroORM from wrapping `UnavailableError` in its own errors. */
export function keepAway(orm: MikroORM): void {
  const converter = orm.em.getPlatform().getExceptionConverter();
  const convert = converter.convertException.bind(converter);
  const convertException = (error: Error): Error =>
    error instanceof UnavailableError ? error : convert(error);
  Object.assign(converter, { convertException });
}

/**
 * Translates the errors of a method that returns a promise. Leaves calls with a callback unchanged.
 */
function translateAnswers<Name extends string>(
  owner: Record<Name, (...words: never[]) => unknown>,
  name: Name,
  translate: (error: unknown) => unknown,
): void {
  const translated = (...words: never[]): unknown => {
    // Looks the method up at each call, because instrumentation may patch the driver's prototype
    // later.
    const call: unknown = Reflect.get(Object.getPrototypeOf(owner), name);
    if (typeof call !== 'function') throw new Error(`the database driver has no method ${name}`);
    const answer: unknown = Reflect.apply(call, owner, words);
    if (!(answer instanceof Promise)) return answer;
    return answer.catch((error: unknown) => {
      throw translate(error);
    });
  };
  Object.assign(owner, { [name]: translated });
}

/**
 * SQLSTATEs of a wrong password, a login that is not allowed, and a database that does not exist.
 */
const REFUSALS: ReadonlySet<string> = new Set(['28P01', '28000', '3D000']);

/** Error codes of Node and the driver for an untrusted certificate and for a server without TLS. */
const TLS_CODES =
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_|ERR_SSL_|HOSTNAME_MISMATCH$)/;
const TLS_WORDS = /server does not support SSL/;

/**
 * For startup: names DATABASE_URL in errors that waiting cannot fix. Includes the server's message,
 * which contains no secret.
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

/**
 * Outages by SQLSTATE, with the text for callers and readiness. The server's own message may name
 * accounts and paths, so it is not shown.
 */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^53100$/, 'the database is out of disk space'],
  [/^53200$/, 'the database is out of memory'],
  [/^53300$/, 'the database has no free connections'],
  [/^53(000|400)$/, 'the database is out of resources'],
  [/^58030$/, 'the database cannot read or write its disk'],
  [/^25006$/, 'the database is read-only'],
  [/^57014$/, 'the database cancelled a statement that ran too long'],
  [/^57P0[12]$/, 'the database closed the connection'],
  [/^57P03$/, 'the database is starting or recovering'],
];

/** SQLSTATEs that are an outage only when they answer a connection attempt. */
const CONNECT_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^28/, 'the database rejected the user name or password'],
  [/^3D000$/, 'the database does not exist'],
  [/^(42501|55000)$/, 'the database is not accepting connections'],
];

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

function wordsIn(table: typeof WORDS, error: unknown): string | null {
  for (let each = error; each instanceof Error; each = each.cause) {
    const code = codeOf(each);
    const found = table.find(([pattern]) => pattern.test(code));
    if (found) return found[1];
  }
  return null;
}

/**
 * Describes the outage that caused the error; null if the error has none of the SQLSTATEs in
 * `WORDS`.
 */
const outageOf = (error: unknown): string | null => wordsIn(WORDS, error);

const connectOutageOf = (error: unknown): string | null =>
  wordsIn(CONNECT_WORDS, error) ?? outageOf(error);

/**
 * Returns true if no write can succeed during this outage. Other outages may affect only one read
 * or connection.
 */
export const stopsAllWrites = (words: string): boolean => CERTAIN.has(words);

const CERTAIN: ReadonlySet<string> = new Set([
  'the database is out of disk space',
  'the database cannot read or write its disk',
  'the database is read-only',
  ...CONNECT_WORDS.map(([, words]) => words),
]);
