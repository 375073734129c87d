import { SCOPES } from '../../lib/key-entries.js';
import type { ClientId } from '../../model.js';

export type Scope = (typeof SCOPES)[number];

/** The caller. A name, never a secret: it appears in audit records. */
export interface Caller {
  /**
   * The name of an API key; for a token `jwt:` and its subject. Key names contain no colon, so the
   * two cannot collide.
   */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Null: every client. */
  readonly clientIds: readonly ClientId[] | null;
  /** When a token ends; a key does not. What outlives one request has to end by then. */
  readonly expiresAt?: Date;
}

/** Why the credentials were rejected. The text never repeats them. */
export interface Refusal {
  readonly code: 'UNAUTHENTICATED' | 'UNAVAILABLE';
  readonly message: string;
}

/** Finds the caller from the `Authorization` header; null: unknown. */
export interface Authenticator {
  authenticate(authorization: string | undefined): Promise<Caller | null>;
}

/** Admin implies write implies read: the order of `SCOPES`. */
export function holdsScope(caller: Caller, needed: Scope): boolean {
  const rank = SCOPES.indexOf(needed);
  return caller.scopes.some((scope) => SCOPES.indexOf(scope) >= rank);
}
