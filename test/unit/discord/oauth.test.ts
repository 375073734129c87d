import { createHash } from 'node:crypto';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startScriptedDiscord, type ScriptedDiscord } from '../../fakes/scripted-discord.js';
import { failureOf, startOfTest } from './gateway-setup.js';
import {
  accountBody,
  applicationAt,
  grantBody,
  REDIRECT,
  SECRETS,
  setUpOAuth,
  USER_AGENT,
} from './oauth-setup.js';

let discord: ScriptedDiscord;
beforeEach(async () => {
  discord = await startScriptedDiscord();
});
afterEach(() => discord.stop());

const app = () => applicationAt(new URL(discord.apiBase).origin);
const exchange = {
  code: SECRETS.code,
  redirectUri: REDIRECT,
  codeVerifier: SECRETS.codeVerifier,
};
const grant = {
  accessToken: SECRETS.newAccessToken,
  refreshToken: SECRETS.newRefreshToken,
  expiresAt: new Date(startOfTest + 604_800_000),
  scopes: ['identify', 'guilds.join'],
};
const basic = `Basic ${btoa(`100000000000000001:${SECRETS.clientSecret}`)}`;

describe('the address of the consent page', () => {
  const request = {
    redirectUri: REDIRECT,
    scopes: ['identify', 'guilds.join'],
    state: 'a state & more+',
    codeVerifier: SECRETS.codeVerifier,
  };

  it('requests consent every time, and a code bound to state and verifier', async () => {
    const { oauth } = setUpOAuth();

    const address = await oauth.authorizeAddress(app(), request);

    const url = new URL(address);
    expect(url.origin + url.pathname).toBe(app().authorizeUrl);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: '100000000000000001',
      scope: 'identify guilds.join',
      redirect_uri: REDIRECT,
      state: 'a state & more+',
      prompt: 'consent',
      code_challenge: createHash('sha256').update(SECRETS.codeVerifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    expect(url.search).toContain('scope=identify%20guilds.join');
    expect(address).not.toContain(SECRETS.codeVerifier);
    expect(discord.requests).toEqual([]);
  });

  it.each(['', 'short', `${'x'.repeat(43)} `, 'x'.repeat(129)])(
    'is refused for a verifier that Discord would reject later (%j)',
    async (codeVerifier) => {
      const { oauth } = setUpOAuth();

      const failure = await failureOf(oauth.authorizeAddress(app(), { ...request, codeVerifier }));

      expect(failure).toBeInstanceOf(TypeError);
    },
  );
});

describe('a code', () => {
  it('is exchanged once, as a form, with the application’s credentials', async () => {
    const { oauth } = setUpOAuth();
    discord.script({ body: grantBody });

    expect(await oauth.exchangeCode(app(), exchange)).toEqual(grant);

    expect(discord.requests).toHaveLength(1);
    const [request] = discord.requests;
    expect(request).toMatchObject({
      method: 'POST',
      path: '/api/oauth2/token',
      headers: {
        authorization: basic,
        'user-agent': USER_AGENT,
        'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
      },
    });
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      grant_type: 'authorization_code',
      code: SECRETS.code,
      redirect_uri: REDIRECT,
      code_verifier: SECRETS.codeVerifier,
    });
  });

  it('may be exchanged for a grant without a refresh token', async () => {
    const { oauth } = setUpOAuth();
    const { refresh_token: _none, ...body } = grantBody;
    discord.script({ body });

    expect(await oauth.exchangeCode(app(), exchange)).toEqual({
      ...grant,
      refreshToken: null,
    });
  });

  it.each(['', 'a b', 'x'.repeat(1025), 'caf\u00e9', 'a\r\nb'])(
    'that is malformed is refused without a call (%j)',
    async (code) => {
      const { oauth } = setUpOAuth();

      const failure = await failureOf(oauth.exchangeCode(app(), { ...exchange, code }));

      expect(failure).toMatchObject({ code: 'INVALID_GRANT' });
      expect(discord.requests).toEqual([]);
    },
  );
});

describe('a refresh token', () => {
  it('is exchanged for a new pair', async () => {
    const { oauth } = setUpOAuth();
    discord.script({ body: grantBody });

    expect(await oauth.refresh(app(), SECRETS.refreshToken)).toEqual(grant);

    const [request] = discord.requests;
    expect(request?.headers.authorization).toBe(basic);
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      grant_type: 'refresh_token',
      refresh_token: SECRETS.refreshToken,
    });
  });
});

describe('a revocation', () => {
  it.each([
    ['of a live token', { status: 200, body: {} }],
    ['answered without a body', { status: 200, body: '' }],
    ['answered with 204', { status: 204 }],
    ['of a dead token', { status: 400, body: { error: 'invalid_token' } }],
    ['of a dead grant', { status: 400, body: { error: 'invalid_grant' } }],
  ])('%s succeeds', async (_case, reply) => {
    const { oauth } = setUpOAuth();
    discord.script(reply);

    await oauth.revoke(app(), SECRETS.accessToken);

    expect(discord.requests).toHaveLength(1);
    const [request] = discord.requests;
    expect(request).toMatchObject({
      path: '/api/oauth2/token/revoke',
      headers: { authorization: basic },
      body: `token=${SECRETS.accessToken}`,
    });
  });
});

describe('the account', () => {
  const account = {
    discordUserId: '700000000000000007',
    username: 'ada',
    displayName: 'Ada',
    email: 'ada@example.org',
    isEmailVerified: true,
    isBot: false,
  };
  const { email: _email, verified: _verified, ...withoutEmail } = accountBody;

  it.each([
    ['with everything', accountBody, account],
    ['without the scope email', withoutEmail, { ...account, email: null, isEmailVerified: false }],
    [
      'of a guest',
      { ...accountBody, email: null },
      { ...account, email: null, isEmailVerified: false },
    ],
    ['not verified', { ...accountBody, verified: false }, { ...account, isEmailVerified: false }],
    [
      'without a display name',
      { ...accountBody, global_name: null },
      { ...account, displayName: null },
    ],
    ['of a bot', { ...accountBody, bot: true }, { ...account, isBot: true }],
  ])('%s is read with the person’s token', async (_case, body, expected) => {
    const { oauth } = setUpOAuth();
    discord.script({ body });

    expect(await oauth.readAccount(app(), SECRETS.accessToken)).toEqual(expected);

    expect(discord.requests).toHaveLength(1);
    expect(discord.requests[0]).toMatchObject({
      method: 'GET',
      path: '/api/v10/users/@me',
      headers: {
        authorization: `Bearer ${SECRETS.accessToken}`,
        'user-agent': USER_AGENT,
      },
    });
  });
});
