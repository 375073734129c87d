import { createHash, timingSafeEqual } from 'node:crypto';

import { type ApiKey, SCOPES } from '../../lib/key-entries.js';
import type { ClientId } from '../../model.js';

export type Scope = (typeof SCOPES)[number];

/** The authenticated caller. It contains no secret, because its name appears in audit records. */
export interface Caller {
  /**
   * The API key's name, or `jwt:` followed by the token's subject. Key names contain no colon, so
   * the two cannot collide.
   */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Null: every client. */
  readonly clientIds: readonly ClientId[] | null;
  /** When the token expires; absent for API keys. Subscriptions must end by then. */
  readonly expiresAt?: Date;
}

/** Why the credentials were rejected. `message` never repeats the credentials. */
export interface Refusal {
  readonly code: 'UNAUTHENTICATED' | 'UNAVAILABLE';
  readonly message: string;
}

/** Finds the caller by the `Authorization` header. Returns null if the key is unknown. */
export interface Authenticator {
  authenticate(authorization: string | undefined): Promise<Caller | null>;
}

/**
 * Returns whether the caller has this scope or a higher one. `SCOPES` is ordered from lowest to
 * highest: admin includes write, and write includes read.
 */
export function holdsScope(caller: Caller, needed: Scope): boolean {
  const rank = SCOPES.indexOf(needed);
  return caller.scopes.some((scope) => SCOPES.indexOf(scope) >= rank);
}

/** Authenticates `Authorization: Bearer <key>`. Only hashes of the keys are kept. */
export function createApiKeyAuthenticator(deps: {
  readonly keys: readonly ApiKey[];
}): Authenticator {
  const entries = deps.keys.map((key) => ({
    hash: Buffer.from(checkEntry(key).hash, 'hex'),
    caller: {
      name: key.name,
      scopes: key.scopes,
      clientIds: key.clientIds?.map((id) => id.toLowerCase()) ?? null,
    },
  }));
  return {
    authenticate: async (authorization) => {
      const key = /^Bearer +([!-~]{1,512}) *$/i.exec(authorization ?? '')?.[1];
      if (key === undefined) return null;
      const hash = createHash('sha256').update(key).digest();
      // Every entry is compared, so that timing does not reveal which one matched.
      const matches = entries.filter((entry) => timingSafeEqual(entry.hash, hash));
      return matches[0]?.caller ?? null;
    },
  };
}

function checkEntry(key: ApiKey): ApiKey {
  if (!/^[0-9a-f]{64}$/i.test(key.hash))
    throw new Error(`API key "${key.name}": the hash must be a SHA-256 of 64 hex digits`);
  if (key.scopes.length === 0) throw new Error(`API key "${key.name}": no scope`);
  const unknown = key.scopes.find((scope) => !SCOPES.includes(scope));
  if (unknown !== undefined)
    throw new Error(`API key "${key.name}": unknown scope "${unknown}"; use ${SCOPES.join(', ')}`);
  return key;
}
