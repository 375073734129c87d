import {
  GraphQLError,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  isObjectType,
} from 'graphql';

import { SCOPES } from '../../lib/key-entries.js';
import type { ClientId } from '../../model.js';
import type { ApiContext } from '../context.js';
import { REQUIRED_SCOPE } from '../kit/decorators.js';
import { type Caller, holdsScope, type Scope } from './caller.js';

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
 * Rejects an input that names a client outside the key's limit. FORBIDDEN reveals nothing new: the
 * caller already knows the id.
 */
export function requireClientAccess(context: ApiContext, clientId: ClientId, field: string): void {
  if (!mayTouch(context, clientId)) throw forbidden('This key is limited to other clients.', field);
}

/**
 * Rejects a key that is limited to some clients. Platform facts affect every client, and a new
 * client would be outside the key's limit.
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

type Resolve = GraphQLFieldResolver<unknown, ApiContext>;

/**
 * Adds the scope check to each field that requires a scope. type-graphql's own authorization takes
 * five promises per field, which slows down requests with dozens of fields.
 */
export function guardScopes(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) guard(field);
  }
}

function guard(field: GraphQLField<unknown, ApiContext>): void {
  const named = field.extensions[REQUIRED_SCOPE];
  if (named === undefined) return;
  const scope = SCOPES.find((each) => each === named);
  if (scope === undefined || !field.resolve)
    throw new Error(`${field.name}: cannot add the scope to its description`);
  const before =
    (resolve: Resolve): Resolve =>
    (source, args, context, info) => {
      requireScope(context, scope);
      return resolve(source, args, context, info);
    };
  field.resolve = before(field.resolve);
  if (field.subscribe) field.subscribe = before(field.subscribe);
}
