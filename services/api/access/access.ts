import { GraphQLError } from 'graphql';

import type { ClientId } from '../../model.js';
import type { ApiContext } from '../context.js';
import { holdsScope, type Caller, type Scope } from './caller.js';

export const KEY_NEEDED = 'Send `Authorization: Bearer <API key or JWT>`.';

export function requireScope(context: ApiContext, scope: Scope): void {
  if (!holdsScope(requireCaller(context), scope))
    throw forbidden(`This operation requires the scope ${scope}, which your key does not have.`);
}

export function requireCaller(context: ApiContext): Caller {
  if (context.caller) return context.caller;
  throw new GraphQLError(KEY_NEEDED, { extensions: { code: 'UNAUTHENTICATED' } });
}

export function mayTouch(context: ApiContext, clientId: ClientId): boolean {
  const limit = context.caller?.clientIds ?? null;
  return limit === null || limit.includes(clientId);
}

/**
 * For inputs that name a client: the caller knows its id already, so saying FORBIDDEN gives nothing
 * away.
 */
export function requireClientAccess(context: ApiContext, clientId: ClientId, field: string): void {
  if (!mayTouch(context, clientId)) throw forbidden('This key is limited to other clients.', field);
}

/**
 * Platform facts and new clients concern every client: a key limited to some may not write them.
 */
export function requireUnlimited(context: ApiContext, why: string): void {
  if (requireCaller(context).clientIds !== null)
    throw forbidden(
      `This key is limited to some clients; ${why}. Use a key without a client limit.`,
    );
}

function forbidden(message: string, field?: string): GraphQLError {
  return new GraphQLError(message, {
    extensions: { code: 'FORBIDDEN', ...(field ? { field } : {}) },
  });
}
