import { createHash } from 'node:crypto';

import type { Decision, OpenCall } from './api-call.js';
import { authenticateClient, formOf } from './client-authentication.js';
import type { LiveApplication } from './live-world.js';
import {
  ACCESS_TOKEN_LIFE_S,
  endAuthorization,
  newPair,
  savePair,
  spendRefreshToken,
  type TokenPair,
} from './oauth-grants.js';
import {
  invalidGrant,
  invalidRequest,
  unsupportedGrantType,
  unsupportedTokenType,
} from './oauth-refusal.js';
import type { OpenRoute } from './route.js';
import type { SandboxAuthorizationCode } from './world.js';

/**
 * Exchanges codes and refresh tokens for token pairs, and revokes tokens. Accepts forms only, as
 * the RFCs require.
 */
export const tokenRoutes: readonly OpenRoute[] = [
  {
    isOpen: true,
    method: 'POST',
    template: '/oauth2/token',
    decide: decideToken,
  },
  {
    isOpen: true,
    method: 'POST',
    template: '/oauth2/token/revoke',
    decide: decideRevocation,
  },
];

type Exchange = {
  readonly call: OpenCall;
  readonly form: URLSearchParams;
  readonly application: LiveApplication;
};

function decideToken(call: OpenCall): Decision {
  const form = formOf(call);
  const grantType = form.get('grant_type');
  // Checked before the client's credentials, as Discord does.
  if (grantType !== 'authorization_code' && grantType !== 'refresh_token')
    throw unsupportedGrantType(grantType);
  const application = authenticateClient(call.world, call);
  const exchange = { call, form, application };
  return grantType === 'refresh_token' ? exchangeRefreshToken(exchange) : exchangeCode(exchange);
}

function exchangeCode({ call, form, application }: Exchange): Decision {
  const { world, now } = call;
  const code = required(form, 'code');
  const agreed = world.authorizationCodes.get(code);
  const isGood =
    agreed !== undefined &&
    agreed.applicationId === application.applicationId &&
    agreed.expiresAt > now;
  if (!isGood) throw invalidGrant('code');
  if (required(form, 'redirect_uri') !== agreed.redirectUri) throw invalidGrant('redirect_uri');
  checkVerifier(agreed, form.get('code_verifier'));
  const pair = newPair(world);
  return {
    ...given(pair, agreed.scopes),
    change: () => {
      world.authorizationCodes.delete(code);
      savePair(world, pair, { authorization: agreed, now });
    },
  };
}

/**
 * A missing or malformed verifier is refused in Discord's words; a wrong one is a wrong grant (RFC
 * 7636, 4.6).
 */
function checkVerifier({ codeChallenge }: SandboxAuthorizationCode, verifier: string | null): void {
  if (codeChallenge === null) return;
  if (verifier === null) throw invalidRequest('Missing "code_verifier"');
  if (!/^[\w.~-]{43,128}$/.test(verifier)) throw invalidRequest('Invalid "code_verifier"');
  const hash = createHash('sha256').update(verifier).digest('base64url');
  if (hash !== codeChallenge) throw invalidGrant('code_verifier');
}

function exchangeRefreshToken({ call, form, application }: Exchange): Decision {
  const { world, now } = call;
  const spent = required(form, 'refresh_token');
  const authorization = world.refreshTokens.get(spent);
  if (authorization?.applicationId !== application.applicationId)
    throw invalidGrant('refresh_token');
  const pair = newPair(world);
  return {
    ...given(pair, authorization.scopes),
    change: () => {
      spendRefreshToken(world, spent);
      savePair(world, pair, { authorization, now });
    },
  };
}

function decideRevocation(call: OpenCall): Decision {
  const { world } = call;
  const form = formOf(call);
  const application = authenticateClient(world, call);
  const token = required(form, 'token');
  const hint = form.get('token_type_hint');
  if (hint !== null && hint !== 'access_token' && hint !== 'refresh_token')
    throw unsupportedTokenType();
  // The type hint is optional, so both kinds are searched.
  const named = world.accessTokens.get(token) ?? world.refreshTokens.get(token);
  const answer = { status: 200, body: {} };
  if (named?.applicationId !== application.applicationId) return answer;
  return { ...answer, change: () => endAuthorization(world, named) };
}

function given(pair: TokenPair, scopes: readonly string[]) {
  return {
    status: 200,
    headers: { 'Cache-Control': 'no-store' },
    body: {
      token_type: 'Bearer',
      access_token: pair.accessToken,
      expires_in: ACCESS_TOKEN_LIFE_S,
      refresh_token: pair.refreshToken,
      scope: scopes.join(' '),
    },
  };
}

function required(form: URLSearchParams, field: string): string {
  const value = form.get(field);
  if (!value) throw invalidRequest(`Missing "${field}" in request.`);
  return value;
}
