import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
} from 'jose';

import { SCOPES } from '../../lib/key-entries.js';
import type { Logger } from '../../lib/logger.js';
import { createSteadyClock } from '../../lib/steady-clock.js';
import type { TokenIssuer } from '../../lib/token-issuer.js';
import type { Caller, Refusal, Scope } from './caller.js';

/** Verifies JWTs signed by the platform's identity provider. */
export interface TokenVerifier {
  readonly verify: (token: string) => Promise<Caller | Refusal>;
}

/**
 * Only asymmetric algorithms are accepted. With a shared secret (HS…) every verifier could also
 * sign, and a public key could be misused as the secret. `none` is left out because it means
 * unsigned.
 */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/** Accepted difference between the clocks of two machines. */
const TOLERANCE_SECONDS = 30;

/**
 * Tokens cannot be revoked, so a lifetime of over a year is rejected: it is probably the issuer's
 * mistake.
 */
const MAX_LIFETIME_SECONDS = 366 * 24 * 3600;

export const MAX_TOKEN_LENGTH = 8_192;

export function createTokenVerifier(deps: {
  readonly issuer: TokenIssuer;
  /** Milliseconds since 1970. The times in a token are compared with this clock. */
  readonly clock: () => number;
  /** Milliseconds of a monotonic clock, which does not jump when the system time changes. */
  readonly steadyClock?: () => number;
  readonly logger: Pick<Logger, 'warn'>;
  readonly timing?: KeySetTiming;
}): TokenVerifier {
  const { issuer, clock, logger, timing = KEY_SET_TIMING } = deps;
  const url = issuer.jwksUrl;
  const { steadyClock = createSteadyClock() } = deps;
  const asked = createKeySet({ url, timing, clock: steadyClock, logger });
  const keys = reachable(asked);
  return {
    verify: async (token) => {
      if (token.length > MAX_TOKEN_LENGTH)
        return refused(`The token is longer than ${MAX_TOKEN_LENGTH} characters.`);
      try {
        const { payload } = await jwtVerify(token, keys, {
          algorithms: ALGORITHMS,
          issuer: issuer.issuer,
          audience: issuer.audience,
          clockTolerance: TOLERANCE_SECONDS,
          requiredClaims: ['exp', 'sub'],
          currentDate: new Date(clock()),
        });
        return faultOfTimes(payload, clock() / 1000) ?? callerOf(payload);
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === null) throw error;
        return refusal;
      }
    },
  };
}

/**
 * Separates two failures. If the issuer does not publish the key, the token is invalid. If fetching
 * the keys fails, the token may still be valid.
 */
function reachable(keys: JWTVerifyGetKey): JWTVerifyGetKey {
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      const isOfToken =
        error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys;
      throw isOfToken ? error : new KeysOutOfReach({ cause: error });
    }
  };
}

/**
 * Returns what is wrong with the token's times; null if they are valid. The library accepts any
 * number: JSON's `1e400` parses as Infinity, and a token with that `exp` would never expire.
 */
function faultOfTimes(payload: JWTPayload, now: number): Refusal | null {
  const { exp = Infinity, nbf = 0, iat = 0 } = payload;
  if (!Number.isSafeInteger(exp) || exp > now + MAX_LIFETIME_SECONDS)
    return refused('The token’s `exp` must be a whole number of seconds, at most a year ahead.');
  if (!isTime(nbf) || !isTime(iat))
    return refused('The token’s `nbf` and `iat` must be seconds since 1970 and not negative.');
  return iat > now + TOLERANCE_SECONDS ? refused('The token’s `iat` is in the future.') : null;
}

const isTime = (seconds: number) => Number.isFinite(seconds) && seconds >= 0;

/**
 * Subjects appear in audit records and logs, so they have at most 200 characters and contain no
 * control or bidirectional characters.
 */
const SUBJECT = /^[^\p{C}\p{Zl}\p{Zp}]{1,200}$/u;

function callerOf(payload: JWTPayload): Caller | Refusal {
  const { sub, exp } = payload;
  if (typeof sub !== 'string' || !SUBJECT.test(sub) || exp === undefined)
    return refused('The token’s `sub` must be a name of 1 to 200 characters.');
  return {
    name: `jwt:${sub}`,
    scopes: scopesOf(payload),
    clientIds: null,
    expiresAt: new Date(exp * 1000),
  };
}

/**
 * Returns the token's scopes. The claim is named `scope` in OAuth and `scp` by some providers; its
 * value is a list, or text separated by spaces. Unknown scopes are ignored.
 */
function scopesOf(payload: JWTPayload): readonly Scope[] {
  const named = [payload['scope'], payload['scp']].flatMap(namesIn);
  return SCOPES.filter((scope) => named.includes(scope));
}

function namesIn(claim: unknown): readonly unknown[] {
  if (typeof claim === 'string') return claim.split(' ');
  return Array.isArray(claim) ? claim : [];
}

const refused = (message: string): Refusal => ({ code: 'UNAUTHENTICATED', message });

/** The issuer's keys cannot be fetched, so tokens cannot be verified. */
class KeysOutOfReach extends Error {
  constructor(options: ErrorOptions) {
    super("the issuer's keys are unreachable", options);
  }
}

/**
 * Returns why a token was rejected, without quoting any part of it. Returns null if the error is
 * not about a token.
 */
export function refusalOf(error: unknown): Refusal | null {
  if (error instanceof KeysOutOfReach)
    return {
      code: 'UNAVAILABLE',
      message:
        "The identity provider's keys are unreachable: JWTs cannot be verified right now. API keys still work.",
    };
  const message = wordsFor(error);
  return message === null ? null : { code: 'UNAUTHENTICATED', message };
}

function wordsFor(error: unknown): string | null {
  if (error instanceof errors.JWTExpired) return 'The token has expired.';
  if (error instanceof errors.JWTClaimValidationFailed)
    return wordsForClaim(error.claim, error.reason);
  if (error instanceof errors.JOSEAlgNotAllowed)
    return 'The token’s `alg` is not accepted: sign with RS, PS, ES or EdDSA.';
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return 'The token’s signature is invalid.';
  if (error instanceof errors.JWKSNoMatchingKey)
    return 'The token is signed with a key that the issuer does not publish.';
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'The token needs a `kid`: the issuer publishes several keys.';
  if (error instanceof errors.JOSENotSupported)
    return 'The token uses a feature that is not supported.';
  return error instanceof errors.JOSEError ? 'The token is malformed.' : null;
}

const OF_CLAIM: Readonly<Record<string, string>> = {
  iss: 'The token comes from another issuer.',
  aud: 'The token is for another audience.',
  nbf: 'The token is not valid yet.',
};

function wordsForClaim(claim: string, reason: string): string {
  if (reason === 'missing') return `The token has no \`${claim}\`.`;
  if (reason === 'invalid') return `The token’s \`${claim}\` is malformed.`;
  return OF_CLAIM[claim] ?? `The token’s \`${claim}\` is not accepted.`;
}

export interface KeySetTiming {
  readonly timeoutMs: number;
  /**
   * How long published keys are cached. A key that the issuer withdraws stays valid at most this
   * long.
   */
  readonly cacheMs: number;
  /** Minimum time between fetches caused by unknown key ids. Anyone can make up a key id. */
  readonly cooldownMs: number;
  /** Minimum time between a failed fetch and the next one. */
  readonly restMs: number;
}

export const KEY_SET_TIMING: KeySetTiming = {
  timeoutMs: 5_000,
  cacheMs: 5 * 60_000,
  cooldownMs: 30_000,
  restMs: 5_000,
};

const MAX_BYTES = 256 * 1024;

/**
 * Loads the issuer's public keys when a token first needs one, so a process can start while the
 * issuer is unreachable. Redirects are not followed.
 */
function createKeySet(deps: {
  readonly url: string;
  readonly timing: KeySetTiming;
  readonly clock: () => number;
  readonly logger: Pick<Logger, 'warn'>;
}): JWTVerifyGetKey {
  const { timing, clock } = deps;
  let restsUntil = 0;
  const fetchKeys = async (url: string, options: RequestInit): Promise<Response> => {
    if (clock() < restsUntil)
      throw new Error('the last request for the keys failed, and the retry is not due yet');
    try {
      return await fetchBounded(url, options);
    } catch (error) {
      restsUntil = clock() + timing.restMs;
      const why = error instanceof Error ? error.message : String(error);
      deps.logger.warn({ why }, 'JWKS fetch failed');
      throw error;
    }
  };
  return createRemoteJWKSet(new URL(deps.url), {
    timeoutDuration: timing.timeoutMs,
    cacheMaxAge: timing.cacheMs,
    cooldownDuration: timing.cooldownMs,
    [customFetch]: fetchKeys,
  });
}

async function fetchBounded(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, options);
  if (response.status !== 200 || !response.body) {
    await response.body?.cancel();
    throw new Error(`status ${response.status}`);
  }
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body) {
    bytes += part.byteLength;
    if (bytes > MAX_BYTES) throw new Error('the response is larger than 256 KiB');
    parts.push(part);
  }
  return new Response(Buffer.concat(parts));
}
