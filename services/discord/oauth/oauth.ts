import * as oauth from 'oauth4webapi';
import { allowInsecureRequests, customFetch, type CustomFetchOptions } from 'oauth4webapi';

import type { DiscordAccount } from '../../api/sign-in/ports.js';
import { RetryLaterError, TerminalError, UnavailableError } from '../../lib/errors.js';
import type { Logger } from '../../lib/logger.js';
import type { OAuthApplication, TokenGrant } from '../../model.js';
import type { InvalidBudget } from '../limits/invalid-budget.js';
import { type Answer, type Pause, pauseAfter } from '../rest/answer.js';
import { SINGLE_BYTES } from '../rest/calls.js';
import { sendRequest } from '../rest/transport.js';
import {
  accountOf,
  accountReading,
  authenticatedPartiesOf,
  codeExchange,
  grantOf,
  isPlausibleCode,
  type OAuthCall,
  partiesOf,
  refreshing,
  revocation,
} from './calls.js';
import { malformedCode, judgeAnswer, judgeSilence } from './errors.js';

export interface DiscordOAuth {
  /** Returns the address of Discord's consent page. */
  authorizeAddress(app: OAuthApplication, request: ConsentRequest): Promise<string>;
  exchangeCode(app: OAuthApplication, request: CodeExchange): Promise<TokenGrant>;
  readAccount(app: OAuthApplication, accessToken: string): Promise<DiscordAccount>;
  refresh(app: OAuthApplication, refreshToken: string): Promise<TokenGrant>;
  /**
   * Revokes everything this person has granted the application. An already invalid token is not an
   * error.
   */
  revoke(app: OAuthApplication, token: string): Promise<void>;
}

interface CodeExchange {
  readonly code: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
}

interface DiscordOAuthDeps {
  readonly clock: () => number;
  readonly budget: InvalidBudget;
  /** The complete User-Agent header. */
  readonly userAgent: string;
  readonly timeoutMs?: number;
  readonly logger?: Logger;
  readonly onCall?: (call: ObservedOAuthCall) => void;
}

/**
 * Signs people in with Discord and revokes their grants, over OAuth2 with PKCE.
 * In: codes and tokens. Out: grants and accounts, or a TerminalError (INVALID_GRANT,
 * INVALID_CLIENT, REFUSED), a RetryLaterError or an UnavailableError.
 * Never: a repeated call, or a secret in an error or a log line.
 */
export function createDiscordOAuth(deps: DiscordOAuthDeps): DiscordOAuth {
  const { clock, timeoutMs = 4000 } = deps;
  const wire = createWire({ ...deps, timeoutMs });

  return {
    authorizeAddress,
    async exchangeCode(app, { code, redirectUri, codeVerifier }) {
      const call = codeExchange(app, redirectUri);
      if (!isPlausibleCode(code)) throw malformedCode(call);
      return wire.perform(call, async (options) => {
        const answer = await oauth.authorizationCodeGrantRequest(
          ...authenticatedPartiesOf(app),
          // The caller has already checked the session's `state`.
          oauth.validateAuthResponse(...partiesOf(app), new URLSearchParams({ code })),
          redirectUri,
          codeVerifier,
          options,
        );
        const reply = await oauth.processAuthorizationCodeResponse(...partiesOf(app), answer);
        return grantOf(reply, call.doing, clock());
      });
    },
    readAccount(app, accessToken) {
      const call = accountReading(app);
      return wire.perform(call, async (options) => {
        const url = new URL(call.url);
        const answer = await oauth.protectedResourceRequest(
          ...([accessToken, 'GET', url, undefined, undefined] as const),
          options,
        );
        return accountOf(await answer.json(), call.doing);
      });
    },
    refresh(app, refreshToken) {
      const call = refreshing(app);
      return wire.perform(call, async (options) => {
        const answer = await oauth.refreshTokenGrantRequest(
          ...authenticatedPartiesOf(app),
          refreshToken,
          options,
        );
        const reply = await oauth.processRefreshTokenResponse(...partiesOf(app), answer);
        return grantOf(reply, call.doing, clock());
      });
    },
    revoke(app, token) {
      return wire.perform(revocation(app), async (options) => {
        const parties = authenticatedPartiesOf(app);
        await oauth.revocationRequest(...parties, token, options);
      });
    },
  };
}

/**
 * Returns the address of Discord's consent page. `prompt=consent` makes Discord ask every time: a
 * link must not be made without the person noticing.
 */
async function authorizeAddress(
  { authorizeUrl, applicationId }: OAuthApplication,
  { redirectUri, scopes, state, codeVerifier }: ConsentRequest,
): Promise<string> {
  // Discord would reject an invalid verifier only at the code exchange, after the person has
  // consented.
  if (!/^[\w.~-]{43,128}$/.test(codeVerifier)) {
    throw new TypeError('the code verifier does not follow RFC 7636');
  }
  const parameters = {
    response_type: 'code',
    client_id: applicationId,
    scope: scopes.join(' '),
    redirect_uri: redirectUri,
    state,
    prompt: 'consent',
    code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
  };
  const url = new URL(authorizeUrl);
  for (const [name, value] of Object.entries(parameters)) {
    url.searchParams.set(name, value);
  }
  // Form and URL parsers both read %20 as a space; a URL parser would keep a plus sign.
  return url.href.replaceAll('+', '%20');
}

interface ConsentRequest {
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly state: string;
  readonly codeVerifier: string;
}

interface Wire {
  /**
   * `run` sends one oauth4webapi request with the options it receives, and returns what it reads
   * from the response. If `call.accepts` rejects the response, `run` never sees it and `perform`
   * throws.
   */
  perform<T>(call: OAuthCall, run: (options: WireOptions) => Promise<T>): Promise<T>;
}

type Send = (
  url: string,
  init: CustomFetchOptions<string, URLSearchParams | undefined>,
) => Promise<Response>;

interface WireOptions {
  // The library has a separate `init` type for each of its requests; `any` fits them all.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly [customFetch]: (url: string, init: any) => Promise<Response>;
  readonly [allowInsecureRequests]: boolean;
}

interface WireDeps {
  readonly clock: () => number;
  readonly budget: InvalidBudget;
  readonly userAgent: string;
  readonly timeoutMs: number;
  readonly logger?: Logger;
  readonly onCall?: (call: ObservedOAuthCall) => void;
}

export interface ObservedOAuthCall {
  readonly kind: OAuthCall['kind'];
  readonly status: number | null;
  readonly durationMs: number;
}

/**
 * Sends oauth4webapi's requests. The library itself limits neither their time nor the response's
 * length, and its errors contain the request and the response.
 */
function createWire(deps: WireDeps): Wire {
  /** The time, by host, before which no call may be sent to the host. */
  const pauses = new Map<string, number>();

  const judge = (call: OAuthCall, answer: Answer) => {
    const pause = pauseOf(answer, deps.clock());
    const { host } = new URL(call.url);
    if (pause?.reach === 'bot') pauses.set(host, pause.until);
    return judgeAnswer(call, answer, pause);
  };

  const senderOf =
    (call: OAuthCall): Send =>
    async (url, init) => {
      const { answer, text } = await exchange(deps, call, { url, init });
      if (!call.accepts(answer)) throw judge(call, answer);
      const body = answer.status === 204 ? null : text;
      const headers = { 'content-type': 'application/json' };
      return new Response(body, { status: answer.status, headers });
    };

  return {
    async perform(call, run) {
      refuseEarly(deps, call, pauses.get(new URL(call.url).host));
      try {
        return await run({
          [customFetch]: senderOf(call),
          // The sandbox Discord has no certificate. Allowed hosts are checked when a client is
          // saved.
          [allowInsecureRequests]: call.url.startsWith('http:'),
        });
      } catch (error) {
        throw isOurs(error)
          ? error
          : new UnavailableError(
              `cannot ${call.doing}: the response does not match Discord's documentation`,
            );
      }
    },
  };
}

function isOurs(error: unknown): boolean {
  return (
    error instanceof TerminalError ||
    error instanceof RetryLaterError ||
    error instanceof UnavailableError
  );
}

function refuseEarly(
  { budget, clock }: WireDeps,
  { doing, spender }: OAuthCall,
  pausedUntil = 0,
): void {
  const block = budget.blockOf(spender);
  if (block !== null) throw new RetryLaterError(block.until, `cannot ${doing}: ${block.reason}`);
  if (pausedUntil <= clock()) return;
  throw new RetryLaterError(new Date(pausedUntil), `cannot ${doing}: Discord asked to wait`);
}

/** Pauses of OAuth2 calls need no jitter, because people retry at different times. */
function pauseOf(answer: Answer, now: number): Pause | null {
  const { status, code } = answer;
  const mayName = status === 429 || (status < 500 && typeof code === 'number');
  return mayName ? pauseAfter({ answer, now, random: 0, offsetMs: 0 }) : null;
}

/** A redirect counts as no response. */
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

async function exchange(
  deps: WireDeps,
  call: OAuthCall,
  { url, init }: { readonly url: string; readonly init: Parameters<Send>[1] },
): Promise<{ readonly answer: Answer; readonly text: string }> {
  const { budget, clock, logger, timeoutMs, userAgent } = deps;
  const startedAt = clock();
  const signal = AbortSignal.timeout(timeoutMs);
  const { method, body, headers } = init;
  let status: number | null = null;
  try {
    const { raw, text } = await sendRequest(
      url,
      { method, headers, signal, ...(body && { body }) },
      {
        userAgent,
        clock,
        mostBytes: SINGLE_BYTES,
        onStatus: (seen) => {
          status = REDIRECTS.includes(seen.status) ? null : seen.status;
          budget.note({ ...seen, spender: call.spender });
        },
      },
    );
    if (REDIRECTS.includes(raw.status)) throw new Error('redirected');
    return { answer: raw, text: text ?? '' };
  } catch (error) {
    throw judgeSilence(call, { hasTimedOut: signal.aborted, error });
  } finally {
    const { kind, applicationId } = call;
    const durationMs = clock() - startedAt;
    const fields = { applicationId, kind, status, durationMs };
    logger?.debug(fields, 'discord oauth call');
    deps.onCall?.({ kind, status, durationMs });
  }
}
