import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import {
  InputError,
  RetryLaterError,
  TerminalError,
  UnavailableError,
} from '../../../../services/lib/errors.js';
import { ACCESS_TOKEN } from '../../../fakes/sign-in-ports.js';
import { RETURN_TO, startSignIn, type SignInSetting } from './start-sign-in.js';

let site: SignInSetting;
beforeAll(async () => {
  site = await startSignIn();
});
afterAll(async () => site.server.stop());
beforeEach(() => site.reset());

const signIn = () => site.signIn(site.newBrowser());
const back = async () => {
  const { location } = await site.signIn(site.newBrowser(), {
    returnTo: RETURN_TO,
  });
  return new URL(location ?? '').searchParams.get('discordLink');
};
const grants = () => [...site.world.signIn.grants.values()];
const isLinked = () => Object.keys(site.world.signIn.linked).length > 0;

const unanswered = [
  new UnavailableError('cannot call: Discord gave no usable response (status 502)'),
  new UnavailableError('cannot call: no answer in time'),
  new RetryLaterError(new Date(0), 'cannot call: Discord has asked to wait'),
  new TerminalError('REFUSED', 'cannot call: Discord refuses (status 403)'),
];

describe('when Discord gave no usable response', () => {
  it.each(unanswered)(
    'to the exchange of the code, the page asks the person to start again: %s',
    async (error) => {
      site.fail('oauth.exchangeCode', error);

      const page = await signIn();

      expect(page.status).toBe(503);
      expect(page.text).toContain('Discord did not respond');
      expect(page.text).toContain('start again');
      expect(page.text).toContain('<code>DISCORD_FAILED</code>');
      expect(page.text).not.toContain(error.message);
      expect(await back()).toBe('DISCORD_FAILED');
      expect(grants()).toEqual([]);
      expect(isLinked()).toBe(false);
      expect(site.lines.find(({ level }) => level === 'warn')?.fields).toMatchObject({
        reason: error.message,
      });
    },
  );

  it.each([...unanswered, new TerminalError('INVALID_GRANT', 'the token is dead')])(
    'to the reading of the account, the grant is discarded: %s',
    async (error) => {
      site.fail('oauth.readAccount', error);

      expect((await signIn()).text).toContain('<code>DISCORD_FAILED</code>');
      expect(await back()).toBe('DISCORD_FAILED');
      expect(grants()).toEqual(['DISCARDED', 'DISCARDED']);
      expect(isLinked()).toBe(false);
    },
  );
});

describe('a failed sign-in', () => {
  it('with a code that Discord does not know is EXPIRED, and leaves no grant', async () => {
    site.fail('oauth.exchangeCode', new TerminalError('INVALID_GRANT', 'dead'));

    expect(await signIn()).toMatchObject({
      status: 410,
      text: expect.stringContaining('<code>EXPIRED</code>'),
    });
    expect(grants()).toEqual([]);
  });

  it.each([[['identify']], [['guilds.join']], [[]]])('with scopes %j is denied', async (scopes) => {
    site.world.signIn.grant = { ...site.world.signIn.grant, scopes };

    const page = await signIn();

    expect(page.status).toBe(403);
    expect(page.text).toContain('<code>SCOPE_MISSING</code>');
    expect(await back()).toBe('SCOPE_MISSING');
    expect(grants()).toEqual(['DISCARDED', 'DISCARDED']);
    expect(site.calls).not.toContain('oauth.readAccount');
    expect(isLinked()).toBe(false);
  });

  it.each([
    ['none', { email: null, isEmailVerified: false }],
    ['an empty one', { email: ' ', isEmailVerified: true }],
    ['one that was never confirmed', { email: 'a@example.org', isEmailVerified: false }],
  ])('without the required e-mail leaves no grant and no link: it has %s', async (_, given) => {
    site.reset({ linking: { email: 'REQUIRE', keepsTokens: false } });
    Object.assign(site.world.signIn, {
      account: { ...site.world.signIn.account, ...given },
    });

    const page = await signIn();

    expect(page.status).toBe(403);
    expect(page.text).toContain('guest accounts');
    expect(await back()).toBe('EMAIL_MISSING');
    expect(grants()).toEqual(['DISCARDED', 'DISCARDED']);
    expect(isLinked()).toBe(false);
  });

  it('with a bot account leaves no grant and no link', async () => {
    Object.assign(site.world.signIn, {
      account: { ...site.world.signIn.account, isBot: true },
    });

    const page = await signIn();

    expect(page.status).toBe(403);
    expect(page.text).toContain('That Discord account is a bot');
    expect(await back()).toBe('BOT_ACCOUNT');
    expect(grants()).toEqual(['DISCARDED', 'DISCARDED']);
    expect(isLinked()).toBe(false);
  });

  it('with an account that is linked to another person leaves no grant and no link', async () => {
    site.world.signIn.claimed = [site.world.signIn.account.discordUserId];

    const page = await signIn();

    expect(page.status).toBe(409);
    expect(page.text).toContain('This Discord account is already linked to someone else');
    expect(page.text).toContain('alice.at.discord');
    expect(await back()).toBe('CLAIMED');
    expect(grants()).toEqual(['DISCARDED', 'DISCARDED']);
    expect(isLinked()).toBe(false);
  });

  it('of a person who was deleted in the meantime leaves no grant', async () => {
    const browser = site.newBrowser();
    const state = await site.consent(browser, await site.begin());
    site.world.signIn.deletedUsers = ['alice'];

    const page = await site.comeBack(browser, {
      code: 'the-code-that-discord-gave',
      state,
    });

    expect(page.status).toBe(410);
    expect(page.text).toContain('<code>CLIENT_GONE</code>');
    expect(grants()).toEqual(['DISCARDED']);
  });

  it('of a client that was deleted in the meantime does not exchange its code', async () => {
    const browser = site.newBrowser();
    const state = await site.consent(browser, await site.begin());
    site.fail('signIn.findSignInClient', new InputError('NOT_FOUND', 'gone'));

    const page = await site.comeBack(browser, { code: 'x', state });

    expect(page.text).toContain('<code>CLIENT_GONE</code>');
    expect(site.calls).not.toContain('oauth.exchangeCode');
    expect(site.calls).not.toContain('signIn.spendTicket');
  });

  it.each(['oauth.readAccount', 'signIn.linkSignedIn'])(
    'with an internal error at %s leaves no grant and no link, and is logged',
    async (name) => {
      site.fail(name, new Error('database unreachable'));

      const page = await signIn();

      expect(page.status).toBe(500);
      expect(page.text).toContain('<code>INTERNAL</code>');
      expect(page.text).not.toContain('database');
      expect(grants()).toEqual(['DISCARDED']);
      expect(isLinked()).toBe(false);
      expect(site.lines.find(({ level }) => level === 'error')?.fields).toMatchObject({
        requestId: page.headers.get('x-request-id'),
        err: expect.any(Error),
      });
      expect(await back()).toBe('INTERNAL');
    },
  );

  it('revokes a grant at once if it cannot be stored', async () => {
    site.fail('signIn.keepGrant', new Error('database unreachable'));

    expect((await signIn()).status).toBe(500);
    expect(site.lastArguments('oauth.revoke')).toEqual([
      expect.objectContaining({ applicationId: '200000000000000001' }),
      ACCESS_TOKEN,
    ]);
    expect(isLinked()).toBe(false);
  });

  it('logs a grant that can be neither stored nor revoked, without its tokens', async () => {
    site.fail('signIn.keepGrant', new Error('database unreachable'));
    site.fail('oauth.revoke', new UnavailableError('no response in time'));

    expect((await signIn()).status).toBe(500);
    const errors = site.lines.filter(({ level }) => level === 'error');
    expect(errors.map(({ message }) => message)).toContain(
      'token revocation failed for an unsaved grant',
    );
    expect(JSON.stringify(site.lines)).not.toContain(ACCESS_TOKEN);
  });

  it('shows the actual problem even if the grant cannot be discarded', async () => {
    site.world.signIn.claimed = [site.world.signIn.account.discordUserId];
    site.fail('signIn.discardGrant', new Error('database unreachable'));

    expect((await signIn()).text).toContain('<code>CLAIMED</code>');
    expect(site.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });
});

describe('a configuration that Discord does not accept', () => {
  it('shows the person that an administrator must fix it, and logs the reason', async () => {
    const reason =
      'cannot exchange a code for application 2: the client secret does not belong to the application';
    site.fail('oauth.exchangeCode', new TerminalError('INVALID_CLIENT', reason));

    const page = await signIn();

    expect(page.status).toBe(503);
    expect(page.text).toContain('An administrator needs to fix something first');
    expect(page.text).not.toContain('secret');
    expect(await back()).toBe('SETUP_FAULT');
    expect(site.lines.find(({ level }) => level === 'error')).toMatchObject({
      message: 'client misconfigured, sign-in impossible',
      fields: { clientId: expect.any(String), reason },
    });
  });
});

describe('an internal error before the sign-in is known', () => {
  it.each([
    ['GET', 'signIn.findTicket'],
    ['POST', 'signIn.bindTicket'],
  ])('shows an error page at %s, and is logged once', async (method, name) => {
    const browser = site.newBrowser();
    const url = await site.begin();
    await browser.open(url);
    site.fail(name, new Error('database unreachable'));

    const page = method === 'GET' ? await browser.open(url) : await browser.press(url);

    expect(page.status).toBe(500);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.text).toContain('<code>INTERNAL</code>');
    expect(site.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('returns 500 at the callback too', async () => {
    const browser = site.newBrowser();
    const state = await site.consent(browser, await site.begin());
    site.fail('signIn.takeState', new Error('database unreachable'));

    expect((await site.comeBack(browser, { code: 'x', state })).status).toBe(500);
  });
});
