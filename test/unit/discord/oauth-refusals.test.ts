import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  startScriptedDiscord,
  type Reply,
  type ScriptedDiscord,
} from '../../fakes/scripted-discord.js';
import { startOfTest } from './gateway-setup.js';
import {
  accountBody,
  applicationAt,
  CALLS,
  discreetFailureOf,
  grantBody,
  REDIRECT,
  SECRETS,
  setUpOAuth,
} from './oauth-setup.js';

let discord: ScriptedDiscord;
beforeEach(async () => {
  discord = await startScriptedDiscord();
});
afterEach(() => discord.stop());

const app = () => applicationAt(new URL(discord.apiBase).origin);

type Set = ReturnType<typeof setUpOAuth>;

const fail = (name: string, set: Set, at = app()) => {
  const call = CALLS[name];
  if (!call) throw new Error(`there is no call ${name}`);
  return discreetFailureOf(call(set.oauth, at), set.logs);
};

/** Response text that echoes the secrets of the request, as careless proxies do. */
const echo = Object.values(SECRETS).join(' ');

const oauthRefusal = (status: number, error: string, named?: string): Reply => ({
  status,
  body: {
    error,
    error_description: named ? `Invalid "${named}" in request.` : echo,
  },
});
const names = Object.keys(CALLS);
const tokenCalls = names.filter((name) => name !== 'readAccount');
const onEach = <Row extends readonly unknown[]>(calls: readonly string[], rows: readonly Row[]) =>
  calls.flatMap((name) => rows.map((row) => [name, ...row] as const));

describe('an unusable response', () => {
  it.each(
    onEach(names, [
      ['500', { status: 500, body: { message: echo } }],
      ['502 with a page', { status: 502, body: `<html>${echo}` }],
      ['503 without a body', { status: 503 }],
      ['403 with a page', { status: 403, body: `<html>${echo}` }],
      ['401 with a page', { status: 401, body: `<html>${echo}` }],
      ['200 with a page', { status: 200, body: `<html>${echo}` }],
      ['408', { status: 408, body: { message: echo, code: 0 } }],
      ['overload', { status: 403, body: { message: echo, code: 130000 } }],
      ['a dropped connection', { manner: 'drop' }],
      ['too much', { status: 200, body: { filler: 'x'.repeat(70_000) } }],
    ] as const),
  )('%s: %s makes the call fail as unavailable', async (name, _case, reply) => {
    const set = setUpOAuth();
    discord.script(reply);

    const failure = await fail(name, set);

    expect(failure.name).toBe('UnavailableError');
    expect(discord.requests).toHaveLength(1);
  });

  it.each(onEach(names, [[301], [302], [307], [308]] as const))(
    '%s: a redirect (%s) is not followed, so it leaks no secret',
    async (name, status) => {
      const set = setUpOAuth();
      const body = { ...grantBody, ...accountBody };
      discord.script({ status, headers: { location: '/elsewhere' } }, { status: 200, body });

      expect((await fail(name, set)).name).toBe('UnavailableError');
      expect(discord.requests).toHaveLength(1);
    },
  );

  it.each(onEach(names, [['silence'], ['stall']] as const))(
    '%s: %s makes the call fail at the deadline',
    async (name, manner) => {
      const set = setUpOAuth({ timeoutMs: 60 });
      discord.script({ manner });

      expect(await fail(name, set)).toMatchObject({
        name: 'UnavailableError',
        message: expect.stringContaining('no response in time'),
      });
      expect(discord.requests).toHaveLength(1);
    },
  );

  it.each(names)('%s: a refused connection makes the call fail as unavailable', async (name) => {
    const at = app();
    await discord.stop();

    const failure = await fail(name, setUpOAuth(), at);

    expect(failure).toMatchObject({
      name: 'UnavailableError',
      message: expect.stringContaining('(ECONNREFUSED)'),
    });
    discord = await startScriptedDiscord();
  });

  it.each(
    onEach(['exchangeCode', 'refresh'], [
      ['no token', { access_token: undefined }],
      ['an empty token', { access_token: '' }],
      ['a token that no header can carry', { access_token: 'a\nb' }],
      ['another kind of token', { token_type: 'mac' }],
      ['no kind', { token_type: undefined }],
      ['no time', { expires_in: undefined }],
      ['a time that is over', { expires_in: 0 }],
      ['a time beyond all dates', { expires_in: 1e300 }],
      ['a time in words', { expires_in: 'soon' }],
      ['a number as refresh token', { refresh_token: 7 }],
      ['no scope', { scope: undefined }],
      ['scopes without identify', { scope: 'email guilds.join' }],
      ['scopes in a list', { scope: ['identify'] }],
    ] as const),
  )('%s: a grant with %s is rejected as unavailable', async (name, _case, change) => {
    const set = setUpOAuth();
    discord.script({ body: { ...grantBody, ...change } });

    expect((await fail(name, set)).name).toBe('UnavailableError');
  });

  it.each([
    ['no id', { id: undefined }],
    ['a number as id', { id: 7 }],
    ['an id in words', { id: 'ada' }],
    ['a short id', { id: '7' }],
    ['an id with a nought before it', { id: '0700000000000000007' }],
    ['no name', { username: undefined }],
    ['an empty name', { username: '' }],
    ['a list as email', { email: [] }],
    ['a word as verdict', { verified: 'yes' }],
  ])('readAccount: an account with %s is rejected as unavailable', async (_case, change) => {
    const set = setUpOAuth();
    discord.script({ body: { ...accountBody, ...change } });

    const failure = await fail('readAccount', set);

    expect(failure.name).toBe('UnavailableError');
  });

  it('exchangeCode: a list instead of a grant is rejected as unavailable', async () => {
    const set = setUpOAuth();
    discord.script({ body: [grantBody] });

    const failure = await fail('exchangeCode', set);

    expect(failure.name).toBe('UnavailableError');
  });
});

describe('a refusal', () => {
  it.each([
    ...onEach(tokenCalls, [
      [401, oauthRefusal(401, 'invalid_client'), 'INVALID_CLIENT'],
      [400, oauthRefusal(400, 'invalid_client'), 'INVALID_CLIENT'],
      [400, oauthRefusal(400, 'unauthorized_client'), 'INVALID_CLIENT'],
      [401, { status: 401, body: { message: echo, code: 0 } }, 'INVALID_CLIENT'],
      [400, { status: 400, body: { client_id: [echo] } }, 'INVALID_CLIENT'],
      [400, oauthRefusal(400, 'unsupported_grant_type'), 'REFUSED'],
      [400, oauthRefusal(400, 'invalid_request'), 'REFUSED'],
      [400, oauthRefusal(400, SECRETS.newAccessToken), 'REFUSED'],
      [403, oauthRefusal(403, 'access_denied'), 'REFUSED'],
      [404, { status: 404, body: { message: echo, code: 0 } }, 'REFUSED'],
      [405, { status: 405, body: { message: echo, code: 0 } }, 'REFUSED'],
      [415, { status: 415, body: { message: echo, code: 0 } }, 'REFUSED'],
    ] as const),
    ...onEach(['exchangeCode', 'refresh'], [
      [400, oauthRefusal(400, 'invalid_grant'), 'INVALID_GRANT'],
      [400, oauthRefusal(400, 'invalid_grant', 'code'), 'INVALID_GRANT'],
      [400, oauthRefusal(400, 'invalid_request', 'code'), 'INVALID_GRANT'],
      [400, oauthRefusal(400, 'invalid_request', 'refresh_token'), 'INVALID_GRANT'],
    ] as const),
    ...onEach(['readAccount'], [
      [401, { status: 401, body: { message: echo, code: 0 } }, 'INVALID_GRANT'],
      [403, { status: 403, body: { message: echo, code: 50026 } }, 'REFUSED'],
      [404, { status: 404, body: { message: echo, code: 0 } }, 'REFUSED'],
    ] as const),
  ])('%s: status %s is permanent', async (name, status, reply, code) => {
    const set = setUpOAuth();
    discord.script(reply);

    const failure = await fail(name, set);

    expect(failure).toMatchObject({
      name: 'TerminalError',
      code,
      message: expect.stringContaining(`(status ${status}`),
    });
    expect(failure.cause).toBeUndefined();
    expect(discord.requests).toHaveLength(1);
  });

  it.each([
    ['as a dead grant', oauthRefusal(400, 'invalid_grant', 'redirect_uri')],
    ['as a bad request', oauthRefusal(400, 'invalid_request', 'redirect_uri')],
    ['as a form error', { status: 400, body: { redirect_uri: ['Not a well formed URL.'] } }],
    ['as a fault of the API', { status: 400, body: { code: 50035, errors: { redirect_uri: {} } } }],
  ])('of the callback address, sent %s, names the address', async (_case, reply) => {
    const set = setUpOAuth();
    discord.script(reply);

    expect(await fail('exchangeCode', set)).toMatchObject({
      code: 'INVALID_CLIENT',
      message: expect.stringContaining(REDIRECT),
    });
  });

  it('of the client names the client secret', async () => {
    const set = setUpOAuth();
    discord.script(oauthRefusal(401, 'invalid_client'));

    expect(await fail('refresh', set)).toMatchObject({
      message: expect.stringContaining('client secret'),
    });
  });
});

describe('a 429', () => {
  const json = { message: echo, retry_after: 1.5, global: false };

  it.each(
    onEach(names, [
      ['with its time', { body: json }, 1500],
      ['with a longer time in the header', { headers: { 'retry-after': '3' }, body: json }, 3000],
      ['with a page', { headers: { 'retry-after': '90' }, body: `<html>${echo}` }, 90_000],
      ['without a time', { body: `<html>${echo}` }, 30_000],
    ] as const),
  )('to %s %s sets the time of the next try', async (name, _case, reply, waitMs) => {
    const set = setUpOAuth();
    discord.script({ status: 429, ...(reply as Reply) });

    expect(await fail(name, set)).toMatchObject({
      name: 'RetryLaterError',
      retryAt: new Date(startOfTest + waitMs),
    });
    expect(discord.requests).toHaveLength(1);
  });

  it('for the whole sender delays every call until the pause ends', async () => {
    const set = setUpOAuth();
    discord.script({ status: 429, body: `<html>${echo}` }, { body: accountBody });
    await fail('exchangeCode', set);

    expect(await fail('readAccount', set)).toMatchObject({
      retryAt: new Date(startOfTest + 30_000),
    });
    expect(discord.requests).toHaveLength(1);
    set.advance(30_000);
    await set.oauth.readAccount(app(), SECRETS.accessToken);

    expect(discord.requests).toHaveLength(2);
  });
});

describe('the budget of invalid requests', () => {
  it.each([401, 403, 429])('is spent by status %s, and then nothing is sent', async (status) => {
    const set = setUpOAuth({ limit: 1 });
    discord.script({
      status,
      body: { message: echo, code: 0, retry_after: 0 },
    });
    await fail('exchangeCode', set);

    for (const name of names) {
      expect(await fail(name, set)).toMatchObject({
        name: 'RetryLaterError',
        retryAt: new Date(startOfTest + 600_000),
      });
    }
    expect(discord.requests).toHaveLength(1);
  });

  it('is not spent by an invalid code', async () => {
    const set = setUpOAuth({ limit: 1 });
    discord.script(oauthRefusal(400, 'invalid_grant'));

    await fail('exchangeCode', set);

    expect(set.budget.state().spent).toBe(0);
  });
});

it('the log names the OAuth2 call and its status, and nothing else', async () => {
  const set = setUpOAuth();
  discord.script({ body: grantBody });

  await set.oauth.refresh(app(), SECRETS.refreshToken);

  expect(set.logs).toEqual([
    {
      level: 'debug',
      message: 'discord oauth call',
      fields: {
        applicationId: '100000000000000001',
        kind: 'refresh',
        status: 200,
        durationMs: 0,
      },
    },
  ]);
});
