import { type DiscordOAuth, createDiscordOAuth } from '../../../services/discord/oauth/oauth.js';
import { createInvalidBudget } from '../../../services/discord/limits/invalid-budget.js';
import { everythingOf, failureOf, listeningLogger, startOfTest } from './gateway-setup.js';
import type { OAuthApplication } from '../../../services/model.js';

/** Whatever of these is found in an error or a log line has leaked. */
export const SECRETS = {
  clientSecret: 'sEcret_of-the-application.1',
  code: 'cOde-of-a-person',
  codeVerifier: 'vErifier-of-a-session-vErifier-of-a-session-v',
  accessToken: 'aCcess-token-of-a-person',
  refreshToken: 'rEfresh-token-of-a-person',
  newAccessToken: 'nEw-access-token',
  newRefreshToken: 'nEw-refresh-token',
} as const;

export const REDIRECT = 'https://connector.example.org/discord/sso/callback';
export const USER_AGENT = 'DiscordBot (https://example.org, 0.1.0)';

export const grantBody = {
  token_type: 'Bearer',
  access_token: SECRETS.newAccessToken,
  expires_in: 604_800,
  refresh_token: SECRETS.newRefreshToken,
  scope: 'identify guilds.join',
};

export const accountBody = {
  id: '700000000000000007',
  username: 'ada',
  global_name: 'Ada',
  email: 'ada@example.org',
  verified: true,
};

export const applicationAt = (origin: string): OAuthApplication => ({
  clientId: 'client-1',
  applicationId: '100000000000000001',
  clientSecret: SECRETS.clientSecret,
  authorizeUrl: `${origin}/oauth2/authorize`,
  tokenUrl: `${origin}/api/oauth2/token`,
  revokeUrl: `${origin}/api/oauth2/token/revoke`,
  apiBase: `${origin}/api/v10`,
});

export function setUpOAuth({ limit = 1000, timeoutMs = 2000 } = {}) {
  let now = startOfTest;
  const clock = () => now;
  const logs: Record<string, unknown>[] = [];
  const logger = listeningLogger(logs);
  const budget = createInvalidBudget({ clock, logger, limit });
  const oauth = createDiscordOAuth({
    clock,
    budget,
    logger,
    timeoutMs,
    userAgent: USER_AGENT,
  });
  return { oauth, budget, logs, advance: (ms: number) => void (now += ms) };
}

/** Every call of the OAuth2 side that is sent. */
export const CALLS: Readonly<
  Record<string, (oauth: DiscordOAuth, app: OAuthApplication) => Promise<unknown>>
> = {
  exchangeCode: (oauth, app) =>
    oauth.exchangeCode(app, {
      code: SECRETS.code,
      redirectUri: REDIRECT,
      codeVerifier: SECRETS.codeVerifier,
    }),
  refresh: (oauth, app) => oauth.refresh(app, SECRETS.refreshToken),
  revoke: (oauth, app) => oauth.revoke(app, SECRETS.accessToken),
  readAccount: (oauth, app) => oauth.readAccount(app, SECRETS.accessToken),
};

/** The error with which it ends, once it is seen to give no secret away. */
export async function discreetFailureOf(
  promise: Promise<unknown>,
  logs: readonly unknown[],
): Promise<Error> {
  const failure = await failureOf(promise);
  const shown = everythingOf([failure, failure.stack, logs]);
  const leaked = Object.entries(SECRETS).filter(([, secret]) =>
    [secret, encodeURIComponent(secret), btoa(secret)].some((form) => shown.includes(form)),
  );
  const basic = btoa(`100000000000000001:${SECRETS.clientSecret}`);
  if (leaked.length > 0 || shown.includes(basic)) {
    throw new Error(`leaks ${leaked.map(([name]) => name).join(', ')}`);
  }
  return failure;
}
