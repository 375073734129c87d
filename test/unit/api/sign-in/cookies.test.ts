import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { GOOD_CODE } from '../../../fakes/sign-in-ports.js';
import { startSignIn, type SignInSetting } from './start-sign-in.js';

describe.each([
  ['http://connector.test:4000', '', []],
  ['https://connector.example.org', '__Host-', ['Secure']],
] as const)('the cookies at %s', (publicUrl, prefix, secure) => {
  const browserName = `${prefix}discord-connector-browser`;
  const stateName = `${prefix}discord-connector-state`;
  let site: SignInSetting;
  beforeAll(async () => {
    site = await startSignIn({ publicUrl });
  });
  afterAll(async () => site.server.stop());
  beforeEach(() => site.reset());

  const partsOf = (line: string | undefined) => {
    const [pair = '', ...attributes] = (line ?? '').split('; ');
    const [name, value] = pair.split('=');
    return { name, value, attributes: attributes.toSorted() };
  };
  const living = ['Max-Age=600', 'Path=/', 'HttpOnly', 'SameSite=Lax', ...secure].toSorted();

  it('identify the browser, and hold the state', async () => {
    const browser = site.newBrowser();
    const url = await site.begin();

    const { setCookies: first } = await browser.open(url);
    const { setCookies: second } = await browser.press(url);

    expect(first.map(partsOf)).toEqual([
      {
        name: browserName,
        value: expect.stringMatching(/^[\w-]{43}$/),
        attributes: living,
      },
    ]);
    expect(second.map(partsOf)).toEqual([
      { ...partsOf(first[0]) },
      {
        name: stateName,
        value: `${site.world.signIn.asked?.state}.${new URL(url).searchParams.get('ticket')}`,
        attributes: living,
      },
    ]);
  });

  it('last as long as the newest ticket, and keep the id of the browser', async () => {
    const browser = site.newBrowser();
    const { setCookies: first } = await browser.open(await site.begin());
    const { setCookies: second } = await browser.open(await site.begin());

    expect(second).toEqual(first);
  });

  it('replace a browser id that the connector did not set', async () => {
    const browser = site.newBrowser();
    browser.cookies.set(browserName, 'mallory');

    await browser.open(await site.begin());

    expect(browser.cookies.get(browserName)).toMatch(/^[\w-]{43}$/);
  });

  it('accept a state once: a reloaded callback shows EXPIRED', async () => {
    const browser = site.newBrowser();
    const state = await site.consent(browser, await site.begin());
    await site.comeBack(browser, { code: GOOD_CODE, state });

    const again = await site.comeBack(browser, { code: GOOD_CODE, state });

    expect(again.status).toBe(410);
    expect(again.text).toContain('<code>EXPIRED</code>');
  });

  it('keep the state if another site makes the browser open the callback', async () => {
    const browser = site.newBrowser();
    const state = await site.consent(browser, await site.begin());

    await site.comeBack(browser, { code: GOOD_CODE, state: 'x'.repeat(43) });
    await site.comeBack(browser, { code: GOOD_CODE });
    const end = await site.comeBack(browser, { code: GOOD_CODE, state });

    expect(end.text).toContain('<code>LINKED</code>');
  });
});
