import type { AuthorizationServer, Client, ClientAuth, TokenEndpointResponse } from 'oauth4webapi';
import { z } from 'zod';

import type { DiscordAccount } from '../../api/sign-in/ports.js';
import type { OAuthApplication, TokenGrant } from '../../model.js';
import type { Answer } from '../rest/answer.js';
import { parsePayload } from '../rest/payloads.js';

/** Describes one OAuth2 call for error handling and the log. Contains no secrets. */
export interface OAuthCall {
  /**
   * Decides how a refusal is parsed: the account endpoint returns Discord API errors, the other
   * endpoints return OAuth2 errors.
   */
  readonly kind: 'code' | 'refresh' | 'revocation' | 'account';
  readonly url: string;
  readonly applicationId: string;
  /** The client whose budget of invalid requests is charged. */
  readonly spender: string;
  /** The call in words, for errors. */
  readonly doing: string;
  readonly redirectUri?: string;
  readonly accepts: (answer: Answer) => boolean;
}

export const codeExchange = (app: OAuthApplication, redirectUri: string): OAuthCall => ({
  kind: 'code',
  url: app.tokenUrl,
  applicationId: app.applicationId,
  spender: app.clientId,
  doing: `exchange a code for application ${app.applicationId}`,
  redirectUri,
  accepts: isObject,
});

export const refreshing = (app: OAuthApplication): OAuthCall => ({
  kind: 'refresh',
  url: app.tokenUrl,
  applicationId: app.applicationId,
  spender: app.clientId,
  doing: `refresh a token of application ${app.applicationId}`,
  accepts: isObject,
});

export const accountReading = (app: OAuthApplication): OAuthCall => ({
  kind: 'account',
  url: `${app.apiBase}/users/@me`,
  applicationId: app.applicationId,
  spender: app.clientId,
  doing: `read the account that authorized application ${app.applicationId}`,
  accepts: isObject,
});

/**
 * Also accepts the refusal of an invalid token, which cannot be revoked and need not be:
 * https://datatracker.ietf.org/doc/html/rfc7009#section-2.2
 */
export const revocation = (app: OAuthApplication): OAuthCall => ({
  kind: 'revocation',
  url: app.revokeUrl,
  applicationId: app.applicationId,
  spender: app.clientId,
  doing: `revoke a token of application ${app.applicationId}`,
  accepts: ({ status, form, code }) => {
    if (status === 400) return code === 'invalid_token' || code === DEAD;
    return status === 204 || (status === 200 && form !== 'foreign');
  },
});

/**
 * Returns false for text that cannot be a code, which is then rejected without a call. The code
 * comes from a URL that a browser opens, so it can be any text.
 */
export function isPlausibleCode(code: string): boolean {
  return /^[\x21-\x7e]{1,1024}$/.test(code);
}

const DEAD = 'invalid_grant';

function isObject({ status, form }: Answer): boolean {
  return status === 200 && form === 'json';
}

/** Printable ASCII only, because a token is later sent in a header. */
const token = z.string().regex(/^[\x21-\x7e]{1,4096}$/);

const TEN_YEARS_S = 315_360_000;

const grantPayload = z.object({
  access_token: token,
  refresh_token: token.nullish(),
  token_type: z.literal('bearer'),
  expires_in: z.number().positive().max(TEN_YEARS_S),
  // Without the scope `identify`, the connector could not read which account to link.
  scope: z
    .string()
    .transform((text) => text.split(' ').filter((scope) => scope !== ''))
    .refine((scopes) => scopes.includes('identify')),
});

const accountPayload = z.object({
  id: z.string().regex(/^[1-9]\d{16,19}$/),
  username: z.string().min(1),
  global_name: z.string().nullish(),
  email: z.string().nullish(),
  verified: z.boolean().nullish(),
  bot: z.boolean().nullish(),
});

/** `reply` has passed oauth4webapi's own checks. */
export function grantOf(reply: TokenEndpointResponse, doing: string, now: number): TokenGrant {
  const grant = parsePayload(grantPayload, { body: reply }, doing);
  return {
    accessToken: grant.access_token,
    refreshToken: grant.refresh_token ?? null,
    expiresAt: new Date(now + grant.expires_in * 1000),
    scopes: grant.scope,
  };
}

export function accountOf(body: unknown, doing: string): DiscordAccount {
  const user = parsePayload(accountPayload, { body }, doing);
  const email = user.email ?? null;
  return {
    discordUserId: user.id,
    username: user.username,
    displayName: user.global_name ?? null,
    email,
    isEmailVerified: email !== null && user.verified === true,
    isBot: user.bot === true,
  };
}

/** Returns the authorization server and the client as oauth4webapi describes them. */
export function partiesOf(app: OAuthApplication): readonly [AuthorizationServer, Client] {
  return [
    {
      issuer: new URL(app.tokenUrl).origin,
      token_endpoint: app.tokenUrl,
      revocation_endpoint: app.revokeUrl,
    },
    { client_id: app.applicationId },
  ];
}

export function authenticatedPartiesOf(
  app: OAuthApplication,
): readonly [AuthorizationServer, Client, ClientAuth] {
  return [...partiesOf(app), basic(app.clientSecret)];
}

/**
 * Builds the Authorization header. oauth4webapi's own version also escapes `-` and `_`. RFC 6749
 * allows that, but Discord's documentation does not escape secrets, which often contain these
 * characters, so Discord might not decode them.
 */
function basic(clientSecret: string): ClientAuth {
  return (_server, { client_id: clientId }, _body, headers) => {
    const credentials = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`;
    headers.set('authorization', `Basic ${btoa(credentials)}`);
  };
}

function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
