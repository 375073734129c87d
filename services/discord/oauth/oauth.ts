import * as oauth from 'oauth4webapi';

import type { DiscordAccount } from '../../api/sign-in/ports.js';
import type { Logger } from '../../lib/logger.js';
import type { OAuthApplication, TokenGrant } from '../../model.js';
import type { InvalidBudget } from '../limits/invalid-budget.js';
import {
  accountOf,
  accountReading,
  authenticatedPartiesOf,
  codeExchange,
  grantOf,
  isPlausibleCode,
  partiesOf,
  refreshing,
  revocation,
} from './calls.js';
import { deadGrant } from './errors.js';
import { type ObservedOAuthCall, createWire } from './wire.js';

export interface DiscordOAuth {
  /** The consent page's address. */
  authorizeAddress(app: OAuthApplication, request: ConsentRequest): Promise<string>;
  exchangeCode(app: OAuthApplication, request: CodeExchange): Promise<TokenGrant>;
  readAccount(app: OAuthApplication, accessToken: string): Promise<DiscordAccount>;
  refresh(app: OAuthApplication, refreshToken: string): Promise<TokenGrant>;
  /**
   * Ends all that this person has granted the application. A token that is dead already is no
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
  /** The whole header. */
  readonly userAgent: string;
  readonly timeoutMs?: number;
  readonly logger?: Logger;
  readonly onCall?: (call: ObservedOAuthCall) => void;
}

/**
 * What people agree to, over OAuth2 with PKCE.
 * In: codes and tokens. Out: grants and accounts, or a TerminalError (INVALID_GRANT,
 * INVALID_CLIENT, REFUSED), a RetryLaterError or an UnavailableError. Never: a call made twice, or
 * a secret in an error or a log line.
 */
export function createDiscordOAuth(deps: DiscordOAuthDeps): DiscordOAuth {
  const { clock, timeoutMs = 4000 } = deps;
  const wire = createWire({ ...deps, timeoutMs });

  return {
    authorizeAddress,
    async exchangeCode(app, { code, redirectUri, codeVerifier }) {
      const call = codeExchange(app, redirectUri);
      if (!isPlausibleCode(code)) throw deadGrant(call);
      return wire.perform(call, async (options) => {
        const answer = await oauth.authorizationCodeGrantRequest(
          ...authenticatedPartiesOf(app),
          // The owner of the session has compared the state before passing on the code.
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
 * Where people give consent. Always asks (`prompt=consent`): a link must not be made without the
 * person noticing.
 */
async function authorizeAddress(
  { authorizeUrl, applicationId }: OAuthApplication,
  { redirectUri, scopes, state, codeVerifier }: ConsentRequest,
): Promise<string> {
  // Discord refuses others at the exchange only, when the person has long agreed.
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
  // A space can be read in one way only, whether the reader knows forms or addresses.
  return url.href.replaceAll('+', '%20');
}

interface ConsentRequest {
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly state: string;
  readonly codeVerifier: string;
}
