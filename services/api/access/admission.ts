import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { Logger } from '../../lib/logger.js';
import { RefusedRequest } from '../http/http-errors.js';
import { KEY_NEEDED } from './access.js';
import type { Authenticator, Caller, Refusal } from './caller.js';
import type { TokenVerifier } from './tokens.js';

/** Maximum requests per minute. 0 means no limit. */
export interface RateLimits {
  /** Requests per caller; for requests without credentials, per address. */
  readonly perCaller: number;
  /** Requests with rejected credentials, per address. */
  readonly failedSignIns: number;
}

const CALLER = 'caller';
const MINUTE_MS = 60_000;

/** Adds a field for the authenticated caller to every request. */
export function expectCallers(app: FastifyInstance): void {
  app.decorateRequest(CALLER, null);
}

/**
 * Returns the caller; null if the request has no credentials or its endpoint does not check them.
 */
export function callerOf(request: FastifyRequest): Caller | null {
  return request.getDecorator<Caller | null>(CALLER);
}

/**
 * Checks credentials and rate limits before the body is read. A request without a key is rejected
 * here, because each validation error would reveal part of the schema to a stranger. Requests are
 * counted by caller once authenticated, otherwise by the address of the connection. Behind a proxy
 * all callers share one address, so rejected credentials are counted separately and never block a
 * valid key.
 */
export async function admitCallers(
  scope: FastifyInstance,
  deps: {
    readonly signIn: SignIn;
    readonly limits: RateLimits;
    readonly logger: Pick<Logger, 'warn'>;
    /** True for requests that need no key. */
    readonly isPublic: (request: FastifyRequest) => boolean;
  },
): Promise<void> {
  const { limits, logger } = deps;
  await scope.register(rateLimit, { global: false });
  const count = (max: number, keyGenerator?: typeof nameOf) =>
    max === 0 ? null : limiter(scope, max, keyGenerator);
  const ofCaller = count(limits.perCaller, nameOf);
  const ofAddress = count(limits.perCaller);
  const ofFailures = count(limits.failedSignIns);
  scope.addHook('onRequest', async (request) => {
    const found = await deps.signIn(request.headers.authorization);
    if (found !== null && 'code' in found) {
      if (found.code === 'UNAUTHENTICATED') await ofFailures?.(request);
      const fields = { requestId: request.id, address: request.ip };
      logger.warn({ ...fields, why: found.message }, 'sign-in refused');
      throw refused(found);
    }
    request.setDecorator<Caller | null>(CALLER, found);
    await (found === null ? ofAddress : ofCaller)?.(request);
    if (found === null && !deps.isPublic(request))
      throw refused({ code: 'UNAUTHENTICATED', message: KEY_NEEDED });
  });
}

/**
 * Authenticates a connection again while it stays open after its request. Returns null if its
 * credential is no longer valid. While the issuer's keys are unreachable, a JWT stays valid until
 * it expires.
 */
export async function callerAgain(
  request: FastifyRequest,
  deps: { readonly signIn: SignIn; readonly clock: () => number },
): Promise<Caller | null> {
  const found = await deps.signIn(request.headers.authorization);
  if (found === null || !('code' in found)) return found;
  const before = callerOf(request);
  const endsAt = before?.expiresAt?.getTime() ?? 0;
  const isGood = found.code === 'UNAVAILABLE' && deps.clock() < endsAt;
  return isGood ? before : null;
}

const nameOf = (request: FastifyRequest) => callerOf(request)?.name ?? '';

function limiter(
  scope: FastifyInstance,
  max: number,
  keyGenerator?: typeof nameOf,
): (request: FastifyRequest) => Promise<void> {
  const take = scope.createRateLimit({
    max,
    timeWindow: MINUTE_MS,
    ...(keyGenerator && { keyGenerator }),
  });
  return async (request) => {
    const taken = await take(request);
    if (!taken.isAllowed && taken.isExceeded) throw tooMany(max, taken.ttlInSeconds);
  };
}

function tooMany(max: number, seconds: number): RefusedRequest {
  return new RefusedRequest({
    status: 429,
    code: 'RATE_LIMITED',
    message: `More than ${max} requests a minute. Try again in ${seconds} s.`,
    headers: { 'retry-after': String(seconds) },
    more: { limit: max, retryAfterSeconds: seconds },
  });
}

function refused({ code, message }: Refusal): RefusedRequest {
  return code === 'UNAVAILABLE'
    ? new RefusedRequest({ status: 503, code, message, headers: { 'retry-after': '5' } })
    : new RefusedRequest({ status: 401, code, message, headers: { 'www-authenticate': 'Bearer' } });
}

/**
 * Returns the caller that an `Authorization` header identifies, or why the header was rejected.
 * Returns null if it has no credentials.
 */
export type SignIn = (authorization: string | undefined) => Promise<Caller | Refusal | null>;

/**
 * Creates the function that checks `Authorization` headers. It checks API keys first, because that
 * is cheap. A value that is not a known key but looks like a JWT goes to the verifier.
 */
export function createSignIn(deps: {
  readonly keys: Authenticator;
  /** Null: no identity provider is configured. */
  readonly tokens: TokenVerifier | null;
}): SignIn {
  const { keys, tokens } = deps;
  return async (authorization) => {
    // A new playground tab sends the header `Bearer` without a key.
    if (authorization === undefined || /^(?:Bearer)? *$/i.test(authorization)) return null;
    const known = await keys.authenticate(authorization);
    if (known) return known;
    const sent = /^Bearer +([!-~]+) *$/i.exec(authorization)?.[1];
    if (sent === undefined) return refusal(KEY_NEEDED);
    if (!isToken(sent)) return refusal('The API key is unknown.');
    return tokens
      ? tokens.verify(sent)
      : refusal('JWTs are not accepted: AUTH_JWKS_URL is not set.');
  };
}

/**
 * Returns whether the text looks like a JWT, even a truncated one. A JWT has three parts separated
 * by dots; the last part of an unsigned JWT is empty.
 */
const isToken = (text: string) => text.startsWith('eyJ') || text.split('.').length === 3;

const refusal = (message: string): Refusal => ({ code: 'UNAUTHENTICATED', message });
