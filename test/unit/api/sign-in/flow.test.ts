import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import {
  ACCESS_TOKEN,
  CLIENT_SECRET,
  GOOD_CODE,
  REFRESH_TOKEN,
} from '../../../fakes/sign-in-ports.js';
import { alice, PUBLIC_URL, RETURN_TO, startSignIn, type SignInSetting } from './start-sign-in.js';

let site: SignInSetting;
beforeAll(async () => {
  site = await startSignIn();
});
afterAll(async () => site.server.stop());
beforeEach(() => site.reset());

const answerOf = (location: string | null) =>
  Object.fromEntries(
    [...new URL(location ?? '').searchParams].filter(([name]) => name.startsWith('discordLink')),
  );

describe('a person who links their account', () => {
  it('sees their platform name, consents at Discord, and is linked', async () => {
    site.reset({ linking: { email: 'WARN', keepsTokens: false } });
    const browser = site.newBrowser();
    const url = await site.begin({ email: ' ALICE@example.org ' });

    const start = await browser.open(url);
    const toDiscord = await browser.press(url);
    const state = new URL(toDiscord.location ?? '').searchParams.get('state');
    const end = await site.comeBack(browser, {
      code: GOOD_CODE,
      state: state ?? '',
    });

    expect(start.status).toBe(200);
    expect(start.text).toContain('<bdi>Alice</bdi>');
    expect(start.text).toContain('<bdi>Alliance</bdi>');
    expect(toDiscord.status).toBe(303);
    expect(site.world.signIn.asked).toEqual({
      redirectUri: `${PUBLIC_URL}/discord/sso/callback`,
      scopes: ['identify', 'guilds.join', 'email'],
      state,
      codeVerifier: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect(end.status).toBe(200);
    expect(end.text).toContain('Your Discord account is linked');
    expect(end.text).toContain('Alice of Discord');
    expect(end.text).not.toContain('different from the one on the platform');
    expect(site.world.signIn.linked).toEqual({ alice: '400000000000000009' });
    expect([...site.world.signIn.grants.values()]).toEqual(['LINKED']);
    expect(site.lastArguments('signIn.linkSignedIn')).toEqual([
      expect.objectContaining({
        ...alice,
        cause: {
          kind: 'MUTATION',
          id: end.headers.get('x-request-id'),
          actor: 'sign-in',
        },
      }),
    ]);
  });

  it('is not asked for an e-mail address if the client does not require one', async () => {
    const browser = site.newBrowser();
    const url = await site.begin();

    const { text } = await browser.open(url);
    await browser.press(url);

    expect(text).not.toContain('e-mail');
    expect(site.world.signIn.asked?.scopes).toEqual(['identify', 'guilds.join']);
  });

  it('returns to the platform, and keeps the query and fragment', async () => {
    const end = await site.signIn(site.newBrowser(), { returnTo: RETURN_TO });

    expect(end.status).toBe(303);
    expect(end.location).toBe(
      'https://platform.example/me?tab=discord&x=a%20b&discordLink=LINKED#links',
    );
    expect(end.headers.get('cache-control')).toBe('no-store');
  });

  it('returns with the result of this attempt only, not of an earlier one', async () => {
    const end = await site.signIn(site.newBrowser(), {
      returnTo:
        'https://platform.example/me?discordLink=CLAIMED&discordLinkWarning=EMAIL_DIFFERS&discordLinks=3',
    });

    expect(end.location).toBe('https://platform.example/me?discordLinks=3&discordLink=LINKED');
  });

  it('with a different e-mail address than on the platform is warned, and still linked', async () => {
    site.world.signIn.account = {
      ...site.world.signIn.account,
      email: 'other@example.org',
    };
    const onOurPage = await site.signIn(site.newBrowser(), {
      email: 'alice@example.org',
    });
    const atThePlatform = await site.signIn(site.newBrowser(), {
      email: 'alice@example.org',
      returnTo: RETURN_TO,
    });

    expect(onOurPage.text).toContain('different from the one on the platform');
    expect(answerOf(atThePlatform.location)).toEqual({
      discordLink: 'LINKED',
      discordLinkWarning: 'EMAIL_DIFFERS',
    });
    expect(site.world.signIn.linked).toEqual({ alice: '400000000000000009' });
  });

  it('sees the warnings about their other links', async () => {
    site.world.signIn.warnings = ['The link to another account ends.'];

    const end = await site.signIn(site.newBrowser());

    expect(end.text).toContain('The link to another account ends.');
  });

  it.each([
    [{ kind: 'IN_GUILD', isScreened: true }, 'SCREENING'],
    [{ kind: 'WAITING' }, 'WAITING'],
    [{ kind: 'NOT_IN_GUILD', refusal: 'BANNED' }, 'BANNED'],
    [{ kind: 'NOT_IN_GUILD', refusal: 'GUILD_FULL' }, 'GUILD_FULL'],
    [{ kind: 'NOT_IN_GUILD', refusal: 'USER_GUILD_LIMIT' }, 'USER_GUILD_LIMIT'],
    [{ kind: 'NOT_IN_GUILD', refusal: 'INVALID_TOKEN' }, 'JOIN_FAILED'],
    [{ kind: 'NOT_IN_GUILD', refusal: 'MISSING_PERMISSION' }, 'JOIN_FAILED'],
    [{ kind: 'NOT_IN_GUILD', refusal: 'REFUSED' }, 'JOIN_FAILED'],
    [{ kind: 'NOT_IN_GUILD', refusal: null }, 'JOIN_FAILED'],
  ] as const)('with the join outcome %o sees %s', async (outcome, code) => {
    site.reset({ inviteUrl: 'https://discord.gg/alliance' });
    site.world.signIn.outcome = outcome;

    const onOurPage = await site.signIn(site.newBrowser());
    const atThePlatform = await site.signIn(site.newBrowser(), {
      returnTo: RETURN_TO,
    });

    expect(onOurPage.status).toBe(200);
    expect(onOurPage.text).toContain(`<code>${code}</code>`);
    expect(onOurPage.text.includes('href="https://discord.gg/alliance"')).toBe(
      outcome.kind === 'NOT_IN_GUILD' && code !== 'BANNED',
    );
    expect(answerOf(atThePlatform.location)).toEqual({ discordLink: code });
    expect([...site.world.signIn.grants.values()]).toEqual(['LINKED', 'LINKED']);
  });

  it('is linked even if the outcome cannot be read, and returns with WAITING', async () => {
    site.fail('signIn.awaitLinked', new Error('database unreachable'));

    const end = await site.signIn(site.newBrowser(), { returnTo: RETURN_TO });

    expect(answerOf(end.location)).toEqual({ discordLink: 'WAITING' });
    expect([...site.world.signIn.grants.values()]).toEqual(['LINKED']);
  });

  it('returns to the callback URL of the client if it has one', async () => {
    site.reset({ callbackUrl: `${PUBLIC_URL}/elsewhere/callback` });

    const end = await site.signIn(site.newBrowser());

    expect(end.text).toContain('<code>LINKED</code>');
    expect(site.lastArguments('oauth.exchangeCode')[1]).toMatchObject({
      redirectUri: `${PUBLIC_URL}/elsewhere/callback`,
    });
  });
});

describe('the secrets of a sign-in', () => {
  it('appear in no log line and on no page, even if the sign-in fails', async () => {
    const browser = site.newBrowser();
    const url = await site.begin();
    const ticket = new URL(url).searchParams.get('ticket') ?? '';
    const pages = [await browser.open(url), await browser.press(url)];
    const states = [site.world.signIn.asked?.state ?? ''];
    const verifier = site.world.signIn.asked?.codeVerifier ?? '';
    pages.push(await site.comeBack(browser, { code: GOOD_CODE, state: states[0] ?? '' }));
    site.fail('signIn.linkSignedIn', new Error('database unreachable'));
    const failing = site.newBrowser();
    states.push(await site.consent(failing, await site.begin()));
    pages.push(await site.comeBack(failing, { code: GOOD_CODE, state: states[1] ?? '' }));
    pages.push(await site.comeBack(failing, { code: GOOD_CODE, state: 'x' }));

    const browserName = [...browser.cookies.values()];
    const seen = pages.map(({ text }) => text).join();
    const logged = site.lines
      .map(({ fields, message }) => `${message} ${JSON.stringify(fields)} ${String(fields['err'])}`)
      .join('\n');
    const secrets = [
      ticket,
      ...states,
      verifier,
      GOOD_CODE,
      ACCESS_TOKEN,
      REFRESH_TOKEN,
      CLIENT_SECRET,
      ...browserName,
    ];
    expect(secrets.every((secret) => secret.length > 10)).toBe(true);
    expect(logged).toContain('/discord/sso/callback');
    expect(logged).toContain('/discord/sso/start');
    for (const secret of secrets) {
      expect(logged).not.toContain(secret);
      expect(seen).not.toContain(secret);
    }
  });

  it('are not stored in plain text: ticket, state and cookies', async () => {
    const url = await site.begin();
    const browser = site.newBrowser();
    const state = await site.consent(browser, url);
    const ticket = new URL(url).searchParams.get('ticket') ?? '';

    const kept = JSON.stringify([...site.world.signIn.tickets]);
    for (const secret of [ticket, state, ...browser.cookies.values()])
      expect(kept).not.toContain(secret);
  });
});
