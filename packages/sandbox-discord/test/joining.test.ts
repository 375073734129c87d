import { describe, expect, it } from 'vitest';

import type { SandboxWorld } from '../src/world.js';
import {
  ANNA,
  APPLICATION,
  BOT,
  COUNCIL,
  fieldError,
  GUILD,
  type GuildChanges,
  memberPath,
  MINER,
  PILOT,
  smallWorld,
  startSandbox,
  STRANGER,
  stranger,
} from './small-world.js';

const grant = (discordUserId: string, changes = {}) => ({
  discordUserId,
  applicationId: APPLICATION,
  scopes: ['identify', 'guilds.join'],
  ...changes,
});
const joinable = (guild: GuildChanges = {}, changes: Partial<SandboxWorld> = {}) => ({
  guild,
  world: {
    accessTokens: {
      stan: grant(STRANGER),
      anna: grant(ANNA),
      short: grant(STRANGER, { scopes: ['identify'] }),
      foreign: grant(STRANGER, { applicationId: '299999999999999999' }),
      old: grant(STRANGER, { expiresAt: 1 }),
    },
    ...changes,
  },
});

describe('adding a person who agreed', () => {
  it('answers 201 with the member, who has the roles and the nickname asked for', async () => {
    const { call, sandbox } = await startSandbox(joinable());

    const { status, body } = await call('PUT', memberPath(STRANGER), {
      body: { access_token: 'stan', roles: [PILOT], nick: ' Stan ' },
      reason: 'not kept',
    });

    expect(status).toBe(201);
    expect(body).toMatchObject({
      roles: [PILOT],
      nick: 'Stan',
      pending: false,
    });
    expect(sandbox.member(GUILD, STRANGER)?.roleIds).toEqual([PILOT]);
    expect(JSON.stringify(sandbox.guild(GUILD).auditLog)).not.toContain('not kept');
  });

  it('ignores @everyone among the roles', async () => {
    const { call, sandbox } = await startSandbox(joinable());

    const { status, body } = await call('PUT', memberPath(STRANGER), {
      body: { access_token: 'stan', roles: [GUILD, PILOT] },
    });

    expect([status, body.roles]).toEqual([201, [PILOT]]);
    expect(sandbox.member(GUILD, STRANGER)?.roleIds).toEqual([PILOT]);
  });

  it('answers 204 to one who is in, and does nothing with roles and nickname', async () => {
    const { call, sandbox } = await startSandbox(joinable());

    const { status } = await call('PUT', memberPath(ANNA), {
      body: { access_token: 'anna', roles: [MINER], nick: 'New' },
    });

    expect(status).toBe(204);
    expect(sandbox.member(GUILD, ANNA)).toMatchObject({
      roleIds: [PILOT],
      nick: null,
    });
  });

  it('leaves the newcomer pending where the guild screens', async () => {
    const { call } = await startSandbox(joinable({ hasScreening: true }));

    const { body } = await call('PUT', memberPath(STRANGER), {
      body: { access_token: 'stan' },
    });

    expect(body).toMatchObject({ pending: true });
  });

  it('marks one who was here before', async () => {
    const { call, sandbox } = await startSandbox(joinable());
    await call('PUT', memberPath(STRANGER), {
      body: { access_token: 'stan', roles: [PILOT] },
    });
    sandbox.moderator.leave(stranger);

    const { body } = await call('PUT', memberPath(STRANGER), {
      body: { access_token: 'stan' },
    });

    expect(body).toMatchObject({ flags: 1, roles: [] });
  });

  it.each([
    ['a token nobody gave', 'unknown', STRANGER, 50025],
    ['the token of somebody else', 'anna', STRANGER, 50025],
    ['a token for another application', 'foreign', STRANGER, 50025],
    ['a token that is too old', 'old', STRANGER, 50025],
    ['a token without guilds.join', 'short', STRANGER, 50026],
  ])('refuses %s', async (_name, access_token, discordUserId, code) => {
    const { call, sandbox } = await startSandbox(joinable());

    const { status, body } = await call('PUT', memberPath(discordUserId), {
      body: { access_token },
    });

    expect([status, body.code]).toEqual([403, code]);
    expect(sandbox.member(GUILD, STRANGER)).toBeUndefined();
  });

  it('refuses who is banned', async () => {
    const { call } = await startSandbox(
      joinable({ bans: [{ discordUserId: STRANGER, reason: 'spam' }] }),
    );

    const { body } = await call('PUT', memberPath(STRANGER), {
      body: { access_token: 'stan' },
    });

    expect(body.code).toBe(40007);
  });

  it('refuses anybody when the guild is full', async () => {
    const { call } = await startSandbox(joinable({ maxMembers: 4 }));

    const { body } = await call('PUT', memberPath(STRANGER), {
      body: { access_token: 'stan' },
    });

    expect(body.code).toBe(30019);
  });

  it.each([
    ['is unknown', '100000000000000099', {}, 404, 10004],
    ['is named wrongly', 'home', {}, 400, 50035],
  ])('refuses when the guild %s', async (_name, guildId, extras, status, code) => {
    const { call } = await startSandbox(joinable());

    const refused = await call('PUT', `/guilds/${guildId}/members/${STRANGER}`, {
      body: { access_token: 'stan', ...extras },
    });

    expect([refused.status, refused.body.code]).toEqual([status, code]);
  });

  it.each([
    ['no token', {}, 'access_token', 'BASE_TYPE_REQUIRED'],
    [
      'more than 250 roles',
      {
        access_token: 'stan',
        roles: Array.from({ length: 251 }, (_, index) => String(index + 1)),
      },
      'roles',
      'BASE_TYPE_MAX_LENGTH',
    ],
    [
      'a nickname that is too long',
      { access_token: 'stan', nick: 'n'.repeat(33) },
      'nick',
      'BASE_TYPE_MAX_LENGTH',
    ],
  ])('refuses a form with %s', async (_name, body, field, error) => {
    const { call, sandbox } = await startSandbox(joinable());

    const refused = await call('PUT', memberPath(STRANGER), { body });

    expect([refused.status, refused.body.code]).toEqual([400, 50035]);
    expect(fieldError(refused, field)).toBe(error);
    expect(sandbox.member(GUILD, STRANGER)).toBeUndefined();
  });

  it('refuses whom Discord asks for a proof first', async () => {
    const { call, sandbox } = await startSandbox(joinable());
    sandbox.moderator.editUser({
      discordUserId: STRANGER,
      isVerificationLocked: true,
    });

    const { status, body } = await call('PUT', memberPath(STRANGER), {
      body: { access_token: 'stan' },
    });

    expect([status, body.code]).toEqual([403, 50178]);
  });

  it('is not for the person themselves to do', async () => {
    const { call } = await startSandbox(joinable());

    const { status } = await call('PUT', memberPath(STRANGER), {
      headers: { Authorization: 'Bearer stan' },
      body: { access_token: 'stan' },
    });

    expect(status).toBe(401);
  });

  it('goes on when the ban, the crowd, the limit or the screening is lifted', async () => {
    const { call, sandbox } = await startSandbox(joinable());
    const { moderator } = sandbox;
    const join = async () => {
      const body = { access_token: 'stan' };
      const answer = await call('PUT', memberPath(STRANGER), { body });
      return answer.body.code ?? answer.status;
    };

    moderator.ban(stranger);
    const banned = await join();
    moderator.unban(stranger);
    moderator.makeGuildFull(GUILD);
    const full = await join();
    moderator.editGuild({ guildId: GUILD, maxMembers: 100 });
    moderator.editUser({ discordUserId: STRANGER, maxGuilds: 0 });
    const limited = await join();
    moderator.editUser({ discordUserId: STRANGER, maxGuilds: 1 });
    moderator.editGuild({ guildId: GUILD, hasScreening: true });
    const arrived = await join();
    const isPending = () => sandbox.member(GUILD, STRANGER)?.pending;

    expect([banned, full, limited, arrived]).toEqual([40007, 30019, 30001, 201]);
    expect(isPending()).toBe(true);
    moderator.finishScreening(stranger);
    expect(isPending()).toBe(false);
    expect(await join()).toBe(204);
  });

  it('refuses who is in too many guilds, but not where they are in already', async () => {
    const users = smallWorld().users.map((user) => ({
      ...user,
      maxGuilds: 0,
    }));
    const { call } = await startSandbox(joinable({}, { users }));

    const refused = await call('PUT', memberPath(STRANGER), {
      body: { access_token: 'stan' },
    });
    const already = await call('PUT', memberPath(ANNA), {
      body: { access_token: 'anna' },
    });

    expect(refused.body.code).toBe(30001);
    expect(already.status).toBe(204);
  });

  it.each([
    ['the bot may not invite', 1n << 28n, {}],
    ['the bot may not give roles', 1n, { roles: [PILOT] }],
    ['the bot may not rename', 1n, { nick: 'Stan' }],
    ['the role is above the bot', (1n << 28n) | 1n, { roles: [COUNCIL] }],
  ])('is refused when %s', async (_name, botPermissions, extras) => {
    const { call, sandbox } = await startSandbox(joinable({ botPermissions }));

    const { status, body } = await call('PUT', memberPath(STRANGER), {
      body: { access_token: 'stan', ...extras },
    });

    expect([status, body.code]).toEqual([403, 50013]);
    expect(sandbox.member(GUILD, STRANGER)).toBeUndefined();
  });
});

describe('a person with an access token', () => {
  const asPerson = (token: string) => ({
    headers: { Authorization: `Bearer ${token}` },
  });
  const withScopes = (...scopes: string[]) =>
    startSandbox({ world: { accessTokens: { t: grant(STRANGER, { scopes }) } } });

  it('learns who they are, and their address only with the scope for it', async () => {
    const plain = await withScopes('identify');
    const more = await withScopes('identify', 'email');

    const without = await plain.call('GET', '/users/@me', asPerson('t'));
    const withEmail = await more.call('GET', '/users/@me', asPerson('t'));

    expect(without.body).toMatchObject({ id: STRANGER, username: 'stan' });
    expect(without.body).not.toHaveProperty('email');
    expect(withEmail.body).toMatchObject({
      email: 'stan@example.org',
      verified: true,
    });
  });

  it('is told nothing without the scope to be identified', async () => {
    const { call } = await withScopes('guilds');

    const { status, body } = await call('GET', '/users/@me', asPerson('t'));

    expect([status, body.code]).toEqual([403, 50026]);
  });

  it('sees their guilds with the scope for it, and not without', async () => {
    const { call, sandbox } = await withScopes('identify', 'guilds');
    sandbox.moderator.join(stranger);
    const narrow = await withScopes('identify');

    const seen = await call('GET', '/users/@me/guilds', asPerson('t'));
    const refused = await narrow.call('GET', '/users/@me/guilds', asPerson('t'));

    expect(seen.list.map((one) => one.id)).toEqual([GUILD]);
    expect([refused.status, refused.body.code]).toEqual([403, 50026]);
  });

  it('may read their own membership, and nothing that is a bot\u2019s', async () => {
    const { call, sandbox } = await withScopes('guilds.members.read');
    sandbox.moderator.join(stranger);

    const own = await call('GET', `/users/@me/guilds/${GUILD}/member`, asPerson('t'));
    const other = await call('GET', memberPath(BOT), asPerson('t'));

    expect(own.body.user.id).toBe(STRANGER);
    expect(other.status).toBe(401);
  });

  it('is turned away when the token is unknown or too old', async () => {
    const { call } = await startSandbox({
      world: { accessTokens: { old: grant(STRANGER, { expiresAt: 1 }) } },
    });

    expect((await call('GET', '/users/@me', asPerson('old'))).status).toBe(401);
    expect((await call('GET', '/users/@me', asPerson('none'))).status).toBe(401);
  });
});
