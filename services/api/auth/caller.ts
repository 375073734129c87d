import { SCOPES } from '../../lib/key-entries.js';
import type { ClientId } from '../../model.js';

export type Scope = (typeof SCOPES)[number];

/** Who asks. A name, never a secret: it stands in audit records. */
export interface Caller {
  /** A key's own; `jwt:` and the subject of a token. No key's name has a colon, so neither passes for the other. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Null: every client. */
  readonly clientIds: readonly ClientId[] | null;
  /** When a token ends; a key does not. What outlives one request has to end by then. */
  readonly expiresAt?: Date;
}

/** Why what was sent lets nobody in. The words never repeat it. */
export interface Refusal {
  readonly code: 'UNAUTHENTICATED' | 'UNAVAILABLE';
  readonly message: string;
}

/** Finds who asks from the `Authorization` header; null: nobody we know. */
export interface Authenticator {
  authenticate(authorization: string | undefined): Promise<Caller | null>;
}

/** Admin implies write implies read: the order of `SCOPES`. */
export function holdsScope(caller: Caller, needed: Scope): boolean {
  const rank = SCOPES.indexOf(needed);
  return caller.scopes.some((scope) => SCOPES.indexOf(scope) >= rank);
}
