import type { Answer } from '../rest/answer.js';
import type { OAuthApplication } from '../../model.js';

/** One call of the OAuth2 side, as its judges and its log need it: nothing here is secret. */
export interface OAuthCall {
  /** The token endpoints answer in OAuth2's words, the account in those of Discord's API. */
  readonly kind: 'code' | 'refresh' | 'revocation' | 'account';
  readonly url: string;
  readonly applicationId: string;
  /** Whose budget of invalid answers pays. */
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
  spender: spenderOf(app),
  doing: `exchange a code for application ${app.applicationId}`,
  redirectUri,
  accepts: isObject,
});

export const refreshing = (app: OAuthApplication): OAuthCall => ({
  kind: 'refresh',
  url: app.tokenUrl,
  applicationId: app.applicationId,
  spender: spenderOf(app),
  doing: `refresh a token of application ${app.applicationId}`,
  accepts: isObject,
});

export const accountReading = (app: OAuthApplication): OAuthCall => ({
  kind: 'account',
  url: `${app.apiBase}/users/@me`,
  applicationId: app.applicationId,
  spender: spenderOf(app),
  doing: `read the account that authorized application ${app.applicationId}`,
  accepts: isObject,
});

/**
 * An expired token cannot be revoked, and need not be:
 * https://datatracker.ietf.org/doc/html/rfc7009#section-2.2
 */
export const revocation = (app: OAuthApplication): OAuthCall => ({
  kind: 'revocation',
  url: app.revokeUrl,
  applicationId: app.applicationId,
  spender: spenderOf(app),
  doing: `revoke a token of application ${app.applicationId}`,
  accepts: ({ status, form, code }) => {
    if (status === 400) return code === 'invalid_token' || code === DEAD;
    return status === 204 || (status === 200 && form !== 'foreign');
  },
});

/** It comes with the address that a browser opens. What cannot be a code is not worth a call. */
export function isPlausibleCode(code: string): boolean {
  return /^[\x21-\x7e]{1,1024}$/.test(code);
}

const DEAD = 'invalid_grant';

function isObject({ status, form }: Answer): boolean {
  return status === 200 && form === 'json';
}

function spenderOf({ clientId, applicationId }: OAuthApplication): string {
  return clientId ?? `application ${applicationId}`;
}
