import type { AuthorizationServer, Client, ClientAuth } from 'oauth4webapi';
import type { OAuthApplication } from '../../model.js';

export interface ConsentRequest {
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly state: string;
  readonly codeVerifier: string;
}

/** The two sides in the library's words. */
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
 * The library escapes `-` and `_` too. RFC 6749 allows it, but Discord's secrets are full of them
 * and its documentation sends them unescaped, so it is unclear whether Discord would decode them.
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
