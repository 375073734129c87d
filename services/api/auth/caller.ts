import { SCOPES } from '../../lib/key-entries.js';
import type { ClientId } from '../../model.js';

export type Scope = (typeof SCOPES)[number];

/** Who asks. A name, never a secret: it stands in audit records. */
export interface Caller {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Null: every client. */
  readonly clientIds: readonly ClientId[] | null;
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
