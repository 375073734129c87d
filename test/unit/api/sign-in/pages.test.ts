import { createHash } from 'node:crypto';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { endingPage } from '../../../../services/api/sign-in/pages.js';
import { ENDING_TEXTS, type EndingCode } from '../../../../services/api/sign-in/endings.js';
import { aClient } from '../../../builders/api-views.js';
import { KEYS } from '../start-api.js';
import { RETURN_TO, startSignIn, type SignInSetting } from './start-sign-in.js';

let site: SignInSetting;
beforeAll(async () => {
  site = await startSignIn();
});
afterAll(async () => site.server.stop());
beforeEach(() => site.reset());

const HOSTILE = `<img src=x onerror=alert(1)>"'&`;
const ESCAPED = '&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;';

const policyOf = (headers: Headers) =>
  Object.fromEntries(
    (headers.get('content-security-policy') ?? '').split('; ').map((rule) => {
      const [name = '', ...values] = rule.split(' ');
      return [name, values];
    }),
  );

const stylesOf = (text: string) =>
  [...text.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(
    ([, style]) =>
      `'sha256-${createHash('sha256')
        .update(style ?? '')
        .digest('base64')}'`,
  );

describe('every page', () => {
  it('cannot be cached or framed, and loads nothing', async () => {
    const browser = site.newBrowser();
    const start = await browser.open(await site.begin());
    const end = await site.signIn(browser);
    const wrong = await browser.open('/discord/sso/callback');

    for (const { headers, text } of [start, end, wrong]) {
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-robots-tag')).toContain('noindex');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(policyOf(headers)).toMatchObject({
        'default-src': ["'none'"],
        'style-src': stylesOf(text),
        'base-uri': ["'none'"],
        'frame-ancestors': ["'none'"],
      });
      expect(stylesOf(text)).toHaveLength(1);
      expect(text).not.toMatch(/<script|<link|<img|<iframe| style=| on\w+=|url\(|@import/);
    }
  });

  it('lets its form submit only to itself and to the consent page of the client', async () => {
    const { endpoints } = aClient();
    site.reset({
      endpoints: {
        ...endpoints,
        authorizeUrl: 'https://consent.example:8443/oauth2/authorize',
      },
    });
    const browser = site.newBrowser();

    const start = await browser.open(await site.begin());
    const end = await site.signIn(browser);

    expect(policyOf(start.headers)['form-action']).toEqual([
      "'self'",
      'https://consent.example:8443',
    ]);
    expect(policyOf(end.headers)['form-action']).toEqual(["'none'"]);
  });

  it('has a language, one heading that equals its title, and a viewport for phones', async () => {
    const browser = site.newBrowser();
    const start = await browser.open(await site.begin());
    const end = await site.signIn(browser);

    for (const { text } of [start, end]) {
      expect(text).toMatch(/^<!doctype html>\n<html lang="en">/);
      expect(text).toContain(
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
      );
      expect(text.match(/<h1>/g)).toHaveLength(1);
      expect(/<h1>(.*)<\/h1>/.exec(text)?.[1]).toBe(/<title>(.*)<\/title>/.exec(text)?.[1]);
      expect(text).toContain('<main>');
    }
    expect(start.text).toContain('<form method="post">');
    expect(start.text).toContain('<button type="submit">Continue to Discord</button>');
  });

  it('shows names as text, even if they contain HTML', async () => {
    site.reset({ name: HOSTILE });
    Object.assign(site.world.signIn, {
      usernames: { [HOSTILE]: HOSTILE },
      warnings: [HOSTILE],
      account: {
        ...site.world.signIn.account,
        username: HOSTILE,
        displayName: HOSTILE,
      },
    });
    const browser = site.newBrowser();

    const start = await browser.open(await site.begin({ platformUserId: HOSTILE }));
    const end = await site.signIn(browser, { platformUserId: HOSTILE });

    expect(start.text.split(ESCAPED)).toHaveLength(4);
    expect(end.text.split(ESCAPED)).toHaveLength(5);
    expect(start.text + end.text).not.toContain('<img');
  });

  it('shows the id of a user without a name', async () => {
    const { text } = await site.newBrowser().open(await site.begin({ platformUserId: 'dave' }));

    expect(text).toContain('<bdi>dave</bdi>');
    expect(text).not.toContain('Id ');
  });

  it.each([
    'javascript:alert(1)',
    'nothing',
    'data:text/html,x',
    'http://discord.gg/alliance',
    'https://discord.gg@evil.example/alliance',
  ])('shows no invite link to %s', async (inviteUrl) => {
    site.reset({ inviteUrl });
    site.world.signIn.outcome = { kind: 'NOT_IN_GUILD', refusal: null };

    const { text } = await site.signIn(site.newBrowser());

    expect(text).toContain('<code>JOIN_FAILED</code>');
    expect(text).not.toContain('<a ');
  });

  it('does not redirect to an address that is no longer allowed', async () => {
    const browser = site.newBrowser();
    const state = await site.consent(browser, await site.begin({ returnTo: RETURN_TO }));
    for (const ticket of site.world.signIn.tickets.values())
      Object.assign(ticket, { returnTo: 'https://evil.example/' });

    const end = await site.comeBack(browser, {
      code: 'the-code-that-discord-gave',
      state,
    });

    expect(end.status).toBe(200);
    expect(end.location).toBeNull();
    expect(end.text).toContain('<code>LINKED</code>');
    expect(end.text).not.toContain('evil.example');
  });
});

/** Results without an error status: the account is linked, or the person cancelled. */
const FINE: readonly EndingCode[] = [
  'LINKED',
  'SCREENING',
  'WAITING',
  'BANNED',
  'GUILD_FULL',
  'USER_GUILD_LIMIT',
  'JOIN_FAILED',
  'CANCELLED',
];

it('each result page shows what happened, what to do next, and its code', () => {
  let code: EndingCode;
  for (code in ENDING_TEXTS) {
    const { status, title, what, next } = ENDING_TEXTS[code];
    const { text } = endingPage({ code }, 'request-1').body;

    for (const sentence of [title, what, next]) {
      expect(sentence.length, code).toBeGreaterThan(15);
      expect(text).toContain(sentence.replaceAll("'", '&#39;'));
    }
    expect(text).toContain(`<code>${code}</code>, request <code>request-1<`);
    expect(status < 400, code).toBe(FINE.includes(code));
  }
});

describe('a request body', () => {
  it('at /graphql cannot be a form', async () => {
    const answer = await fetch(`${site.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEYS.admin}` },
      body: new URLSearchParams({ query: '{ discordClients { id } }' }),
    });

    expect(answer.status).toBe(415);
    expect(await answer.json()).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
    });
  });

  it.each([
    ['JSON', '{}', 'application/json', 400],
    ['plain text', 'token=x', 'text/plain', 400],
    ['too much', `token=${'x'.repeat(5000)}`, 'application/x-www-form-urlencoded', 400],
  ])('at the start page is refused if not a short form: %s', async (_, body, type, status) => {
    const page = await site.newBrowser().open(await site.begin(), {
      method: 'POST',
      body,
      headers: { 'content-type': type },
    });

    expect(page.status).toBe(status);
    expect(page.text).toContain('<code>INCOMPLETE</code>');
    expect(site.calls).not.toContain('signIn.findTicket');
  });
});
