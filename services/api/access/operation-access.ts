import {
  BREAK,
  type DocumentNode,
  getOperationAST,
  GraphQLError,
  type OperationDefinitionNode,
  OperationTypeNode,
  visit,
} from 'graphql';

import type { ApiContext } from '../context.js';
import { costOf, LIMITS, type PricedOperation } from '../limits/operation-limits.js';
import { KEY_NEEDED } from './access.js';
import { type Caller, holdsScope } from './caller.js';

/**
 * Returns whether the caller may introspect. Errors sent to other callers must not suggest names
 * from the schema.
 */
export function maySeeSchema(caller: Caller | null, isProduction: boolean): boolean {
  if (caller === null) return false;
  return !isProduction || holdsScope(caller, 'discord:admin');
}

/**
 * Rejects a subscription at `/graphql`. Over plain HTTP it would look like a query without results.
 */
export function refuseSubscription(operation: OperationDefinitionNode | undefined): void {
  if (operation?.operation === OperationTypeNode.SUBSCRIPTION)
    throw refusal(
      'BAD_USER_INPUT',
      'Subscriptions are served at /admin over server-sent events.',
      400,
    );
}

/**
 * Checks an operation before execution, at `/graphql` and `/admin`. Introspection and federation's
 * `_service` reveal the whole schema, so they require a known caller, and in production
 * `discord:admin`. All other fields check their own scopes. The cost limit is checked here, not by
 * a validation rule, because it depends on the variables.
 */
export function guardOperation(
  asked: Pick<PricedOperation, 'schema' | 'document' | 'variables'> & {
    readonly operationName?: string | null | undefined;
  },
  { caller, scope }: Pick<ApiContext, 'caller' | 'scope'>,
  isProduction: boolean,
): void {
  if (!maySeeSchema(caller, isProduction) && asksForSchema(asked.document))
    throw caller
      ? refusal('FORBIDDEN', 'In production, introspection requires discord:admin.', 403)
      : refusal('UNAUTHENTICATED', KEY_NEEDED, 401);
  const operation = getOperationAST(asked.document, asked.operationName);
  const cost = operation ? costOf({ ...asked, operation }) : 0;
  if (cost > LIMITS.cost)
    throw refusal(
      'BAD_USER_INPUT',
      `The response could hold ${cost < 1e12 ? cost : 'countless'} fields, more than the limit of ${LIMITS.cost}. Ask for smaller pages or fewer nested lists.`,
      400,
    );
  if (operation?.operation !== OperationTypeNode.MUTATION) scope?.allowDrop();
}

const refusal = (code: string, message: string, status: number) =>
  new GraphQLError(message, { extensions: { code, http: { status } } });

const TELL_THE_SCHEMA = ['__schema', '__type', '_service'];
const NAMED = /__schema|__type\b|_service/;

function asksForSchema(document: DocumentNode): boolean {
  // Most documents contain none of these names, so walking their tree is unnecessary.
  if (!NAMED.test(document.loc?.source.body ?? '__schema')) return false;
  let doesAsk = false;
  visit(document, {
    Field(node) {
      if (!TELL_THE_SCHEMA.includes(node.name.value)) return undefined;
      doesAsk = true;
      return BREAK;
    },
  });
  return doesAsk;
}
