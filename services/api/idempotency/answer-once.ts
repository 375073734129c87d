import { createHash } from 'node:crypto';

import {
  type ApolloServerPlugin,
  type GraphQLRequestContextResponseForOperation,
  type GraphQLResponse,
  HeaderMap,
} from '@apollo/server';
import type { FastifyInstance } from 'fastify';
import {
  type DocumentNode,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
} from 'graphql';

import { InputError } from '../../lib/errors.js';
import type { Logger } from '../../lib/logger.js';
import type { Caller } from '../access/caller.js';
import type { ApiContext } from '../context.js';
import { RefusedRequest, requestPath } from '../http/http-errors.js';
import { publicError } from '../kit/errors.js';
import type { IdempotencyPort, RepeatableRequest } from './ports.js';

interface Deps {
  readonly idempotency: IdempotencyPort;
  readonly logger: Logger;
}

interface Claimed {
  readonly request: RepeatableRequest;
  readonly claim: string;
  stopRenewing(): void;
}

type Asked = GraphQLRequestContextResponseForOperation<ApiContext>;

/**
 * Carries out a mutation with an `Idempotency-Key` once: a retry gets the stored response. A
 * transient failure is not stored, so a retry carries out the mutation again. If the process dies,
 * the key can be used again after a minute.
 */
export function answerOnce(deps: Deps): ApolloServerPlugin<ApiContext> {
  return {
    requestDidStart: async () => {
      let claimed: Claimed | null = null;
      return {
        responseForOperation: async (asked) => {
          try {
            const begun = await begin(deps, asked);
            if (begun === null || 'body' in begun) return begun;
            claimed = begun;
            return null;
          } catch (error) {
            return refused(deps, asked, error);
          }
        },
        willSendResponse: async ({ response, contextValue }) => {
          if (claimed === null) return;
          claimed.stopRenewing();
          try {
            await settle(deps, claimed, response);
          } catch (error) {
            // The mutation was carried out, so its response is still sent. The store tries to save
            // it for another minute. If that fails, a later retry carries out the mutation again.
            const { requestId } = contextValue;
            deps.logger.error({ requestId, err: error }, 'storing an idempotent response failed');
          }
        },
      };
    },
  };
}

/**
 * Claims the key. Returns the claim if this process must carry out the request, or the stored
 * response if there is one. Returns null if the request has no key or is not a mutation.
 */
async function begin(deps: Deps, asked: Asked): Promise<Claimed | GraphQLResponse | null> {
  const { contextValue, source, document, operation, request } = asked;
  const key = request.http?.headers.get(KEY_HEADER);
  const { caller } = contextValue;
  const { variables = {} } = request;
  const its = { key, caller, source, document, operation, variables };
  const wanted = repeatable(its);
  if (wanted === null) return null;
  const found = await deps.idempotency.claim(wanted);
  if (found.kind === 'CLAIMED')
    return {
      request: wanted,
      claim: found.claim,
      stopRenewing: keepRenewing(deps, wanted, found.claim),
    };
  if (found.kind === 'ANSWERED') return again(found.answer);
  throw new KeyTaken(found.kind);
}

class KeyTaken extends InputError {
  constructor(readonly kind: keyof typeof REASONS) {
    super('CONFLICT', REASONS[kind]);
  }
}

const REASONS = {
  UNDER_WAY: 'A request with this Idempotency-Key is still running. Try again in a second.',
  OTHER:
    'This Idempotency-Key was used within the last 24 hours for a different request or with different permissions. Use a new key.',
} as const;

const RENEW_MS = 20_000;
/**
 * After 30 renewals (ten minutes) the claim is left to expire, because a request still running by
 * then is stuck.
 */
const MOST_RENEWALS = 30;

function keepRenewing(
  { idempotency, logger }: Deps,
  request: RepeatableRequest,
  claim: string,
): () => void {
  let renewals = 0;
  const timer = setInterval(() => {
    renewals += 1;
    if (renewals === MOST_RENEWALS) clearInterval(timer);
    idempotency
      .renew(request, claim)
      .catch((error: unknown) => logger.warn({ err: error }, 'idempotency key renewal failed'));
  }, RENEW_MS).unref();
  return () => clearInterval(timer);
}

/**
 * Codes of temporary errors, after which a retry may succeed. A response with one of them is not
 * stored.
 */
const PASSING: readonly unknown[] = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'UNAVAILABLE',
  'DISCORD_RATE_LIMITED',
  'RATE_LIMITED',
  'INTERNAL',
];

async function settle(
  { idempotency }: Deps,
  { request, claim }: Claimed,
  { body, http }: GraphQLResponse,
): Promise<void> {
  const result = body.kind === 'single' ? body.singleResult : null;
  const codes = result?.errors?.map(({ extensions }) => extensions?.['code']);
  if (result === null || codes?.some((code) => PASSING.includes(code)))
    return idempotency.release(request, claim);
  const { data, errors } = result;
  const answer = { status: http.status ?? 200, result: { data, errors } };
  return idempotency.keep(request, claim, JSON.stringify(answer));
}

function again(kept: string): GraphQLResponse {
  const { status, result } = JSON.parse(kept);
  const headers = new HeaderMap([['idempotent-replay', 'true']]);
  const body = { kind: 'single', singleResult: result } as const;
  return { body, http: { status, headers } };
}

function refused({ logger }: Deps, { contextValue }: Asked, error: unknown): GraphQLResponse {
  const { requestId } = contextValue;
  const isCallers = error instanceof InputError;
  if (!isCallers) logger.error({ requestId, err: error }, 'idempotency key claim failed');
  const taken = error instanceof KeyTaken ? error.kind : null;
  const isUnderWay = taken === 'UNDER_WAY';
  const headers = new HeaderMap(isUnderWay ? [['retry-after', '1']] : []);
  const singleResult = { errors: [publicError(error, requestId)] };
  const refusal = taken === null ? 400 : 409;
  const status = isCallers ? refusal : 500;
  return { body: { kind: 'single', singleResult }, http: { status, headers } };
}

const KEY_HEADER = 'idempotency-key';

const KEY = /^[\x20-\x7e]{1,255}$/;

/**
 * Returns the request that an `Idempotency-Key` identifies. Returns null for a query, without a
 * key, or without a caller. The fingerprint includes the caller's permissions, because a response
 * stored under broader permissions could show more than the caller may see now.
 */
export function repeatable(asked: {
  readonly key: string | undefined;
  readonly caller: Caller | null;
  readonly source: string;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: unknown;
}): RepeatableRequest | null {
  const { key, caller, operation } = asked;
  if (key === undefined || caller === null) return null;
  if (operation.operation !== OperationTypeNode.MUTATION) return null;
  if (!KEY.test(key)) throw refusal('Idempotency-Key must be 1 to 255 printable ASCII characters.');
  if (rootFields(asked.document, operation.selectionSet) !== 1)
    throw refusal('A request with an Idempotency-Key must contain exactly one mutation.');
  const rights = [caller.scopes.toSorted(), caller.clientIds?.toSorted() ?? null];
  const name = operation.name?.value ?? null;
  const said = [asked.source, name, sorted(asked.variables), rights];
  return { caller: caller.name, keyHash: sha256(key), fingerprint: sha256(JSON.stringify(said)) };
}

/**
 * Rejects requests with an `Idempotency-Key` at every path except `path`. The playground's endpoint
 * does not support keys.
 */
export function refuseKeysBut(scope: FastifyInstance, path: string): void {
  scope.addHook('onRequest', async (request) => {
    if (request.headers[KEY_HEADER] === undefined) return;
    if (requestPath(request) === path) return;
    throw new RefusedRequest({
      status: 400,
      code: 'BAD_USER_INPUT',
      message: `Idempotency-Key is supported at POST ${path} only.`,
    });
  });
}

/**
 * Counts the root fields, including those in fragments. The document is already validated, so
 * fragments are not recursive.
 */
function rootFields(document: DocumentNode, set: SelectionSetNode): number {
  return set.selections.reduce((count, selection) => {
    if (selection.kind === Kind.FIELD)
      return count + (selection.name.value === '__typename' ? 0 : 1);
    const below =
      selection.kind === Kind.INLINE_FRAGMENT
        ? selection
        : document.definitions.find(
            (each) =>
              each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === selection.name.value,
          );
    if (!below || !('selectionSet' in below) || !below.selectionSet) return count;
    return count + rootFields(document, below.selectionSet);
  }, 0);
}

/** Sorts the fields of objects, because a retry may send them in another order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, below]) => [name, sorted(below)]);
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const refusal = (message: string) => new InputError('BAD_USER_INPUT', message);
