import type { Authenticator, Caller, Refusal } from './caller.js';
import type { TokenVerifier } from './tokens.js';

/** The sender of this `Authorization` header, or why it is rejected; null: no credentials. */
export type SignIn = (authorization: string | undefined) => Promise<Caller | Refusal | null>;

/**
 * Keys first, which are cheap to look up; what looks like a JWT and is no key of ours goes to the
 * verifier.
 */
export function createSignIn(deps: {
  readonly keys: Authenticator;
  /** Null: no identity provider is configured. */
  readonly tokens: TokenVerifier | null;
}): SignIn {
  const { keys, tokens } = deps;
  return async (authorization) => {
    // The playground's tabs begin with a header that has no key yet.
    if (authorization === undefined || /^(?:Bearer)? *$/i.test(authorization)) return null;
    const known = await keys.authenticate(authorization);
    if (known) return known;
    const sent = /^Bearer +([!-~]+) *$/i.exec(authorization)?.[1];
    if (sent === undefined) return refused('Send `Authorization: Bearer <API key or JWT>`.');
    if (!isToken(sent)) return refused('The API key is unknown.');
    return tokens
      ? tokens.verify(sent)
      : refused('JWTs are not accepted: AUTH_JWKS_URL is not set.');
  };
}

/** Three parts, of which the last is empty for an unsigned token; or a fragment of that. */
const isToken = (text: string) => text.startsWith('eyJ') || text.split('.').length === 3;

const refused = (message: string): Refusal => ({ code: 'UNAUTHENTICATED', message });
