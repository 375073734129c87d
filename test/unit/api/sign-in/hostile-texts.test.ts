import { afterAll, beforeAll, expect, test } from 'vitest';

import { CANARY, HOSTILE_TEXTS } from '../../../hostile/texts.js';
import { GOOD_CODE } from '../../../fakes/sign-in-ports.js';
import { startSignIn, type SignInSetting } from './start-sign-in.js';
import type { Browser, PageAnswer } from './browser.js';

let setting: SignInSetting;
beforeAll(async () => {
  setting = await startSignIn();
});
afterAll(async () => setting.server.stop());

type Door = (browser: Browser, text: string) => Promise<PageAnswer>;

const query = (fields: Readonly<Record<string, string>>) => `${new URLSearchParams(fields)}`;
const cookieOf = (text: string) => encodeURIComponent(text.toWellFormed()).slice(0, 4_000);

const DOORS: readonly (readonly [name: string, open: Door])[] = [
  [
    'the ticket of the start page',
    async (browser, text) => browser.open(`/discord/sso/start?${query({ ticket: text })}`),
  ],
  [
    'the ticket of its form',
    async (browser, text) => browser.press(`/discord/sso/start?${query({ ticket: text })}`),
  ],
  [
    'the body of its form',
    async (browser, text) =>
      browser.open(await setting.begin(), {
        method: 'POST',
        body: text.toWellFormed(),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
  ],
  [
    'the cookie of the browser',
    async (browser, text) =>
      browser.open(await setting.begin(), { headers: { cookie: `discord_sso=${cookieOf(text)}` } }),
  ],
  [
    'the state of the callback',
    async (browser, text) => setting.comeBack(browser, { code: GOOD_CODE, state: text }),
  ],
  [
    'the code of the callback',
    async (browser, text) => {
      const state = await setting.consent(browser, await setting.begin());
      return setting.comeBack(browser, { code: text, state });
    },
  ],
  [
    'the error of the callback',
    async (browser, text) => {
      const state = await setting.consent(browser, await setting.begin());
      return setting.comeBack(browser, { error: text, error_description: text, state });
    },
  ],
];

test.each(DOORS)('%s handles every hostile text, and repeats none', async (_, open) => {
  setting.reset();
  const faults: string[] = [];
  for (const text of HOSTILE_TEXTS) {
    const { status, text: page, location } = await open(setting.newBrowser(), text);
    const shown = `${page} ${location ?? ''}`;
    // An unknown error from Discord is answered with 503.
    if (status >= 500 && status !== 503) faults.push(`${status} for ${text.slice(0, 40)}`);
    if (shown.includes(CANARY) || shown.includes('<script>alert')) faults.push(`repeats ${text}`);
  }

  expect(faults).toEqual([]);
  expect(setting.lines.filter(({ level }) => level === 'error')).toEqual([]);
  expect(JSON.stringify(setting.lines)).not.toContain(CANARY);
});
