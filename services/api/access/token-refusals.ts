import { errors } from 'jose';

import type { Refusal } from './caller.js';

/** The issuer does not return its keys, so tokens cannot be verified. */
export class KeysOutOfReach extends Error {
  constructor(options: ErrorOptions) {
    super("the issuer's keys are unreachable", options);
  }
}

/**
 * What is wrong with a token, without repeating any of it; null: the error is not about a token.
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
