import { request } from 'node:http';

import { describe, expect, it } from 'vitest';

import {
  asPerson,
  CALLBACK,
  CHALLENGE,
  startOauthSandbox,
  oauthWorld,
  OTHER_CALLBACK,
  sentTo,
  VERIFIER,
} from './oauth-world.js';
import { ANNA, APPLICATION, BOT, STRANGER } from './small-world.js';

describe('the consent page', () => {
  it('shows that it is a sandbox, which application asks, for which scopes, and where it leads back', async () => {
    const { visit } = await startOauthSandbox();

    const response = await visit();
    const html = await response.text();

    expect(response.status).toBe(200);
    expect(html).toContain('This is a sandbox');
    expect(html).toContain('<strong id="application">Connector</strong>');
    expect(html).toContain('<li data-scope="guilds.join">Join servers for you');
    expect(html).toContain('<span id="destination">http://127.0.0.1:4000<');
    expect(html).toMatch(/<button id="authorize" .*>Authorize</);
    expect(html).toMatch(/<button id="cancel" .*>Cancel</);
  });

  it('offers every person of the world or a new one, but no bot', async () => {
    const { visit } = await startOauthSandbox();

    const html = await (await visit()).text();

    expect(html).toContain(`id="person-${ANNA}"`);
    expect(html).toContain('stan@example.org');
    expect(html).toContain('no email');
    expect(html).toContain('id="person-new"');
    expect(html).not.toContain(`id="person-${BOT}"`);
  });

  it('runs no script, cannot be framed and is not cached', async () => {
    const { visit } = await startOauthSandbox();

    const response = await visit();
    const policy = response.headers.get('content-security-policy') ?? '';

    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.text()).not.toMatch(/<script| style="| on\w+="/);
  });

  it('shows input as text, never as markup', async () => {
    const evil = '" onfocus="alert(1)"><img src=x>';
    const world = oauthWorld();
    const { visit } = await startOauthSandbox({
      world: {
        ...world,
        users: [{ discordUserId: ANNA, username: evil, email: evil }],
        applications: world.applications.map((one) => ({ ...one, name: evil })),
      },
    });

    const pages = await Promise.all([
      visit({ state: evil }),
      visit({ redirect_uri: evil }),
      visit({ scope: evil }),
      visit({ client_id: evil }),
    ]);

    for (const page of pages) expect(await page.text()).not.toMatch(/<img|" onfocus/);
  });

  it.each([['/api/oauth2/authorize'], ['/api/v10/oauth2/authorize']])(
    'is found at %s too',
    async (path) => {
      const { call } = await startOauthSandbox();
      const query = new URLSearchParams({
        response_type: 'code',
        client_id: APPLICATION,
        scope: 'identify',
        redirect_uri: CALLBACK,
      });

      const { status, text } = await call('GET', `${path}?${query}`, {
        headers: { Authorization: '' },
      });

      expect(status).toBe(200);
      expect(text).toContain('id="consent"');
    },
  );

  it.each([
    [{ client_id: 'abc' }, 'Invalid Form Body'],
    [{ client_id: undefined }, 'Invalid Form Body'],
    [{ client_id: '212345678901234567' }, 'Unknown Application'],
    [{ redirect_uri: undefined }, 'Invalid OAuth2 redirect_uri'],
    [{ redirect_uri: `${CALLBACK}/` }, 'Invalid OAuth2 redirect_uri'],
    [{ redirect_uri: 'https://evil.example' }, 'Invalid OAuth2 redirect_uri'],
    [{ scope: 'identify rule_the_world' }, 'Invalid Scope'],
    [{ scope: 'constructor' }, 'Invalid Scope'],
    [{ scope: undefined }, 'Invalid Scope'],
    [{ scope: 'bot' }, 'Invalid Scope'],
    [{ response_type: 'token' }, 'Invalid Form Body'],
    [{ response_type: undefined }, 'Invalid Form Body'],
    [{ prompt: 'login' }, 'Invalid Form Body'],
    [{ code_challenge: CHALLENGE, code_challenge_method: 'plain' }, 'Invalid Request'],
    [{ code_challenge: CHALLENGE }, 'Invalid Request'],
    [{ code_challenge_method: 'S256' }, 'Invalid Request'],
    [{ code_challenge: 'short', code_challenge_method: 'S256' }, 'Invalid Request'],
  ])('answers %j with "%s", without redirecting', async (changes, title) => {
    const { visit, press, sandbox } = await startOauthSandbox();

    const answers = [
      await visit(changes),
      await press({ ...changes, person: STRANGER }),
      await press({ ...changes, decision: 'cancel' }),
    ];

    for (const answer of answers) {
      expect(answer.status).toBe(400);
      expect(answer.headers.get('location')).toBeNull();
      expect(await answer.text()).toContain(`role="alert">${title}</h2>`);
    }
    expect(sandbox.world().authorizationCodes).toEqual({});
  });
});

describe('pressing Authorize', () => {
  it('redirects with the state and a code that can be exchanged', async () => {
    const { press, exchange } = await startOauthSandbox();

    const response = await press({ person: STRANGER });
    const { origin, pathname, searchParams } = sentTo(response);
    const { status } = await exchange(searchParams.get('code') ?? '');

    expect(response.status).toBe(302);
    expect(origin + pathname).toBe(CALLBACK);
    expect(searchParams.get('state')).toBe('the-state');
    expect(status).toBe(200);
  });

  it('keeps the query of the registered address, and adds no state if none was sent', async () => {
    const { press } = await startOauthSandbox();

    const { searchParams } = sentTo(
      await press({
        person: STRANGER,
        redirect_uri: OTHER_CALLBACK,
        state: undefined,
      }),
    );

    expect(searchParams.get('tenant')).toBe('7');
    expect(searchParams.has('state')).toBe(false);
    expect(searchParams.has('code')).toBe(true);
  });

  it('carries the challenge along', async () => {
    const { press, exchange } = await startOauthSandbox();
    const asked = { code_challenge: CHALLENGE, code_challenge_method: 'S256' };

    const { searchParams } = sentTo(await press({ person: ANNA, ...asked }));
    const code = searchParams.get('code') ?? '';

    expect((await exchange(code)).status).toBe(400);
    expect((await exchange(code, { code_verifier: VERIFIER })).status).toBe(200);
  });

  it('creates the account of a new person, with an address or without', async () => {
    const { press, exchange, call } = await startOauthSandbox();
    const whoIs = async (fields: Record<string, string>) => {
      const back = sentTo(await press({ person: 'new', ...fields }));
      const code = back.searchParams.get('code') ?? '';
      const { body } = await exchange(code);
      const me = asPerson(body.access_token);
      return (await call('GET', '/users/@me', me)).body;
    };

    const nora = await whoIs({ name: ' Norá Flint ', email: 'n@example.org' });
    const twin = await whoIs({ name: 'Nora Flint', email: '' });

    expect(nora).toMatchObject({
      username: 'nora_flint',
      global_name: 'Norá Flint',
      email: 'n@example.org',
      verified: true,
    });
    expect(twin).toMatchObject({ username: 'nora_flint2', email: null });
    expect(twin.id).not.toBe(nora.id);
  });

  it.each([
    ['no person', {}, 'Select an account'],
    ['a bot', { person: BOT }, 'Select an account'],
    ['a new person without a name', { person: 'new', name: ' ' }, 'needs a name'],
    ['a name that is too long', { person: 'new', name: 'n'.repeat(33) }, '32 characters'],
    [
      'an address that is none',
      { person: 'new', name: 'Nora', email: 'nora' },
      'not an email address',
    ],
    ['no button', { person: ANNA, decision: undefined }, 'Press Authorize'],
  ])('as %s shows the page again', async (_name, fields, problem) => {
    const { press, sandbox } = await startOauthSandbox();
    const before = sandbox.world().users.length;

    const response = await press(fields);

    expect(response.status).toBe(400);
    expect(await response.text()).toContain(problem);
    expect(sandbox.world().users).toHaveLength(before);
    expect(sandbox.world().authorizationCodes).toEqual({});
  });
});

describe('pressing Cancel', () => {
  it('redirects with Discord’s error and the state, and grants nothing', async () => {
    const { press, sandbox } = await startOauthSandbox();

    const response = await press({ decision: 'cancel', person: STRANGER });

    expect(response.status).toBe(302);
    expect(Object.fromEntries(sentTo(response).searchParams)).toEqual({
      error: 'access_denied',
      error_description: 'The resource owner or authorization server denied the request',
      state: 'the-state',
    });
    expect(sandbox.world().authorizations).toEqual([]);
  });
});

describe('prompt=none', () => {
  const cookieOf = (response: Response) =>
    (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';

  it('skips the page for a person who granted the same scopes in this browser before', async () => {
    const { press, visit } = await startOauthSandbox();
    const cookie = cookieOf(await press({ person: ANNA }));
    const back = async (changes: Record<string, string>, sent = cookie) =>
      (await visit(changes, { cookie: sent })).status;

    expect(await back({ prompt: 'none' })).toBe(302);
    expect(await back({ prompt: 'none', scope: 'identify' })).toBe(302);
    expect(await back({ prompt: 'none', scope: 'identify guilds' })).toBe(200);
    expect(await back({ prompt: 'consent' })).toBe(200);
    expect(await back({}, cookie)).toBe(200);
    expect(await back({ prompt: 'none' }, '')).toBe(200);
  });

  it('shows the page again after the authorization was revoked', async () => {
    const { press, visit, sandbox } = await startOauthSandbox();
    const cookie = cookieOf(await press({ person: ANNA }));

    const applicationId = APPLICATION;
    sandbox.oauth.deauthorize({ applicationId, discordUserId: ANNA });

    expect((await visit({ prompt: 'none' }, { cookie })).status).toBe(200);
  });

  it('remembers the signed-in person for the next time', async () => {
    const { press, visit } = await startOauthSandbox();
    const cookie = cookieOf(await press({ person: STRANGER }));

    const html = await (await visit({}, { cookie })).text();

    expect(html).toMatch(new RegExp(`value="${STRANGER}" checked`));
  });
});

describe('another site', () => {
  it.each([
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])('cannot submit the form for a visitor: %j', async (headers) => {
    const { press, sandbox } = await startOauthSandbox();

    const response = await press({ person: ANNA }, headers);

    expect(response.status).toBe(403);
    expect(response.headers.get('location')).toBeNull();
    expect(sandbox.world().authorizationCodes).toEqual({});
  });

  it('is not answered under a foreign host name', async () => {
    const { url } = await startOauthSandbox();
    const path = `${url}/oauth2/authorize`;
    const headers = { host: 'evil.example', 'user-agent': 'test' };

    const status = await new Promise((resolve, reject) => {
      request(path, { headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on('error', reject)
        .end();
    });

    expect(status).toBe(403);
  });
});
