import { describe, expect, it } from 'vitest';

import {
  asPerson,
  CALLBACK,
  CHALLENGE,
  startOauthSandbox,
  OTHER_APPLICATION,
  SECRET,
  VERIFIER,
} from './oauth-world.js';
import {
  ANNA,
  APPLICATION,
  GUILD,
  memberPath,
  smallGuild,
  STRANGER,
  TOKEN,
} from './small-world.js';

const scopes = ['identify', 'email', 'guilds.join'];
const stan = { applicationId: APPLICATION, discordUserId: STRANGER, scopes };

describe('a whole link', () => {
  it('is counted, and remembered without a secret, code, token or state', async () => {
    const { sandbox, press, visit, exchange, refresh, revoke, call } = await startOauthSandbox();
    const secrets = [SECRET, TOKEN, VERIFIER, CHALLENGE, 'the-state'];

    const challenged = {
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
    };
    await visit(challenged);
    const back = await press({ person: STRANGER, ...challenged });
    const location = new URL(back.headers.get('location') ?? '');
    const code = location.searchParams.get('code') ?? '';
    const first = await exchange(code, { code_verifier: VERIFIER });
    const me = asPerson(first.body.access_token);
    await call('GET', '/users/@me', me);
    await call('GET', `/users/@me?access_token=${code}&page=2`, me);
    await call('PUT', memberPath(STRANGER), {
      body: { access_token: first.body.access_token },
    });
    const second = await refresh(first.body.refresh_token);
    await call('GET', `/api/oauth2/token?client_secret=${SECRET}`);
    await revoke(second.body.access_token);

    expect(sandbox.calls.counts()).toEqual({
      'GET /oauth2/authorize 200': 1,
      'POST /oauth2/authorize 302': 1,
      'POST /oauth2/token 200': 2,
      'GET /users/@me 200': 2,
      'PUT /guilds/{guild_id}/members/{user_id} 201': 1,
      'GET unknown 405': 1,
      'POST /oauth2/token/revoke 200': 1,
    });
    const kept = JSON.stringify(sandbox.calls.recent());
    for (const secret of [
      ...secrets,
      code,
      first.body.access_token,
      first.body.refresh_token,
      second.body.refresh_token,
      second.body.access_token,
    ])
      expect(kept).not.toContain(secret);
    expect(kept).toContain('page=2');
    expect(sandbox.calls.recent()[0]?.path).toBe('/oauth2/authorize');
    expect(
      sandbox.calls.count({
        route: '/oauth2/token',
        applicationId: APPLICATION,
      }),
    ).toBe(2);
  });

  it('shows no secret on the page either', async () => {
    const { sandbox, url } = await startOauthSandbox();
    const { accessToken, refreshToken } = sandbox.oauth.grant(stan);

    const state = await (await fetch(`${url}/sandbox/state`)).text();

    for (const secret of [accessToken, refreshToken, SECRET, TOKEN])
      expect(state).not.toContain(secret);
  });
});

describe('a fault planted on OAuth2', () => {
  it.each([
    ['/oauth2/token', 'POST'],
    ['/oauth2/token/revoke', 'POST'],
    ['/oauth2/authorize', 'GET'],
    ['/oauth2/@me', 'GET'],
  ])('%s answers 5xx, HTML and limits, once each', async (route, method) => {
    const { sandbox, call } = await startOauthSandbox();
    const path = route === '/oauth2/authorize' ? `/api${route}` : route;
    sandbox.faults.plant({ route, effect: { kind: 'status', status: 503 } });
    sandbox.faults.plant({ route, effect: { kind: 'html', status: 502 } });
    sandbox.faults.plant({
      route,
      effect: { kind: 'globalLimit', retryAfterMs: 2000 },
    });
    const headers = { Authorization: '' };

    const answers = [];
    for (let index = 0; index < 3; index += 1) answers.push(await call(method, path, { headers }));

    expect(answers.map(({ status }) => status)).toEqual([503, 502, 429]);
    expect(answers[1]?.text).toContain('<!DOCTYPE html>');
    expect(answers[2]?.body).toMatchObject({ retry_after: 2, global: true });
    expect(sandbox.faults.list()).toEqual([]);
    expect(sandbox.calls.count({ route })).toBe(3);
  });

  it('drops the answer after the exchange: the code is spent, nobody has the tokens', async () => {
    const { sandbox, exchange } = await startOauthSandbox();
    const route = '/oauth2/token';
    const code = sandbox.oauth.authorize({ ...stan, redirectUri: CALLBACK });
    sandbox.faults.plant({ route, effect: { kind: 'drop', moment: 'after' } });

    await expect(exchange(code)).rejects.toThrow('fetch failed');

    expect(sandbox.oauth.liveTokens()).toHaveLength(2);
    expect((await exchange(code)).body.error).toBe('invalid_grant');
    expect(sandbox.calls.count({ route, status: 0 })).toBe(1);
  });

  it('drops the call before the exchange: the code can be tried again', async () => {
    const { sandbox, exchange } = await startOauthSandbox();
    const code = sandbox.oauth.authorize({ ...stan, redirectUri: CALLBACK });
    sandbox.faults.plant({ route: '/oauth2/*', effect: { kind: 'drop' } });

    await expect(exchange(code)).rejects.toThrow('fetch failed');

    expect((await exchange(code)).status).toBe(200);
  });

  it('holds the answer back', async () => {
    const { sandbox, apiBase } = await startOauthSandbox();
    const route = '/oauth2/token';
    sandbox.faults.plant({ route, effect: { kind: 'silence' } });
    const hungUp = new AbortController();

    const answer = fetch(apiBase + route, {
      method: 'POST',
      signal: hungUp.signal,
    });
    await sandbox.calls.waitForCall({ route, status: 0 });
    hungUp.abort();

    await expect(answer).rejects.toThrow('abort');
  });
});

describe('the rate limits of OAuth2', () => {
  const limits = {
    global: { limit: 3, windowMs: 1000, window: 'fixed' },
    memberJoin: { limit: 1, windowMs: 5000, window: 'fixed' },
  } as const;

  it('count those without a token by themselves, not with the bot', async () => {
    const { post, call } = await startOauthSandbox({ limits });

    const statuses = [];
    for (let index = 0; index < 4; index += 1)
      statuses.push((await post('/oauth2/token', {})).status);

    expect(statuses).toEqual([400, 400, 400, 429]);
    expect((await call('GET', memberPath(ANNA))).status).toBe(200);
  });

  it('give joining a bucket of its own in each guild, and count it in the global one', async () => {
    const second = '100000000000000002';
    const world = {
      applications: [
        {
          applicationId: APPLICATION,
          name: 'Connector',
          botUserId: '200000000000000002',
          botToken: TOKEN,
        },
      ],
      users: [{ discordUserId: STRANGER, username: 'stan' }],
      guilds: [smallGuild(), { ...smallGuild(), guildId: second }],
    };
    const { call, sandbox } = await startOauthSandbox({ world, limits });
    const { accessToken: access_token } = sandbox.oauth.grant(stan);
    const join = (guildId: string) =>
      call('PUT', `/guilds/${guildId}/members/${STRANGER}`, {
        body: { access_token },
      });

    const answers = [
      await join(GUILD),
      await join(GUILD),
      await join(second),
      await call('GET', memberPath(ANNA)),
    ];

    expect(answers.map(({ status }) => status)).toEqual([201, 429, 201, 429]);
    expect(answers[0]?.headers.get('x-ratelimit-limit')).toBe('1');
    expect(answers[1]?.headers.get('x-ratelimit-scope')).toBe('user');
    expect(answers[3]?.headers.get('x-ratelimit-scope')).toBe('global');
    expect(sandbox.member(second, STRANGER), 'one application, two guilds').toBeDefined();
  });
});

describe('an authorization', () => {
  it('tells its application, scopes, end and person', async () => {
    const { sandbox, call } = await startOauthSandbox();
    const { accessToken } = sandbox.oauth.grant(stan);

    const { status, body } = await call('GET', '/api/oauth2/@me', asPerson(accessToken));

    expect(status).toBe(200);
    expect(body).toMatchObject({
      application: { id: APPLICATION, name: 'Connector', bot_public: false },
      scopes,
      expires: '2023-11-21T22:13:20.000000+00:00',
      user: { id: STRANGER },
    });
    expect(body).not.toHaveProperty('application.redirect_uris');
  });

  it('names nobody without the scope to be identified, and is no bot’s', async () => {
    const { sandbox, call } = await startOauthSandbox();
    const narrow = { ...stan, scopes: ['guilds.join'] };
    const { accessToken } = sandbox.oauth.grant(narrow);

    const { body } = await call('GET', '/oauth2/@me', asPerson(accessToken));
    const bot = await call('GET', '/oauth2/@me');

    expect(body).not.toHaveProperty('user');
    expect(bot.status).toBe(401);
  });

  it('lets a person without an address say so', async () => {
    const { sandbox, call } = await startOauthSandbox();
    const { accessToken } = sandbox.oauth.grant({
      ...stan,
      discordUserId: ANNA,
    });

    const { body } = await call('GET', '/users/@me', asPerson(accessToken));

    expect(body).toMatchObject({ id: ANNA, email: null, verified: false });
  });

  it('shows an address that was never verified as such', async () => {
    const { sandbox, call } = await startOauthSandbox();
    const { accessToken } = sandbox.oauth.grant(stan);
    sandbox.moderator.editUser({
      discordUserId: STRANGER,
      isEmailVerified: false,
    });

    const { body } = await call('GET', '/users/@me', asPerson(accessToken));

    expect(body).toMatchObject({ email: 'stan@example.org', verified: false });
  });

  it('that is dead answers as Discord does', async () => {
    const { sandbox, call, revoke } = await startOauthSandbox();
    const { accessToken } = sandbox.oauth.grant(stan);
    await revoke(accessToken);

    for (const path of ['/users/@me', '/oauth2/@me', '/users/@me/guilds']) {
      const { status, body } = await call('GET', path, asPerson(accessToken));
      expect(status).toBe(401);
      expect(body).toEqual({ message: '401: Unauthorized', code: 0 });
    }
  });

  it('is counted once a person, for its own application', async () => {
    const { sandbox, call } = await startOauthSandbox();
    sandbox.oauth.grant(stan);
    sandbox.oauth.grant(stan);
    sandbox.oauth.grant({ ...stan, applicationId: OTHER_APPLICATION });

    const { body } = await call('GET', '/applications/@me');

    expect(body).toMatchObject({ approximate_user_authorization_count: 1 });
  });
});
