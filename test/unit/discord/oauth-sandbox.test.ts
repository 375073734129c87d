import { createSandboxDiscord, type SandboxDiscord } from 'sandbox-discord';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { APPLICATION, BOT_ROLE, clientWorld, HIGH_ROLE, OWNER } from './client-world.js';
import {
  failureOf,
  guild,
  GUILD,
  MEMBER,
  ROLE,
  setUpGateway,
  startOfTest,
  target,
} from './gateway-setup.js';
import { applicationAt, discreetFailureOf, REDIRECT, SECRETS, setUpOAuth } from './oauth-setup.js';
import type { OAuthApplication } from '../../../services/model.js';

let discord: SandboxDiscord;
let app: OAuthApplication;
let apiBase: string;
beforeEach(async () => {
  discord = createSandboxDiscord({ world: clientWorld, limits: null });
  const address = await discord.start();
  ({ apiBase } = address);
  app = { ...applicationAt(address.url), apiBase };
});
afterEach(() => discord.stop());

const scopes = ['identify', 'email', 'guilds.join'];
const party = { applicationId: APPLICATION, discordUserId: MEMBER };

/** What the consent page does when the person presses Authorize. */
const agree = async (oauth: ReturnType<typeof setUpOAuth>['oauth']) => {
  const address = await oauth.authorizeAddress(app, {
    redirectUri: REDIRECT,
    scopes,
    state: 'state',
    codeVerifier: SECRETS.codeVerifier,
  });
  const asked = new URL(address).searchParams;
  return discord.oauth.authorize({
    ...party,
    redirectUri: asked.get('redirect_uri') ?? '',
    scopes: asked.get('scope')?.split(' ') ?? [],
    codeChallenge: asked.get('code_challenge'),
  });
};
const exchange = (code: string) => ({
  code,
  redirectUri: REDIRECT,
  codeVerifier: SECRETS.codeVerifier,
});

describe('the OAuth2 client against the sandbox Discord', () => {
  it('goes from consent to account, new grant and revocation', async () => {
    const { oauth } = setUpOAuth();

    const first = await oauth.exchangeCode(app, exchange(await agree(oauth)));
    expect(first.scopes).toEqual(scopes);
    expect(first.expiresAt).toEqual(new Date(startOfTest + 604_800_000));
    expect(await oauth.readAccount(app, first.accessToken)).toEqual({
      discordUserId: MEMBER,
      username: 'ada',
      displayName: 'Ada',
      email: 'ada@example.org',
      isEmailVerified: true,
      isBot: false,
    });
    const second = await oauth.refresh(app, first.refreshToken ?? '');
    await oauth.revoke(app, second.accessToken);

    expect(discord.oauth.liveTokens()).toEqual([]);
    expect(await failureOf(oauth.readAccount(app, second.accessToken))).toMatchObject({
      code: 'INVALID_GRANT',
    });
    await oauth.revoke(app, second.accessToken);
  });

  it('returns the address of an existing consent page', async () => {
    const { oauth } = setUpOAuth();
    const address = await oauth.authorizeAddress(app, {
      redirectUri: REDIRECT,
      scopes,
      state: 'state',
      codeVerifier: SECRETS.codeVerifier,
    });

    const page = await fetch(address);

    expect(page.status).toBe(200);
  });

  it('accepts a secret with characters that forms escape', async () => {
    const clientSecret = 'a-b_c.d~e f+g:h%20';
    discord.moderator.editApplication({
      applicationId: APPLICATION,
      clientSecret,
    });
    const { oauth } = setUpOAuth();

    const grant = await oauth.exchangeCode({ ...app, clientSecret }, exchange(await agree(oauth)));

    expect(grant.scopes).toEqual(scopes);
  });

  it('can use a code only once', async () => {
    const { oauth, logs } = setUpOAuth();
    const code = await agree(oauth);
    await oauth.exchangeCode(app, exchange(code));

    const failure = await discreetFailureOf(oauth.exchangeCode(app, exchange(code)), logs);

    expect(failure).toMatchObject({ code: 'INVALID_GRANT' });
    expect(failure.message).not.toContain(code);
  });

  it('can use a refresh token only once', async () => {
    const { oauth } = setUpOAuth();
    const { refreshToken } = discord.oauth.grant({ ...party, scopes });
    await oauth.refresh(app, refreshToken);

    expect(await failureOf(oauth.refresh(app, refreshToken))).toMatchObject({
      code: 'INVALID_GRANT',
    });
  });

  it('has no valid token left after the person deauthorizes the application', async () => {
    const { oauth } = setUpOAuth();
    const pair = discord.oauth.grant({ ...party, scopes });
    discord.oauth.deauthorize(party);

    for (const call of [
      () => oauth.refresh(app, pair.refreshToken),
      () => oauth.readAccount(app, pair.accessToken),
    ]) {
      expect(await failureOf(call())).toMatchObject({ code: 'INVALID_GRANT' });
    }
  });

  it.each([
    [
      'another secret',
      () => ({ ...app, clientSecret: 'another' }),
      {},
      { code: 'INVALID_CLIENT', message: expect.stringContaining('secret') },
    ],
    [
      'another callback address',
      () => app,
      { redirectUri: 'https://elsewhere.example.org/' },
      {
        code: 'INVALID_CLIENT',
        message: expect.stringContaining('https://elsewhere.example.org/'),
      },
    ],
    ['another verifier', () => app, { codeVerifier: 'x'.repeat(43) }, { code: 'INVALID_GRANT' }],
    ['a code that never was', () => app, { code: 'never' }, { code: 'INVALID_GRANT' }],
  ])('is refused with %s', async (_case, appOf, change, expected) => {
    const { oauth, logs } = setUpOAuth();
    const request = { ...exchange(await agree(oauth)), ...change };

    const failure = await discreetFailureOf(oauth.exchangeCode(appOf(), request), logs);

    expect(failure).toMatchObject(expected);
  });
});

describe('a person who has consented, in the sandbox Discord', () => {
  const join = (accessToken: string, more = {}) => ({
    member: target,
    accessToken,
    roleIds: [ROLE],
    nickname: 'Ada L.',
    ...more,
  });
  const tokenOf = (of = scopes) => discord.oauth.grant({ ...party, scopes: of }).accessToken;

  it('joins with roles and nickname, and is already a member the second time', async () => {
    const { gateway } = setUpGateway(apiBase);
    const accessToken = tokenOf();

    expect(await gateway.joinMember(join(accessToken))).toMatchObject({
      kind: 'joined',
      member: { roleIds: [ROLE], nickname: 'Ada L.', displayName: 'Ada' },
    });
    expect(await gateway.joinMember(join(accessToken, { roleIds: [BOT_ROLE] }))).toEqual({
      kind: 'alreadyMember',
    });

    expect(discord.member(GUILD, MEMBER)?.roleIds).toEqual([ROLE]);
  });

  it.each([
    ['BANNED', () => discord.moderator.ban({ guildId: GUILD, discordUserId: MEMBER })],
    ['GUILD_FULL', () => discord.moderator.makeGuildFull(GUILD)],
    ['USER_GUILD_LIMIT', () => discord.moderator.editUser({ discordUserId: MEMBER, maxGuilds: 0 })],
    ['INVALID_TOKEN', () => discord.oauth.deauthorize(party)],
    [
      'MISSING_PERMISSION',
      () =>
        discord.moderator.editRole({
          guildId: GUILD,
          roleId: BOT_ROLE,
          permissions: '0',
        }),
    ],
  ])('does not join: %s', async (code, plant) => {
    const { gateway } = setUpGateway(apiBase);
    discord.moderator.join({ guildId: GUILD, discordUserId: MEMBER });
    discord.moderator.leave({ guildId: GUILD, discordUserId: MEMBER });
    const accessToken = tokenOf();
    plant();

    expect(await failureOf(gateway.joinMember(join(accessToken)))).toMatchObject({ code });
  });

  it('joins only with their own token, and only if it includes consent to joining', async () => {
    const { gateway } = setUpGateway(apiBase);
    const another = discord.oauth.grant({
      applicationId: APPLICATION,
      discordUserId: OWNER,
      scopes,
    });

    for (const token of [tokenOf(['identify']), another.accessToken]) {
      expect(await failureOf(gateway.joinMember(join(token)))).toMatchObject({
        code: 'INVALID_TOKEN',
      });
    }
  });
});

describe('the member list of the sandbox Discord', () => {
  it('is read page by page, and agrees with its role counts', async () => {
    const { gateway } = setUpGateway(apiBase);
    discord.moderator.join({ guildId: GUILD, discordUserId: MEMBER });
    discord.moderator.giveRole({
      guildId: GUILD,
      discordUserId: MEMBER,
      roleId: ROLE,
    });

    const first = await gateway.listMembers(guild, { after: null, limit: 2 });
    const after = first.at(-1)?.discordUserId ?? null;
    const second = await gateway.listMembers(guild, { after, limit: 2 });

    expect([...first, ...second].map((one) => one.discordUserId)).toEqual(
      discord
        .guild(GUILD)
        .members.map((one) => one.discordUserId)
        .toSorted((a, b) => Number(BigInt(a) - BigInt(b))),
    );
    const counts = await gateway.readRoleCounts(guild);
    expect([counts.get(ROLE), counts.get(HIGH_ROLE)]).toEqual([1, 1]);
    expect(counts.has(GUILD)).toBe(false);
  });

  it('is denied to a bot without the privileged intent', async () => {
    const { gateway } = setUpGateway(apiBase);
    discord.moderator.setGuildMembersIntent({
      applicationId: APPLICATION,
      guildMembersIntent: false,
    });

    expect(await failureOf(gateway.listMembers(guild, { after: null, limit: 1 }))).toMatchObject({
      code: 'MISSING_INTENT',
    });
  });
});
