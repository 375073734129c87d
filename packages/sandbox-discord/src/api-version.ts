import type { IncomingHttpHeaders } from 'node:http';

import type { Answer, Answered } from './answers.js';

const NEWEST = 10;
const OLDEST = 6;
const DEFAULT = 6;
// From here on: permissions as strings, times in seconds, and field errors with codes.
const FIRST_OF_TODAY = 8;
const FIRST_WITH_ERROR_CODES = 7;

/** 6 to 8 are deprecated and still answer; 3 to 5 are discontinued. */
export function isKnownVersion(version: number): boolean {
  return version >= OLDEST && version <= NEWEST;
}

/** Without a number, calls go to version 6. Discord's own OAuth2 addresses have none either. */
export function versionUnnamed(path: string): number {
  return path.startsWith('/oauth2/') ? NEWEST : DEFAULT;
}

/** Rewrites an answer to the format of versions 6 and 7; newer versions differ in nothing here. */
export function inVersion(version: number, current: Answer, asked: IncomingHttpHeaders): Answer {
  const isOld = isKnownVersion(version) && version < FIRST_OF_TODAY;
  if (!isOld || current.kind !== 'answer') return current;
  const isPrecise = asked['x-ratelimit-precision'] === 'millisecond';
  const headers = isPrecise ? current.headers : inWholeSeconds(current.headers);
  const isJson = headers['Content-Type'] === 'application/json';
  if (!isJson || current.body === undefined) return { ...current, headers };
  return withOldBody(version, { ...current, headers }, JSON.parse(current.body));
}

function withOldBody(version: number, current: Answered, body: unknown): Answered {
  if (isRecord(body) && typeof body['retry_after'] === 'number') {
    const retryAfterMs = Math.ceil(body['retry_after'] * 1000);
    const headers = { ...current.headers, 'Retry-After': String(retryAfterMs) };
    return { ...current, headers, body: JSON.stringify({ ...body, retry_after: retryAfterMs }) };
  }
  const errors = isRecord(body) ? body['errors'] : undefined;
  if (version < FIRST_WITH_ERROR_CODES && errors !== undefined)
    return { ...current, body: JSON.stringify(withoutErrorCodes(errors)) };
  return { ...current, body: JSON.stringify(withNumericPermissions(body)) };
}

const IN_SECONDS = ['X-RateLimit-Reset', 'X-RateLimit-Reset-After'];

function inWholeSeconds(headers: Answered['headers']): Answered['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      IN_SECONDS.includes(name) ? String(Math.ceil(Number(value))) : value,
    ]),
  );
}

/** `{ nick: ['Must be …'] }`; errors of the whole body are under `_misc`. */
function withoutErrorCodes(errors: unknown): unknown {
  const plain = withoutCodes(errors);
  return Array.isArray(plain) ? { _misc: plain } : plain;
}

function withoutCodes(node: unknown): unknown {
  if (!isRecord(node)) return node;
  const own = node['_errors'];
  if (Array.isArray(own)) return own.map((one) => (isRecord(one) ? one['message'] : one));
  return mapValues(node, withoutCodes);
}

// The number never gained newer bits than these.
const NUMERIC_BITS = (1n << 31n) - 1n;

/** Roles and one's own guilds: the number, and all bits as a string beside it. */
function withNumericPermissions(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withNumericPermissions);
  if (!isRecord(node)) return node;
  const rewritten = mapValues(node, withNumericPermissions);
  const { permissions } = node;
  const hasBits = 'position' in node || 'owner' in node;
  if (!hasBits || typeof permissions !== 'string') return rewritten;
  return {
    ...rewritten,
    permissions: Number(BigInt(permissions) & NUMERIC_BITS),
    permissions_new: permissions,
  };
}

function mapValues(record: Record<string, unknown>, to: (value: unknown) => unknown) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, to(value)]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
