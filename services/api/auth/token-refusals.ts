import { errors } from 'jose';

import type { Refusal } from './caller.js';

/** The issuer does not answer with its keys: nobody can say whether a token is good. */
export class KeysOutOfReach extends Error {
  constructor(options: ErrorOptions) {
    super('the keys of the issuer are out of reach', options);
  }
}

/** What is wrong with a token, in words that repeat nothing of it; null: the error is not about a token. */
export function refusalOf(error: unknown): Refusal | null {
  if (error instanceof KeysOutOfReach)
    return {
      code: 'UNAVAILABLE',
      message:
        'The keys of the identity provider are out of reach: JWTs cannot be checked now, API keys can.',
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
    return 'The token’s signature is not the issuer’s.';
  if (error instanceof errors.JWKSNoMatchingKey)
    return 'The token is signed with a key that the issuer does not publish.';
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'The token does not say by `kid` which of the issuer’s keys signed it.';
  if (error instanceof errors.JOSENotSupported)
    return 'The token asks for something that is not supported here.';
  return error instanceof errors.JOSEError ? 'The token is malformed.' : null;
}

const OF_CLAIM: Readonly<Record<string, string>> = {
  iss: 'The token is of another issuer.',
  aud: 'The token is for another audience.',
  nbf: 'The token is not valid yet.',
};

function wordsForClaim(claim: string, reason: string): string {
  if (reason === 'missing') return `The token has no \`${claim}\`.`;
  if (reason === 'invalid') return `The token’s \`${claim}\` is malformed.`;
  return OF_CLAIM[claim] ?? `The token’s \`${claim}\` is not accepted.`;
}
