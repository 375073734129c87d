import {
  BREAK,
  GraphQLError,
  OperationTypeNode,
  visit,
  type DocumentNode,
  type OperationDefinitionNode,
} from 'graphql';

import { KEY_NEEDED } from './auth/access.js';
import type { ApiContext } from './context.js';

/** Introspection tells the whole schema: only to callers we know. Fields of ours carry their own scopes. */
export function refuseStrangers(
  document: DocumentNode,
  context: Pick<ApiContext, 'caller'>,
): void {
  if (!context.caller && asksForSchema(document))
    throw refusal('UNAUTHENTICATED', KEY_NEEDED, 401);
}

/** Executed over plain HTTP, a subscription would answer like a query that found nothing. */
export function refuseSubscription(
  operation: OperationDefinitionNode | undefined,
): void {
  if (operation?.operation === OperationTypeNode.SUBSCRIPTION)
    throw refusal('BAD_USER_INPUT', 'Subscriptions are not served here.', 400);
}

const refusal = (code: string, message: string, status: number) =>
  new GraphQLError(message, { extensions: { code, http: { status } } });

function asksForSchema(document: DocumentNode): boolean {
  let doesAsk = false;
  visit(document, {
    Field(node) {
      if (node.name.value !== '__schema' && node.name.value !== '__type')
        return undefined;
      doesAsk = true;
      return BREAK;
    },
  });
  return doesAsk;
}
