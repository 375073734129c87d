import { z } from 'zod';

import { RetryLaterError, TerminalError, UnavailableError } from '../../lib/errors.js';
import { type Answer, bytesInWords, type Pause } from '../rest/answer.js';
import { systemCode } from '../rest/errors.js';
import type { OAuthCall } from './calls.js';

/** Codes of the TerminalErrors that OAuth2 calls throw. */
export type OAuthRefusal =
  /** The code, refresh token or access token has expired: the person must sign in again. */
  | 'INVALID_GRANT'
  /**
   * The client secret or the callback address is wrong; the message names which. An admin must
   * correct it.
   */
  | 'INVALID_CLIENT'
  | 'REFUSED';

type OAuthError = TerminalError | RetryLaterError | UnavailableError;

/**
 * Maps an unexpected response to an error. The error neither quotes the response nor keeps it as a
 * cause, because requests and responses are full of tokens.
 */
export function judgeAnswer(call: OAuthCall, answer: Answer, pause: Pause | null): OAuthError {
  const say = (why: string) => `cannot ${call.doing}: ${why}${evidence(answer)}`;
  if (pause) return new RetryLaterError(new Date(pause.until), say(pause.why));
  const refusal = refusalOf(call, answer);
  if (refusal) return new TerminalError(refusal.code, say(refusal.why));
  const { cutAtBytes } = answer;
  const why =
    cutAtBytes === null
      ? 'Discord gave no usable response'
      : `the response is longer than ${bytesInWords(cutAtBytes)}`;
  return new UnavailableError(say(why));
}

/** Maps a call without a response to an error. */
export function judgeSilence(
  { doing }: OAuthCall,
  failure: { readonly hasTimedOut: boolean; readonly error: unknown },
): UnavailableError {
  if (failure.error instanceof UnavailableError) return failure.error;
  if (failure.hasTimedOut) {
    return new UnavailableError(`cannot ${doing}: no response in time`);
  }
  const code = systemCode(failure.error);
  const evidence = code === null ? '' : ` (${code})`;
  return new UnavailableError(
    `cannot ${doing}: the connection failed or was redirected${evidence}`,
  );
}

export function malformedCode({ doing }: OAuthCall): TerminalError {
  return new TerminalError('INVALID_GRANT', `cannot ${doing}: the code is malformed`);
}

interface Refusal {
  readonly code: OAuthRefusal;
  readonly why: string;
}

/**
 * Returns null if the response is not a definite refusal by Discord. It then proves nothing about
 * the grant or the application.
 */
function refusalOf(call: OAuthCall, answer: Answer): Refusal | null {
  const { status, form, code } = answer;
  if (form !== 'json' || status < 400 || status >= 500) return null;
  if (status === 408 || code === 130_000) return null;
  if (call.kind === 'account') return accountRefusal(status);

  const parameter = parameterAtFault(answer.body);
  if (parameter === 'redirect_uri') {
    return {
      code: 'INVALID_CLIENT',
      why: `the callback address ${call.redirectUri ?? ''} differs from the one in the request, or is not registered with the application`,
    };
  }
  if (status === 401 || isClientFault(code) || parameter === 'client_id') {
    return { code: 'INVALID_CLIENT', why: 'the client secret does not belong to the application' };
  }
  const isOldWay =
    code === 'invalid_request' && (parameter === 'code' || parameter === 'refresh_token');
  if (code === 'invalid_grant' || isOldWay) {
    return { code: 'INVALID_GRANT', why: 'it has expired, was used before, or was revoked' };
  }
  return { code: 'REFUSED', why: 'Discord refused' };
}

function accountRefusal(status: number): Refusal {
  return status === 401
    ? { code: 'INVALID_GRANT', why: 'the access token is no longer valid' }
    : { code: 'REFUSED', why: 'Discord refused' };
}

function isClientFault(code: Answer['code']): boolean {
  return code === 'invalid_client' || code === 'unauthorized_client';
}

const PARAMETERS = ['redirect_uri', 'client_id', 'code', 'refresh_token'];

const faultBody = z.object({
  error_description: z.string().catch(''),
  errors: z.record(z.string(), z.unknown()).catch({}),
});

/**
 * Returns the name of the parameter that Discord rejected. Discord uses the same `error` for an
 * expired code and for a wrong redirect address, and has changed the value over the years. Only the
 * name of the parameter tells them apart. Discord quotes the name in the description, or uses it as
 * a key of the form errors or of the body. https://github.com/discord/discord-api-docs/issues/4076
 */
function parameterAtFault(body: unknown): string | undefined {
  const { data } = faultBody.safeParse(body);
  if (!data || typeof body !== 'object' || body === null) return undefined;
  return PARAMETERS.find(
    (name) =>
      name in data.errors ||
      (name in body && name !== 'code') ||
      data.error_description.includes(`"${name}"`),
  );
}

/** Includes only values known not to be secret. */
function evidence({ status, code }: Answer): string {
  const isKnown = typeof code === 'number' || KNOWN_ERRORS.has(code ?? '');
  return isKnown ? ` (status ${status}, ${code})` : ` (status ${status})`;
}

/** https://datatracker.ietf.org/doc/html/rfc6749#section-5.2 */
const KNOWN_ERRORS = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_token',
  'unsupported_token_type',
]);
