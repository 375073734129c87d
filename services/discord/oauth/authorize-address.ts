import { calculatePKCECodeChallenge } from 'oauth4webapi';

import type { ConsentRequest } from './parties.js';
import type { OAuthApplication } from '../../model.js';

/**
 * Where people give consent. Always asks (`prompt=consent`): a link must not be made without the
 * person noticing.
 */
export async function authorizeAddress(
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
    code_challenge: await calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
  };
  const url = new URL(authorizeUrl);
  for (const [name, value] of Object.entries(parameters)) {
    url.searchParams.set(name, value);
  }
  // A space can be read in one way only, whether the reader knows forms or addresses.
  return url.href.replaceAll('+', '%20');
}
