import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { InputError } from '../../../../services/lib/errors.js';
import { PUBLIC_URL, RETURN_TO, startSignIn, type SignInSetting } from './start-sign-in.js';

let site: SignInSetting;
beforeAll(async () => {
  site = await startSignIn();
});
afterAll(async () => site.server.stop());
beforeEach(() => site.reset());

const CHANGING = /openTicket|bindTicket|takeState|spendTicket|Grant|linkSignedIn|oauth/;
const START = '/discord/sso/start';

/** The stored tickets, for comparison. */
const kept = () => JSON.stringify([...site.world.signIn.tickets]);

describe('the start page', () => {
  it('changes nothing, however often browsers and link previews open it', async () => {
    const url = await site.begin();
    const before = kept();
    site.calls.length = 0;

    for (const _ of [1, 2]) await site.newBrowser().open(url);
    await site.newBrowser().open(url, { method: 'HEAD' });

    expect(kept()).toBe(before);
    expect(site.calls.filter((call) => CHANGING.test(call))).toEqual([]);
    expect((await site.signIn(site.newBrowser())).status).toBe(200);
  });

  it.each([
    ['without a ticket', ''],
    ['with an empty one', '?ticket='],
    ['with half of one', `?ticket=${'a'.repeat(42)}`],
    ['with two', `?ticket=${'a'.repeat(43)}&ticket=${'b'.repeat(43)}`],
    ['with one that is no letter', `?ticket=${'%00'.repeat(43)}`],
    ['with one of another shape', `?ticket[x]=${'a'.repeat(43)}`],
  ])('shows INCOMPLETE for an unusable ticket, without calling the store: %s', async (_, query) => {
    site.calls.length = 0;
    const get = await site.newBrowser().open(`${START}${query}`);
    const post = await site.newBrowser().press(`${START}${query}`);

    for (const page of [get, post]) {
      expect(page.status).toBe(400);
      expect(page.text).toContain('<code>INCOMPLETE</code>');
    }
    expect(site.calls).toEqual([]);
  });

  it('shows EXPIRED for an unknown ticket', async () => {
    const browser = site.newBrowser();
    const url = `${START}?ticket=${'a'.repeat(43)}`;
    await browser.open(await site.begin());

    expect(await browser.open(url)).toMatchObject({
      status: 410,
      text: expect.stringContaining('<code>EXPIRED</code>'),
    });
    expect(await browser.press(url)).toMatchObject({ status: 410 });
  });

  it.each(['NOT_FOUND', 'FAILED_PRECONDITION'] as const)(
    'reports CLIENT_GONE on the page or in a redirect to the platform if the client is %s',
    async (code) => {
      const [here, back] = [await site.begin(), await site.begin({ returnTo: RETURN_TO })];
      site.fail('signIn.findSignInClient', new InputError(code, 'gone'));

      expect(await site.newBrowser().open(here)).toMatchObject({
        status: 410,
        text: expect.stringContaining('<code>CLIENT_GONE</code>'),
      });
      expect((await site.newBrowser().open(back)).location).toContain('discordLink=CLIENT_GONE');
    },
  );

  it('links back to the platform', async () => {
    const { text } = await site.newBrowser().open(await site.begin({ returnTo: RETURN_TO }));

    expect(text).toContain(`href="${RETURN_TO.replaceAll('&', '&amp;')}"`);
  });

  it('does not link to a return address that is no longer allowed', async () => {
    const url = await site.begin();
    const [ticket] = site.world.signIn.tickets.values();
    Object.assign(ticket ?? {}, { returnTo: 'https://evil.example/' });

    const page = await site.newBrowser().open(url);

    expect(page.status).toBe(200);
    expect(page.text).not.toContain('evil.example');
  });
});

describe('the button of the start page', () => {
  it.each([
    ['a page of another site', { 'sec-fetch-site': 'cross-site' }],
    ['a page of a neighbour', { 'sec-fetch-site': 'same-site' }],
    ['no page', { 'sec-fetch-site': 'none' }],
    ['another origin', { origin: 'https://evil.example' }],
    ['another port', { origin: 'http://connector.test:4001' }],
    ['an origin that is hidden', { origin: 'null' }],
    ['nowhere that is known', {}],
    [
      'another origin, whatever else is said',
      { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' },
    ],
  ])('does nothing if the request comes from %s', async (_, headers) => {
    const browser = site.newBrowser();
    const url = await site.begin();
    await browser.open(url);
    const before = kept();

    const answer = await browser.press(url, headers);

    expect(answer.status).toBe(403);
    expect(answer.text).toContain('<code>FOREIGN_FORM</code>');
    expect(kept()).toBe(before);
  });

  it.each([
    { 'sec-fetch-site': 'same-origin' },
    { origin: PUBLIC_URL },
    { 'sec-fetch-site': 'same-origin', origin: 'null' },
  ])('works with the headers %o', async (headers) => {
    const browser = site.newBrowser();
    const url = await site.begin();
    await browser.open(url);

    expect((await browser.press(url, headers)).status).toBe(303);
  });

  it('accepts only the token of its own form if the browser sends no origin', async () => {
    const [mine, others] = [site.newBrowser(), site.newBrowser()];
    const url = await site.begin();
    const token = async (browser: typeof mine) =>
      /name="token" value="(\w+)"/.exec((await browser.open(url)).text)?.[1] ?? '';
    const press = (body: string) =>
      mine.open(url, { method: 'POST', body: new URLSearchParams(body) });
    const [own, foreign] = [await token(mine), await token(others)];

    expect((await press(`token=${foreign}`)).status).toBe(403);
    expect((await press(`token=${own}&token=${own}`)).status).toBe(403);
    expect((await press(`token=${own}`)).status).toBe(303);
  });

  it('asks for cookies if the browser sends none', async () => {
    const answer = await site.newBrowser().press(await site.begin());

    expect(answer.status).toBe(403);
    expect(answer.text).toContain('<code>NO_COOKIES</code>');
    expect(site.calls).not.toContain('signIn.bindTicket');
  });

  it('binds the link to the first browser, and shows OTHER_BROWSER without a name in a second one', async () => {
    const [first, second] = [site.newBrowser(), site.newBrowser()];
    const url = await site.begin();
    await second.open(url);
    await site.consent(first, url);

    const pressed = await second.press(url);
    const opened = await second.open(url);

    for (const page of [pressed, opened]) {
      expect(page.status).toBe(403);
      expect(page.text).toContain('<code>OTHER_BROWSER</code>');
      expect(page.text).not.toContain('Alice');
    }
    expect((await first.press(url)).status).toBe(303);
  });

  it('continues in only one of two browsers that press it at the same time', async () => {
    const browsers = [site.newBrowser(), site.newBrowser()];
    const url = await site.begin();
    for (const browser of browsers) await browser.open(url);

    const answers = await Promise.all(browsers.map((one) => one.press(url)));

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([303, 403]));
  });

  it('does not continue if another browser binds the ticket at the same time', async () => {
    const browser = site.newBrowser();
    const url = await site.begin();
    await browser.open(url);
    const [ticket] = site.world.signIn.tickets.values();
    Object.defineProperty(ticket, 'consent', {
      get: () => (site.calls.includes('signIn.bindTicket') ? { browserHash: 'of another' } : null),
    });

    const answer = await browser.press(url);

    expect(answer.status).toBe(403);
    expect(answer.text).toContain('<code>OTHER_BROWSER</code>');
    expect(answer.setCookies).toEqual([]);
  });

  it('invalidates the first state if it is pressed twice', async () => {
    const browser = site.newBrowser();
    const url = await site.begin();
    const first = await site.consent(browser, url);
    const cookies = new Map(browser.cookies);
    await site.consent(browser, url);
    const stale = site.newBrowser();
    for (const [name, value] of cookies) stale.cookies.set(name, value);

    const end = await site.comeBack(stale, { code: 'x', state: first });

    expect(end.status).toBe(410);
    expect(site.calls).not.toContain('oauth.exchangeCode');
  });

  it('redirects with EXPIRED if the ticket is spent at the same time', async () => {
    const browser = site.newBrowser();
    const url = await site.begin({ returnTo: RETURN_TO });
    await browser.open(url);
    const [ticket] = site.world.signIn.tickets.values();
    Object.defineProperty(ticket, 'consent', {
      // It is read when the page is drawn, just before it is bound.
      get() {
        Object.assign(ticket ?? {}, { isSpent: true });
        return null;
      },
    });

    expect((await browser.press(url)).location).toContain('discordLink=EXPIRED');
  });
});
