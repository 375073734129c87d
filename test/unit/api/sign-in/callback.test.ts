import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { GOOD_CODE } from '../../../fakes/sign-in-ports.js';
import type { Browser } from './browser.js';
import { RETURN_TO, startSignIn, type SignInSetting } from './start-sign-in.js';

let site: SignInSetting;
let browser: Browser;
let state: string;
beforeAll(async () => {
  site = await startSignIn();
});
afterAll(async () => site.server.stop());
beforeEach(async () => {
  site.reset();
  browser = site.newBrowser();
  state = await site.consent(browser, await site.begin());
  site.calls.length = 0;
});

const STATE = 'discord-connector-state';
const BROWSER = 'discord-connector-browser';
const CALLBACK = '/discord/sso/callback';

const finish = () => site.comeBack(browser, { code: GOOD_CODE, state });

describe('the callback', () => {
  it.each([
    ['without anything', () => ''],
    ['without a state', () => `?code=${GOOD_CODE}`],
    ['without a code', () => `?state=${state}`],
    ['with an empty code', () => `?code=&state=${state}`],
    ['with an endless code', () => `?code=${'c'.repeat(1025)}&state=${state}`],
    ['with an empty state', () => `?code=${GOOD_CODE}&state=`],
    ['with half a state', () => `?code=${GOOD_CODE}&state=${state.slice(1)}`],
    ['with two codes', () => `?code=${GOOD_CODE}&code=${GOOD_CODE}&state=${state}`],
    ['with two states', () => `?code=${GOOD_CODE}&state=${state}&state=${state}`],
    ['with a list of codes', () => `?code[]=${GOOD_CODE}&state=${state}`],
    ['with an empty error', () => `?error=&state=${state}`],
    ['with two errors', () => `?error=access_denied&error=x&state=${state}`],
    ['with a code and an error', () => `?code=${GOOD_CODE}&error=access_denied&state=${state}`],
  ])('%s is reported as incomplete, and the store is not called', async (_, query) => {
    const page = await browser.open(`${CALLBACK}${query()}`);

    expect(page.status).toBe(400);
    expect(page.text).toContain('<code>INCOMPLETE</code>');
    expect(site.calls).toEqual([]);
    // The damaged callback has not used up the ticket.
    expect((await finish()).text).toContain('<code>LINKED</code>');
  });

  it.each([
    ['has no cookie for it', () => browser.cookies.delete(STATE)],
    [
      'has the cookie of another state',
      () => browser.cookies.set(STATE, `${'x'.repeat(43)}.${'y'.repeat(43)}`),
    ],
    [
      'has a cookie with a letter changed',
      () => browser.cookies.set(STATE, `${state.slice(0, -1)}_.${'y'.repeat(43)}`),
    ],
    ['has half a cookie', () => browser.cookies.set(STATE, state)],
    [
      'has too much of a cookie',
      () => browser.cookies.set(STATE, `${browser.cookies.get(STATE)}.x`),
    ],
    ['has an empty cookie', () => browser.cookies.set(STATE, '')],
    ['has a cookie that is not valid text', () => browser.cookies.set(STATE, '%ff%fe')],
    [
      'has the state as the name of the browser only',
      () => {
        browser.cookies.delete(STATE);
        browser.cookies.set(BROWSER, state);
      },
    ],
  ] as const)(
    'in a browser that %s creates no link, so an attacker’s address cannot link a victim',
    async (_, tamper) => {
      tamper();

      const page = await finish();

      expect(page.status).toBe(400);
      expect(page.text).toContain('<code>FOREIGN_ANSWER</code>');
      expect(site.calls).toEqual([]);
    },
  );

  it('with the state of another browser creates no link, even if both have started a sign-in', async () => {
    const other = site.newBrowser();
    const foreign = await site.consent(other, await site.begin());
    site.calls.length = 0;

    const page = await site.comeBack(browser, {
      code: GOOD_CODE,
      state: foreign,
    });

    expect(page.text).toContain('<code>FOREIGN_ANSWER</code>');
    expect(site.calls).toEqual([]);
  });

  it.each([
    ['no name', () => browser.cookies.delete(BROWSER)],
    ['another name', () => browser.cookies.set(BROWSER, 'x'.repeat(43))],
  ] as const)('in a browser that has the state but %s creates no link', async (_, tamper) => {
    tamper();

    const page = await finish();

    expect(page.status).toBe(403);
    expect(page.text).toContain('<code>OTHER_BROWSER</code>');
    expect(site.calls).not.toContain('signIn.spendTicket');
    expect(site.calls).not.toContain('oauth.exchangeCode');
  });

  it('links only once', async () => {
    const cookies = new Map(browser.cookies);
    const first = await finish();
    for (const [name, value] of cookies) browser.cookies.set(name, value);
    const second = await finish();

    expect(first.text).toContain('<code>LINKED</code>');
    expect(second.status).toBe(410);
    expect(second.text).toContain('<code>EXPIRED</code>');
    expect(site.calls.filter((call) => call === 'signIn.linkSignedIn')).toHaveLength(1);
  });

  it('opened twice at the same time makes one link, and the other request gets a page', async () => {
    const pages = await Promise.all([finish(), finish()]);

    expect(new Set(pages.map(({ status }) => status))).toEqual(new Set([200, 410]));
    expect(site.calls.filter((call) => call === 'signIn.linkSignedIn')).toHaveLength(1);
    expect([...site.world.signIn.grants.values()]).toEqual(['LINKED']);
  });

  it('is not used up by a program that requests the address first', async () => {
    const { status } = await browser.open(`${CALLBACK}?code=${GOOD_CODE}&state=${state}`, {
      method: 'HEAD',
    });

    expect(status).toBe(404);
    expect(site.calls).toEqual([]);
    expect((await finish()).text).toContain('<code>LINKED</code>');
  });

  it('of an expired ticket is answered as EXPIRED', async () => {
    site.world.signIn.tickets.clear();

    expect(await finish()).toMatchObject({
      status: 410,
      text: expect.stringContaining('<code>EXPIRED</code>'),
    });
  });

  it('of a ticket that was spent in the meantime redirects to the platform with EXPIRED', async () => {
    state = await site.consent(browser, await site.begin({ returnTo: RETURN_TO }));
    const spend = site.lastArguments('signIn.bindTicket')[0];
    const ticket = site.world.signIn.tickets.get(String(spend));
    Object.defineProperty(ticket, 'isSpent', {
      get: () => site.calls.includes('signIn.spendTicket'),
    });

    expect((await finish()).location).toContain('discordLink=EXPIRED');
    expect(site.calls).not.toContain('oauth.exchangeCode');
  });
});

describe('a person who presses Cancel at Discord', () => {
  const cancel = () =>
    site.comeBack(browser, {
      error: 'access_denied',
      error_description: 'The resource owner denied the request',
      state,
    });

  it('sees that nothing was linked, and can try again', async () => {
    const page = await cancel();
    const retry = /href="([^"]+)">Try again/.exec(page.text)?.[1] ?? '';
    state = await site.consent(browser, retry);
    const end = await finish();

    expect(page.status).toBe(200);
    expect(page.text).toContain('<code>CANCELLED</code>');
    expect(site.calls.filter((call) => call === 'signIn.openTicket')).toEqual([]);
    expect(end.text).toContain('<code>LINKED</code>');
  });

  it('comes back to the platform if it gave a return address', async () => {
    state = await site.consent(browser, await site.begin({ returnTo: RETURN_TO }));

    expect((await cancel()).location).toContain('discordLink=CANCELLED');
  });

  it('gets no link to a ticket named by a forged cookie', async () => {
    browser.cookies.set(STATE, `${state}.${'y'.repeat(43)}`);

    const page = await cancel();

    expect(page.text).toContain('<code>CANCELLED</code>');
    expect(page.text).not.toContain('Try again');
  });

  it('cannot use the state again', async () => {
    const cookies = new Map(browser.cookies);
    await cancel();
    for (const [name, value] of cookies) browser.cookies.set(name, value);

    expect((await finish()).text).toContain('<code>EXPIRED</code>');
    expect(site.calls).not.toContain('oauth.exchangeCode');
  });
});

describe('another error from Discord', () => {
  it.each([
    ['invalid_scope', 'SETUP_FAULT', 'error'],
    ['unauthorized_client', 'SETUP_FAULT', 'error'],
    ['server_error', 'DISCORD_FAILED', 'warn'],
    ['<script>alert(1)</script>', 'DISCORD_FAILED', 'warn'],
  ])('%s is %s, and is logged for the admin', async (error, code, level) => {
    const page = await site.comeBack(browser, { error, state });

    expect(page.status).toBe(503);
    expect(page.text).toContain(`<code>${code}</code>`);
    expect(page.text).not.toContain('<script>');
    expect(site.calls).not.toContain('signIn.spendTicket');
    const [line] = site.lines.filter((one) => one.level === level);
    expect(line?.fields).toMatchObject({ clientId: expect.any(String) });
    expect(JSON.stringify(site.lines)).not.toContain('<script>');
  });
});
