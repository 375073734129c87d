import type { LiveApplication, LiveWorld } from './live-world.js';
import { SCOPES } from './scopes.js';
import { isSnowflake } from './snowflake.js';

export const AUTHORIZE_PATH = '/oauth2/authorize';

/** An application's request for a person's consent, after validation. */
export type AuthorizeRequest = {
  readonly application: LiveApplication;
  readonly scopes: readonly string[];
  readonly redirectUri: string;
  readonly state: string | null;
  readonly prompt: 'consent' | 'none';
  readonly codeChallenge: string | null;
};

/**
 * A fault to show to the person. It never causes a redirect, because an address that the
 * application has not registered must not learn anything.
 */
export type AuthorizeFault = {
  readonly title: string;
  readonly detail: string;
};

/** The fields passed on by the consent page's form. */
export const AUTHORIZE_FIELDS = [
  'response_type',
  'client_id',
  'scope',
  'redirect_uri',
  'state',
  'prompt',
  'code_challenge',
  'code_challenge_method',
] as const;

export function readAuthorizeRequest(
  world: LiveWorld,
  given: URLSearchParams,
): { readonly request: AuthorizeRequest } | { readonly fault: AuthorizeFault } {
  const clientId = given.get('client_id') ?? '';
  const isWellFormed: boolean = isSnowflake(clientId);
  const application = world.applications.get(clientId);
  const redirectUri = given.get('redirect_uri') ?? '';
  const scopes = scopesOf(given);
  if (!isWellFormed)
    return fault('Invalid Form Body', `client_id: Value "${clientId}" is not snowflake.`);
  if (!application)
    return fault('Unknown Application', `No application has the client_id ${clientId}.`);
  if (!application.redirectUris.includes(redirectUri))
    return fault(
      'Invalid OAuth2 redirect_uri',
      `Redirect URI ${redirectUri || '(none)'} is not supported by client.`,
    );
  const wrong = scopeFault(scopes) ?? formFault(given);
  if (wrong) return { fault: wrong };
  return {
    request: {
      application,
      scopes,
      redirectUri,
      state: given.get('state'),
      prompt: given.get('prompt') === 'none' ? 'none' : 'consent',
      codeChallenge: given.get('code_challenge'),
    },
  };
}

function scopesOf(given: URLSearchParams): readonly string[] {
  const named = (given.get('scope') ?? '').split(' ');
  return [...new Set(named.filter((scope) => scope !== ''))];
}

function scopeFault(scopes: readonly string[]): AuthorizeFault | undefined {
  const title = 'Invalid Scope';
  if (scopes.includes('bot') || scopes.includes('applications.commands'))
    return {
      title,
      detail: 'The sandbox cannot add bots: they are already in their guilds.',
    };
  const unknown = scopes.filter((scope) => !Object.hasOwn(SCOPES, scope));
  if (scopes.length > 0 && unknown.length === 0) return undefined;
  const which = unknown.length > 0 ? unknown.join(', ') : '(none)';
  return {
    title,
    detail: `The requested scope is invalid, unknown, or malformed: ${which}`,
  };
}

function formFault(given: URLSearchParams): AuthorizeFault | undefined {
  const responseType = given.get('response_type');
  if (responseType !== 'code')
    return {
      title: 'Invalid Form Body',
      detail: `response_type: Value "${responseType ?? ''}" is not "code".`,
    };
  const prompt = given.get('prompt') ?? 'consent';
  if (prompt !== 'consent' && prompt !== 'none')
    return {
      title: 'Invalid Form Body',
      detail: `prompt: Value "${prompt}" must be one of "consent", "none".`,
    };
  return challengeFault(given);
}

/** Discord supports S256 only; a challenge is a SHA-256 in base64url, 43 characters. */
function challengeFault(given: URLSearchParams): AuthorizeFault | undefined {
  const title = 'Invalid Request';
  const challenge = given.get('code_challenge');
  const method = given.get('code_challenge_method');
  if (challenge === null && method === null) return undefined;
  if (method !== 'S256') return { title, detail: 'Unsupported "code_challenge_method"' };
  return /^[\w-]{43}$/.test(challenge ?? '')
    ? undefined
    : { title, detail: 'Invalid "code_challenge"' };
}

function fault(title: string, detail: string) {
  return { fault: { title, detail } };
}
