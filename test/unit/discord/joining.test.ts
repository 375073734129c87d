import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  startScriptedDiscord,
  type Reply,
  type ScriptedDiscord,
} from '../../fakes/scripted-discord.js';
import {
  everythingOf,
  failureOf,
  GUILD,
  guild,
  MEMBER,
  memberBody,
  refusal,
  ROLE,
  setUpGateway,
  target,
  TOKEN,
} from './gateway-setup.js';

let discord: ScriptedDiscord;
beforeEach(async () => {
  discord = await startScriptedDiscord();
});
afterEach(() => discord.stop());

const ACCESS_TOKEN = 'aCcess-token-of-a-person';
const request = {
  member: target,
  accessToken: ACCESS_TOKEN,
  roleIds: [ROLE],
  nickname: 'Ada L.',
};
const sentBody = () => JSON.parse(discord.requests[0]?.body ?? '') as unknown;

describe('a join request', () => {
  it('returns the member as Discord shows them', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script({
      status: 201,
      body: { ...memberBody(), nick: 'Ada L.', pending: true },
    });

    expect(await gateway.joinMember(request)).toEqual({
      kind: 'joined',
      member: {
        roleIds: [ROLE],
        username: 'ada',
        displayName: 'Ada',
        nickname: 'Ada L.',
        isPending: true,
        timedOutUntil: null,
      },
    });

    expect(discord.requests).toMatchObject([
      {
        method: 'PUT',
        path: `/api/v10/guilds/${GUILD}/members/${MEMBER}`,
        headers: { authorization: `Bot ${TOKEN}` },
      },
    ]);
    expect(sentBody()).toEqual({
      access_token: ACCESS_TOKEN,
      roles: [ROLE],
      nick: 'Ada L.',
    });
  });

  it('contains neither roles nor a nickname if none are requested', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script({ status: 201, body: memberBody([]) });

    await gateway.joinMember({ ...request, roleIds: [], nickname: null });

    expect(sentBody()).toEqual({ access_token: ACCESS_TOKEN });
  });

  it('may find that the person is already a member', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script({ status: 204 });

    expect(await gateway.joinMember(request)).toEqual({
      kind: 'alreadyMember',
    });
  });

  it.each<[string, Reply]>([
    ['another member', { body: { ...memberBody(), user: { id: '8', username: 'eve' } } }],
    ['a member without roles', { body: { user: memberBody().user } }],
    ['a page', { body: '<html>' }],
    ['nothing', {}],
  ])('does not count as a join if the response is %s', async (_case, reply) => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script({ status: 201, ...reply });

    const failure = await failureOf(gateway.joinMember(request));

    expect(failure.name).toBe('UnavailableError');
    expect(discord.requests).toHaveLength(1);
  });

  it.each([
    [403, 40007, 'BANNED'],
    [400, 40007, 'BANNED'],
    [403, 30019, 'GUILD_FULL'],
    [400, 30019, 'GUILD_FULL'],
    [400, 30001, 'USER_GUILD_LIMIT'],
    [403, 30001, 'USER_GUILD_LIMIT'],
    [403, 50025, 'INVALID_TOKEN'],
    [400, 50025, 'INVALID_TOKEN'],
    [401, 50025, 'INVALID_TOKEN'],
    [401, 50026, 'INVALID_TOKEN'],
    [403, 50026, 'INVALID_TOKEN'],
    [403, 50013, 'MISSING_PERMISSION'],
    [404, 10013, 'UNKNOWN_MEMBER'],
    [401, 0, 'UNAUTHORIZED'],
  ])('is refused permanently by %s/%s as %s', async (status, code, refused) => {
    const { gateway, logs } = setUpGateway(discord.apiBase);
    const message = `what was sent: ${ACCESS_TOKEN}`;
    discord.script({ status, body: { message, code } });

    const failure = await failureOf(gateway.joinMember(request));

    expect(failure).toMatchObject({ name: 'TerminalError', code: refused });
    expect(failure.message).toContain(`member ${MEMBER} in guild ${GUILD}`);
    expect(everythingOf([failure, failure.stack, logs])).not.toContain(ACCESS_TOKEN);
    // After a 401 about the bot's token, a second call reads the bot's user.
    const calls = refused === 'UNAUTHORIZED' ? 2 : 1;
    expect(discord.requests).toHaveLength(calls);
  });

  it.each<[string, Reply, string]>([
    [
      'a limit',
      { status: 429, body: { message: ACCESS_TOKEN, retry_after: 1 } },
      'RetryLaterError',
    ],
    ['an outage', { status: 503, body: ACCESS_TOKEN }, 'UnavailableError'],
    ['a dropped connection', { manner: 'drop' }, 'UnavailableError'],
  ])('fails temporarily after %s, and is sent once', async (_case, reply, name) => {
    const { gateway, logs } = setUpGateway(discord.apiBase);
    discord.script(reply);

    const failure = await failureOf(gateway.joinMember(request));

    expect(failure.name).toBe(name);
    expect(everythingOf([failure, failure.stack, logs])).not.toContain(ACCESS_TOKEN);
    expect(discord.requests).toHaveLength(1);
  });

  it('with an invalid token does not stop the bot, even with status 401', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(refusal(401, 50025), { body: memberBody() });
    await failureOf(gateway.joinMember(request));

    expect(await gateway.readMember(target)).toMatchObject({ isPresent: true });
    expect(discord.requests[1]?.headers.authorization).toBe(`Bot ${TOKEN}`);
  });

  it('stops the bot if the bot’s own token is refused, even if the body never arrives', async () => {
    const { gateway } = setUpGateway(discord.apiBase, { timeoutMs: 1_000 });
    discord.script({ status: 401, manner: 'stall' });
    await failureOf(gateway.joinMember(request));
    await failureOf(gateway.whoAmI(guild));

    expect(await failureOf(gateway.joinMember(request))).toMatchObject({
      code: 'UNAUTHORIZED',
    });
    expect(discord.requests).toHaveLength(2);
  });
});
