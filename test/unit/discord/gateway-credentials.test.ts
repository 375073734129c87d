import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  startScriptedDiscord,
  type Reply,
  type ScriptedDiscord,
} from '../../fakes/scripted-discord.js';
import {
  everythingOf,
  failureOf,
  memberBody,
  refusal,
  roleWrite,
  setUpGateway,
  target,
  TOKEN,
} from './gateway-setup.js';

let discord: ScriptedDiscord;

// One for each test, because an aborted call may still be in flight.
beforeEach(async () => {
  discord = await startScriptedDiscord();
});
afterEach(() => discord.stop());

const sent = () => discord.requests;
const member = { body: memberBody() };
const unauthorized = { name: 'TerminalError', code: 'UNAUTHORIZED' };

describe('credentials', () => {
  it('are read once for each revision', async () => {
    const { gateway, credentialReads } = setUpGateway(discord.apiBase);
    discord.script(member);

    await Promise.all([gateway.readMember(target), gateway.readMember(target)]);
    await gateway.readMember(target);
    expect(credentialReads).toHaveLength(1);
    await gateway.readMember({ ...target, revision: 'second' });

    expect(credentialReads).toHaveLength(2);
  });

  it('are read again after forgetCredentials', async () => {
    const { gateway, credentialReads } = setUpGateway(discord.apiBase);
    discord.script(member);
    await gateway.readMember(target);

    gateway.forgetCredentials('client-1');
    await gateway.readMember(target);

    expect(credentialReads).toHaveLength(2);
  });

  it('are read again after a failed read', async () => {
    let reads = 0;
    const { gateway } = setUpGateway(discord.apiBase, {
      credentials: () => {
        reads++;
        return Promise.reject(new Error('the store is down'));
      },
    });

    await failureOf(gateway.readMember(target));
    const failure = await failureOf(gateway.readMember(target));

    expect(failure.message).toBe('the store is down');
    expect(reads).toBe(2);
  });

  it('take effect with the next revision', async () => {
    let botToken = 'old-token';
    const { gateway } = setUpGateway(discord.apiBase, {
      credentials: () =>
        Promise.resolve({
          apiBase: discord.apiBase,
          botToken,
          applicationId: '1',
          guildId: target.guildId,
        }),
    });
    discord.script(member);
    await gateway.readMember(target);

    botToken = 'new-token';
    await gateway.readMember(target);
    await gateway.readMember({ ...target, revision: 'second' });

    const tokens = sent().map(({ headers }) => headers.authorization);
    expect(tokens).toEqual(['Bot old-token', 'Bot old-token', 'Bot new-token']);
  });
});

describe('a refused token', () => {
  it('is not sent again until the credentials change', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(refusal(401, 0), refusal(401, 0), member);
    expect(await failureOf(gateway.readMember(target))).toMatchObject(unauthorized);

    expect(await failureOf(gateway.readMember(target))).toMatchObject(unauthorized);
    expect(await failureOf(gateway.addRole(roleWrite))).toMatchObject(unauthorized);
    expect(sent()).toHaveLength(2);

    const later = { ...target, revision: 'second' };
    expect(await gateway.readMember(later)).toMatchObject({ isPresent: true });
  });

  it('is retried with the rate limits that are known from before', async () => {
    const { gateway, advance } = setUpGateway(discord.apiBase);
    discord.script(
      {
        status: 429,
        body: { retry_after: 5, global: false },
        headers: { 'retry-after': '5', 'x-ratelimit-scope': 'shared' },
      },
      refusal(401, 0),
      refusal(401, 0),
      member,
      { status: 204 },
    );
    await failureOf(gateway.addRole(roleWrite));
    await failureOf(gateway.readMember(target));

    const later = { ...target, revision: 'second' };
    await gateway.readMember(later);
    const early = await failureOf(gateway.addRole({ ...roleWrite, member: later }));
    expect(early).toMatchObject({ name: 'RetryLaterError' });
    expect(sent()).toHaveLength(4);

    advance(6_000);
    await gateway.addRole({ ...roleWrite, member: later });
    expect(sent()).toHaveLength(5);
  });

  it('stops every client of the bot, and the waiting calls', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    const sibling = { ...target, clientId: 'client-2' };
    discord.script(member, { ...refusal(401, 0), manner: 'hold' } satisfies Reply, refusal(401, 0));
    await gateway.readMember(sibling);
    const failures = [target, target, sibling].map((one) => failureOf(gateway.readMember(one)));
    await expect.poll(() => discord.held()).toBe(1);

    discord.release();

    for (const failure of await Promise.all(failures)) {
      expect(failure).toMatchObject(unauthorized);
    }
    const before = sent().length;
    expect(before).toBeLessThanOrEqual(5);
    await failureOf(gateway.readMember(sibling));
    expect(sent()).toHaveLength(before);
  });

  it('is also recognized by web pages with status 401', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    const page = { status: 401, body: '<html>' };
    discord.script(page, page, member);

    expect(await failureOf(gateway.readMember(target))).toMatchObject(unauthorized);
    expect(await failureOf(gateway.readMember(target))).toMatchObject(unauthorized);
    expect(sent()).toHaveLength(2);
  });
});

describe('the token', () => {
  const echo = { message: `your header was Bot ${TOKEN}`, code: 50013 };

  it.each([
    ['an error that echoes it', { status: 403, body: echo }],
    ['a page that echoes it', { status: 502, body: `<html>Bot ${TOKEN}` }],
    ['an OAuth2 refusal', { status: 400, body: { error: TOKEN } }],
    ['a wrong token', { status: 401, body: echo }],
    ['a rate limit', { status: 429, body: { ...echo, retry_after: 1 } }],
    ['a dropped connection', { manner: 'drop' }],
    ['a timeout', { manner: 'silence' }],
    ['redirects', { status: 302, headers: { location: '/x' } }],
    ['an odd answer', { status: 200, body: { token: TOKEN } }],
  ] as const)('appears in no error and no log line after %s', async (_, reply) => {
    discord.script(reply);
    const { gateway, logs } = setUpGateway(discord.apiBase, { timeoutMs: 100 });

    const failures = [
      await failureOf(gateway.readMember(target)),
      await failureOf(gateway.readRoles(target)),
      await failureOf(
        gateway.editMember({
          member: target,
          roleIds: [],
          nickname: null,
          reason: 'r',
        }),
      ),
    ];

    const told = everythingOf({ failures, logs, gateway });
    expect(told).not.toContain(TOKEN);
    expect(told.toLowerCase()).not.toContain('authorization');
  });
});
