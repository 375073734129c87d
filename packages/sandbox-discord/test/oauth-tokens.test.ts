import { describe, expect, it } from 'vitest';

import {
  asPerson,
  basic,
  CALLBACK,
  CHALLENGE,
  startOauthSandbox,
  OTHER_APPLICATION,
  OTHER_CALLBACK,
  OTHER_SECRET,
  SECRET,
  VERIFIER,
} from './oauth-world.js';
import { ANNA, APPLICATION, STRANGER } from './small-world.js';

const scopes = ['identify', 'guilds.join'];
const stan = { applicationId: APPLICATION, discordUserId: STRANGER, scopes };
const agreed = { ...stan, redirectUri: CALLBACK };
const parties = { applicationId: APPLICATION, discordUserId: STRANGER };

describe('a code', () => {
  it('is exchanged for a pair of tokens', async () => {
    const { sandbox, exchange, call } = await startOauthSandbox();

    const { status, body } = await exchange(sandbox.oauth.authorize(agreed));

    expect(status).toBe(200);
    expect(body).toEqual({
      token_type: 'Bearer',
      access_token: expect.stringMatching(/^\w{30}$/),
      expires_in: 604_800,
      refresh_token: expect.stringMatching(/^\w{30}$/),
      scope: 'identify guilds.join',
    });
    const me = await call('GET', '/users/@me', asPerson(body.access_token));
    expect(me.body.id).toBe(STRANGER);
  });

  it.each(['/api/oauth2/token', '/api/v10/oauth2/token', '/api/v9/oauth2/token'])(
    'is taken at %s',
    async (path) => {
      const { sandbox, call } = await startOauthSandbox();
      const code = sandbox.oauth.authorize(agreed);

      const { status } = await call('POST', path, {
        headers: {
          ...basic(APPLICATION, SECRET),
          'Content-Type': 'application/x-www-form-urlencoded',
        },
        rawBody: `grant_type=authorization_code&code=${code}&redirect_uri=${encodeURIComponent(CALLBACK)}`,
      });

      expect(status).toBe(200);
    },
  );

  it('is good once', async () => {
    const { sandbox, exchange } = await startOauthSandbox();
    const code = sandbox.oauth.authorize(agreed);
    await exchange(code);

    const { status, body } = await exchange(code);

    expect(status).toBe(400);
    expect(body).toEqual({
      error: 'invalid_grant',
      error_description: 'Invalid "code" in request.',
    });
  });

  it('is good for a hundred seconds', async () => {
    const { sandbox, exchange, advance } = await startOauthSandbox();
    const early = sandbox.oauth.authorize(agreed);
    advance(99_999);
    expect((await exchange(early)).status).toBe(200);
    const late = sandbox.oauth.authorize(agreed);
    advance(100_000);

    expect((await exchange(late)).body.error).toBe('invalid_grant');
  });

  it.each([
    ['another address', { redirect_uri: OTHER_CALLBACK }, 'invalid_grant'],
    ['no address', { redirect_uri: undefined }, 'invalid_request'],
    ['another code', { code: 'x'.repeat(30) }, 'invalid_grant'],
    ['no code', { code: undefined }, 'invalid_request'],
    [
      'another application',
      { client_id: OTHER_APPLICATION, client_secret: OTHER_SECRET },
      'invalid_grant',
    ],
  ])('is worth nothing with %s', async (_name, changes, error) => {
    const { sandbox, exchange } = await startOauthSandbox();

    const { status, body } = await exchange(sandbox.oauth.authorize(agreed), changes);

    expect([status, body.error]).toEqual([400, error]);
    expect(sandbox.oauth.liveTokens()).toEqual([]);
  });

  it.each([
    ['missing', undefined, 'invalid_request', 'Missing "code_verifier"'],
    ['too short', 'v'.repeat(42), 'invalid_request', 'Invalid "code_verifier"'],
    ['too long', 'v'.repeat(129), 'invalid_request', 'Invalid "code_verifier"'],
    ['the challenge', CHALLENGE, 'invalid_grant', 'Invalid "code_verifier" in request.'],
  ])(
    'that was challenged is refused when the verifier is %s, and can be tried again',
    async (_name, code_verifier, error, error_description) => {
      const { sandbox, exchange } = await startOauthSandbox();
      const code = sandbox.oauth.authorize({
        ...agreed,
        codeChallenge: CHALLENGE,
      });

      const refused = await exchange(code, { code_verifier });
      const taken = await exchange(code, { code_verifier: VERIFIER });

      expect(refused).toEqual({
        status: 400,
        body: { error, error_description },
      });
      expect(taken.status).toBe(200);
    },
  );

  it('cannot be made for an address that is not the application’s', async () => {
    const { sandbox } = await startOauthSandbox();

    expect(() => sandbox.oauth.authorize({ ...agreed, redirectUri: 'https://evil' })).toThrow(
      'has no redirect address https://evil',
    );
  });
});

describe('a refresh token', () => {
  it('is exchanged once for a new pair, and the old pair dies', async () => {
    const { sandbox, refresh, call } = await startOauthSandbox();
    const before = sandbox.oauth.grant(stan);

    const { status, body } = await refresh(before.refreshToken);
    const again = await refresh(before.refreshToken);
    const old = await call('GET', '/users/@me', asPerson(before.accessToken));
    const fresh = await call('GET', '/users/@me', asPerson(body.access_token));

    expect(status).toBe(200);
    expect(body).toMatchObject({
      expires_in: 604_800,
      scope: scopes.join(' '),
    });
    expect(again).toEqual({
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description: 'Invalid "refresh_token" in request.',
      },
    });
    expect([old.status, fresh.status]).toEqual([401, 200]);
    expect((await refresh(body.refresh_token)).status).toBe(200);
  });

  it('outlives the access token', async () => {
    const { sandbox, refresh, call, advance } = await startOauthSandbox();
    const { accessToken, refreshToken } = sandbox.oauth.grant(stan);
    const isAlive = async (token: string) =>
      (await call('GET', '/users/@me', asPerson(token))).status === 200;

    advance(604_799_999);
    expect(await isAlive(accessToken)).toBe(true);
    advance(1);
    expect(await isAlive(accessToken)).toBe(false);

    expect((await refresh(refreshToken)).status).toBe(200);
  });

  it('is of no use to another application, nor is an access token in its place', async () => {
    const { sandbox, refresh } = await startOauthSandbox();
    const { accessToken, refreshToken } = sandbox.oauth.grant(stan);
    const other = { client_id: OTHER_APPLICATION, client_secret: OTHER_SECRET };

    expect((await refresh(refreshToken, other)).body.error).toBe('invalid_grant');
    expect((await refresh(accessToken)).body.error).toBe('invalid_grant');
    expect((await refresh(refreshToken)).status).toBe(200);
  });
});

describe('an application', () => {
  const asked = { client_id: undefined, client_secret: undefined };

  it.each([
    ['in the header', asked, basic(APPLICATION, SECRET)],
    [
      'in the header, its id also in the body',
      { client_secret: undefined },
      basic(APPLICATION, SECRET),
    ],
    ['in the header, form-encoded', asked, basic(APPLICATION, SECRET.replace('-', '%2D'))],
    ['in the body', {}, {}],
  ])('may name its secret %s', async (_name, fields, headers) => {
    const { sandbox, post } = await startOauthSandbox();
    const { refreshToken: refresh_token } = sandbox.oauth.grant(stan);

    const { status } = await post(
      '/oauth2/token',
      { grant_type: 'refresh_token', refresh_token, ...fields },
      headers,
    );

    expect(status).toBe(200);
  });

  it.each([
    ['a wrong secret', { client_secret: 'wrong' }, {}],
    ['no secret', { client_secret: undefined }, {}],
    ['an unknown id', { client_id: '212345678901234567' }, {}],
    ['no id', asked, {}],
    ['a wrong secret in the header', asked, basic(APPLICATION, 'wrong')],
    [
      'another id in the body than in the header',
      { client_id: OTHER_APPLICATION },
      basic(APPLICATION, OTHER_SECRET),
    ],
    ['no secret of its own', { client_id: '299999999999999998', client_secret: '' }, {}],
  ])('with %s is turned away with 401', async (_name, fields, headers) => {
    const { sandbox, post } = await startOauthSandbox();
    const { refreshToken } = sandbox.oauth.grant(stan);

    const exchanged = await post(
      '/oauth2/token',
      { grant_type: 'refresh_token', refresh_token: refreshToken, ...fields },
      headers,
    );
    const revoked = await post('/oauth2/token/revoke', { token: refreshToken, ...fields }, headers);

    for (const answer of [exchanged, revoked])
      expect(answer).toEqual({
        status: 401,
        body: { error: 'invalid_client' },
      });
    expect(sandbox.oauth.liveTokens()).toHaveLength(2);
  });

  it.each([
    ['password', 'Grant type password is not supported'],
    ['client_credentials', 'Grant type client_credentials is not supported'],
    [undefined, 'Grant type None is not supported'],
  ])('cannot use the grant type %s', async (grant_type, error_description) => {
    const { post } = await startOauthSandbox();

    expect(await post('/oauth2/token', { grant_type })).toEqual({
      status: 400,
      body: { error: 'unsupported_grant_type', error_description },
    });
  });

  it('that speaks JSON is not understood', async () => {
    const { sandbox, call } = await startOauthSandbox();
    const { refreshToken } = sandbox.oauth.grant(stan);
    const headers = basic(APPLICATION, SECRET);

    const exchanged = await call('POST', '/oauth2/token', {
      headers,
      body: { grant_type: 'refresh_token', refresh_token: refreshToken },
    });
    const revoked = await call('POST', '/oauth2/token/revoke', {
      headers,
      body: { token: refreshToken },
    });

    expect(exchanged.status).toBe(400);
    expect(exchanged.body).toMatchObject({ error: 'unsupported_grant_type' });
    expect(revoked.status).toBe(400);
    expect(revoked.body).toMatchObject({ error: 'invalid_request' });
    expect(sandbox.oauth.liveTokens()).toHaveLength(2);
  });

  it('is told that a token is posted, not got', async () => {
    const { call } = await startOauthSandbox();

    expect((await call('GET', '/oauth2/token')).status).toBe(405);
    expect((await call('GET', '/api/oauth2/token')).status).toBe(405);
  });
});

describe('revoking', () => {
  it.each(['accessToken', 'refreshToken'] as const)(
    'the %s ends everything between that person and that application, and nothing else',
    async (which) => {
      const { sandbox, revoke } = await startOauthSandbox();
      const pairs = [sandbox.oauth.grant(stan), sandbox.oauth.grant(stan)];
      const code = sandbox.oauth.authorize(agreed);
      const anna = { ...stan, discordUserId: ANNA };
      const elsewhere = { ...stan, applicationId: OTHER_APPLICATION };
      sandbox.oauth.grant(anna);
      sandbox.oauth.grant(elsewhere);

      const answer = await revoke(pairs[0]?.[which] ?? '');

      expect(answer).toEqual({ status: 200, body: {} });
      expect(sandbox.oauth.liveTokens(parties)).toEqual([]);
      expect(sandbox.world().authorizationCodes).not.toHaveProperty(code);
      expect(sandbox.oauth.liveTokens(anna)).toHaveLength(2);
      expect(sandbox.oauth.liveTokens(elsewhere)).toHaveLength(2);
    },
  );

  it.each([
    ['an unknown token', { token: 'unknown' }, 200],
    ['a token of another application', {}, 200],
    ['no token', { token: undefined }, 400],
    ['a kind of token that is none', { token_type_hint: 'id_token' }, 400],
  ])('%s changes nothing', async (_name, changes, status) => {
    const { sandbox, revoke } = await startOauthSandbox();
    const elsewhere = { ...stan, applicationId: OTHER_APPLICATION };
    const { accessToken } = sandbox.oauth.grant(elsewhere);

    const answer = await revoke(accessToken, changes);

    expect(answer.status).toBe(status);
    expect(sandbox.oauth.liveTokens()).toHaveLength(2);
  });

  it('does not mind a wrong hint', async () => {
    const { sandbox, revoke } = await startOauthSandbox();
    const { accessToken } = sandbox.oauth.grant(stan);

    await revoke(accessToken, { token_type_hint: 'refresh_token' });

    expect(sandbox.oauth.liveTokens()).toEqual([]);
  });
});

describe('what becomes of tokens without a call', () => {
  it('is seen: all that live, by person and application', async () => {
    const { sandbox } = await startOauthSandbox();
    const { accessToken, refreshToken } = sandbox.oauth.grant(stan);

    expect(sandbox.oauth.liveTokens(parties)).toEqual([
      { kind: 'access', token: accessToken, ...stan },
      { kind: 'refresh', token: refreshToken, ...stan },
    ]);
    sandbox.oauth.expireAccessTokens(parties);
    expect(sandbox.oauth.liveTokens(parties)).toMatchObject([{ kind: 'refresh' }]);
    sandbox.oauth.deauthorize(parties);
    expect(sandbox.oauth.liveTokens()).toEqual([]);
  });

  it('is kept with the world', async () => {
    const { sandbox, exchange } = await startOauthSandbox();
    const code = sandbox.oauth.authorize(agreed);
    sandbox.oauth.grant(stan);
    const world = JSON.parse(JSON.stringify(sandbox.world()));

    const again = await startOauthSandbox({ world });

    expect(again.sandbox.oauth.liveTokens()).toEqual(sandbox.oauth.liveTokens());
    expect((await again.exchange(code)).status).toBe(200);
    expect((await exchange(code)).status).toBe(200);
  });
});
