import {
  HeaderMap,
  type ApolloServerPlugin,
  type GraphQLRequestContextResponseForOperation,
  type GraphQLResponse,
} from '@apollo/server';

import { InputError } from '../../lib/errors.js';
import type { Logger } from '../../lib/logger.js';
import type { ApiContext } from '../context.js';
import { publicError } from '../kit/errors.js';
import { KEY_HEADER, repeatable } from './key-header.js';
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
 * A mutation with an `Idempotency-Key` is carried out once: a retry gets the stored response.
 * Transient failures are not stored: the key is free again at once, and after a minute if the
 * process died.
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
            // It was carried out and is answered; only a second try would not be recognised.
            const { requestId } = contextValue;
            deps.logger.error({ requestId, err: error }, 'idempotent response not stored');
          }
        },
      };
    },
  };
}

/** A claim: carry it out. A response: that is the answer. Null: it has no key, or only reads. */
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
/** Whatever is still at work then hangs. */
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
      .catch((error: unknown) => logger.warn({ err: error }, 'idempotency key not renewed'));
  }, RENEW_MS).unref();
  return () => clearInterval(timer);
}

/** Errors that a retry may not repeat: the request itself is not at fault. */
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
  if (!isCallers) logger.error({ requestId, err: error }, 'idempotency key not claimed');
  const taken = error instanceof KeyTaken ? error.kind : null;
  const isUnderWay = taken === 'UNDER_WAY';
  const headers = new HeaderMap(isUnderWay ? [['retry-after', '1']] : []);
  const singleResult = { errors: [publicError(error, requestId)] };
  const refusal = taken === null ? 400 : 409;
  const status = isCallers ? refusal : 500;
  return { body: { kind: 'single', singleResult }, http: { status, headers } };
}
