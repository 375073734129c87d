import {
  isObjectType,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLSchema,
} from 'graphql';

import { SCOPES } from '../../lib/key-entries.js';
import type { ApiContext } from '../context.js';
import { REQUIRED_SCOPE } from '../kit/decorators.js';
import { requireScope } from './access.js';

type Resolve = GraphQLFieldResolver<unknown, ApiContext>;

/**
 * Puts each field's scope before it. The library's own way there goes by five promises, which
 * requests with dozens of fields notice.
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
