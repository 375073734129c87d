import type { FastifyRequest } from 'fastify';

import { DatabaseUnavailableError } from '../../lib/errors.js';
import type { Logger } from '../../lib/logger.js';
import type { Cause } from '../../model.js';
import { callbackAddress, startAddress } from './addresses.js';
import { completeSignIn } from './complete.js';
import type { SignInOutcome } from './endings.js';
import type { Consent, TicketView } from './ports.js';
import { hashOf, isSame, isSecret, newSecret, type StateCookie } from './secrets.js';
import { findClient, parameterOf, type SignInDoor } from './start.js';

export interface CallbackDeps extends SignInDoor {
  readonly logger: Logger;
  readonly traceNow?: () => string | null;
}

/**
 * Handles the redirect from Discord. The OAuth code is exchanged only if the state, the cookie and
 * the browser match.
 */
export async function receiveAnswer(
  deps: CallbackDeps,
  request: FastifyRequest,
): Promise<SignInOutcome> {
  const { ports, cookies } = deps;
  const answer = readAnswer(request.query);
  if (answer === null) return { code: 'INCOMPLETE' };
  const kept = cookies.stateOf(request);
  if (kept === null || !isSame(kept.state, answer.state)) return { code: 'FOREIGN_ANSWER' };
  // The state cookie is kept, so that reloading this page shows EXPIRED and not the warning
  // FOREIGN_ANSWER.
  const attempt = newSecret();
  const ticket = await repeatOnce(() => ports.takeState(hashOf(answer.state), attempt));
  if (ticket === null) return { code: 'EXPIRED' };
  const browser = cookies.browserOf(request);
  if (browser === null || !isSame(hashOf(browser), ticket.browserHash))
    return { code: 'OTHER_BROWSER' };
  try {
    return answer.code === null
      ? refused(deps, { ticket, kept, error: answer.error, request })
      : await accept(deps, ticket, { code: answer.code, attempt, request });
  } catch (err) {
    deps.logger.error({ requestId: request.id, err }, 'sign-in failed');
    return { code: 'INTERNAL', ticket };
  }
}

type Answer = { readonly state: string } & (
  { readonly code: string; readonly error: null } | { readonly code: null; readonly error: string }
);

/**
 * Reads the query of the redirect. Returns null if it is invalid. A repeated parameter is invalid,
 * because two parsers may read different values from it.
 */
function readAnswer(query: unknown): Answer | null {
  const [state, code, error] = ['state', 'code', 'error'].map((name) => parameterOf(query, name));
  if (!isSecret(state)) return null;
  if (isText(code) && error === undefined) return { state, code, error: null };
  if (isText(error) && code === undefined) return { state, code: null, error };
  return null;
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= 1024;

/**
 * Handles an OAuth error. The ticket stays valid, because a person who cancelled may change their
 * mind.
 */
function refused(
  { base, logger }: CallbackDeps,
  given: {
    readonly ticket: TicketView;
    readonly kept: StateCookie;
    readonly error: string;
    readonly request: FastifyRequest;
  },
): SignInOutcome {
  const { ticket, kept, error } = given;
  const retryUrl = isSame(hashOf(kept.ticket), ticket.ticketHash)
    ? startAddress(base, kept.ticket)
    : null;
  if (error === 'access_denied') return { code: 'CANCELLED', ticket, retryUrl };
  const fields = {
    requestId: given.request.id,
    clientId: ticket.clientId,
    // Anyone can call this URL with any text, so only known error codes are logged.
    reason: SETUP_ERRORS.has(error) ? error : 'another error',
  };
  if (!SETUP_ERRORS.has(error)) {
    logger.warn(fields, 'Discord returned an OAuth error');
    return { code: 'DISCORD_FAILED', ticket, retryUrl };
  }
  logger.error(fields, 'client misconfigured, sign-in impossible');
  return { code: 'SETUP_FAULT', ticket };
}

/**
 * OAuth errors that mean a misconfigured client:
 * https://datatracker.ietf.org/doc/html/rfc6749#section-4.1.2.1
 */
const SETUP_ERRORS: ReadonlySet<string> = new Set([
  'invalid_request',
  'unauthorized_client',
  'unsupported_response_type',
  'invalid_scope',
]);

async function accept(
  deps: CallbackDeps,
  ticket: TicketView & Consent,
  {
    code,
    attempt,
    request,
  }: { readonly code: string; readonly attempt: string; readonly request: FastifyRequest },
): Promise<SignInOutcome> {
  const { ports, base } = deps;
  const client = await findClient(ports, ticket);
  if (client === null) return { code: 'CLIENT_GONE', ticket };
  const isSpent = await repeatOnce(() => ports.spendTicket(ticket.ticketHash, attempt));
  if (!isSpent) return { code: 'EXPIRED', ticket };
  const traceparent = deps.traceNow?.() ?? null;
  const cause: Cause = {
    kind: 'MUTATION',
    id: request.id,
    actor: 'sign-in',
    ...(traceparent !== null && { traceparent }),
  };
  return completeSignIn(deps, {
    ticket,
    client,
    code,
    codeVerifier: ticket.codeVerifier,
    redirectUri: callbackAddress(base, client),
    cause,
  });
}

/**
 * Retries once if the database is unavailable. The first call may have succeeded although its
 * response was lost. Without the retry the person would have to start again, because reloading the
 * page would only show EXPIRED.
 */
async function repeatOnce<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof DatabaseUnavailableError) return ask();
    throw error;
  }
}
