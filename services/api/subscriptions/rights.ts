import { GraphQLError } from 'graphql';

import { requireCaller, requireScope } from '../access/access.js';
import type { Scope } from '../access/caller.js';
import type { ApiContext } from '../context.js';

/**
 * Whether the subscriber's key is still valid: a token may expire or a key be revoked during a
 * subscription.
 */
export function endOfRights(context: ApiContext, scope: Scope): () => Promise<Error | null> {
  const clients = String(requireCaller(context).clientIds);
  return async () => {
    try {
      const now = { ...context, caller: await context.callerNow() };
      requireScope(now, scope);
      return String(now.caller?.clientIds) === clients ? null : LIMIT_MOVED;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  };
}

const LIMIT_MOVED = new GraphQLError("This key's permissions changed. Subscribe again.", {
  extensions: { code: 'FORBIDDEN' },
});
