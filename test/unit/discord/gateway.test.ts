import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startScriptedDiscord, type ScriptedDiscord } from '../../fakes/scripted-discord.js';
import {
  failureOf,
  GUILD,
  MEMBER,
  memberBody,
  refusal,
  ROLE,
  roleWrite,
  setUpGateway,
  target,
  TOKEN,
} from './gateway-setup.js';
import type { ObservedCall } from '../../../services/discord/rest/calls.js';

let discord: ScriptedDiscord;

// One for each test, because an aborted call may still be in flight.
beforeEach(async () => {
  discord = await startScriptedDiscord();
});
afterEach(() => discord.stop());

const sent = () => discord.requests;

describe('reading a member', () => {
  it('returns what Discord shows of the member', async () => {
    discord.script({
      body: {
        ...memberBody([ROLE]),
        nick: 'Countess',
        pending: true,
        communication_disabled_until: '2026-04-26T06:26:56.936000+00:00',
      },
    });

    const reading = await setUpGateway(discord.apiBase).gateway.readMember(target);

    expect(reading).toEqual({
      isPresent: true,
      roleIds: [ROLE],
      username: 'ada',
      displayName: 'Ada',
      nickname: 'Countess',
      isPending: true,
      timedOutUntil: new Date('2026-04-26T06:26:56.936Z'),
    });
  });

  it.each([10007, 10013])('treats 404 with code %s as absent', async (code) => {
    discord.script(refusal(404, code));

    const { gateway } = setUpGateway(discord.apiBase);

    expect(await gateway.readMember(target)).toEqual({ isPresent: false });
  });

  it.each([
    ['a page', { status: 200, body: '<html>hello</html>' }],
    ['nothing', { status: 200, body: '' }],
    ['a 204', { status: 204 }],
    ['no roles', { body: { user: memberBody().user } }],
    ['roles that are not ids', { body: { ...memberBody(), roles: [12] } }],
    ['a list', { body: [] }],
    ['another member', { body: { ...memberBody(), user: { id: '9', username: 'eve' } } }],
    ['a code of absence without its status', refusal(502, 10007)],
    ['a page saying 404', { status: 404, body: '<html>10007</html>' }],
    ['JSON of somebody else saying 404', { status: 404, body: { error: 1 } }],
  ])('never accepts %s as a response', async (_, reply) => {
    discord.script(reply);
    const { gateway } = setUpGateway(discord.apiBase);

    const failure = await failureOf(gateway.readMember(target));

    expect(failure).toMatchObject({
      name: 'UnavailableError',
      message: expect.stringContaining(`cannot read member ${MEMBER} in guild ${GUILD}: `),
    });
    expect(sent()).toHaveLength(1);
  });
});

describe('writing roles', () => {
  it('adds and removes one role, with the reason for the audit log', async () => {
    discord.script({ status: 204 });
    const { gateway } = setUpGateway(discord.apiBase);
    const reason = `record 1 – ünïcode`;

    await gateway.addRole({ ...roleWrite, reason });
    await gateway.removeRole(roleWrite);

    const path = `/api/v10/guilds/${GUILD}/members/${MEMBER}/roles/${ROLE}`;
    expect(sent()).toMatchObject([
      {
        method: 'PUT',
        path,
        headers: {
          authorization: `Bot ${TOKEN}`,
          'user-agent': 'DiscordBot (https://example.org, 0.1.0)',
          'x-audit-log-reason': encodeURIComponent(reason),
        },
      },
      { method: 'DELETE', path },
    ]);
  });

  it('accepts a 204 that claims to be JSON', async () => {
    const headers = { 'content-type': 'application/json' };
    discord.script({ status: 204, headers });

    await setUpGateway(discord.apiBase).gateway.addRole(roleWrite);

    expect(sent()).toHaveLength(1);
  });

  it('sets the whole list, and returns the updated member', async () => {
    discord.script({ body: memberBody([ROLE]) });
    const { gateway } = setUpGateway(discord.apiBase);

    const member = await gateway.editMember({
      member: target,
      roleIds: [ROLE],
      nickname: null,
      reason: 'record 2',
    });

    expect(member?.roleIds).toEqual([ROLE]);
    expect(sent()).toMatchObject([{ method: 'PATCH', body: JSON.stringify({ roles: [ROLE] }) }]);
  });

  it.each([
    [[ROLE], 'Ada', { roles: [ROLE], nick: 'Ada' }],
    [null, 'Ada', { nick: 'Ada' }],
    [[], null, { roles: [] }],
  ])('sends only the given fields: %j and %j', async (roleIds, nickname, body) => {
    discord.script({ body: memberBody([ROLE]) });
    const { gateway } = setUpGateway(discord.apiBase);

    await gateway.editMember({
      member: target,
      roleIds,
      nickname,
      reason: 'record 2',
    });

    expect(sent()).toMatchObject([{ method: 'PATCH', body: JSON.stringify(body) }]);
  });

  it('does not repeat the nickname in errors', async () => {
    discord.script(refusal(403, 50013));
    const { gateway } = setUpGateway(discord.apiBase);
    const write = { roleIds: null, nickname: 'Ada', reason: 'record 2' };

    const failure = await failureOf(gateway.editMember({ member: target, ...write }));

    expect(failure.message).toContain('cannot set the nickname of member');
    expect(failure.message).not.toContain('Ada');
  });

  it('returns null if Discord answers the list without a body', async () => {
    discord.script({ status: 204 });
    const { gateway } = setUpGateway(discord.apiBase);
    const write = {
      member: target,
      roleIds: [],
      nickname: null,
      reason: 'record 3',
    };

    expect(await gateway.editMember(write)).toBeNull();
  });

  it('cuts a long reason to Discord’s limit, and replaces a character that would be split', async () => {
    discord.script({ status: 204 });
    const { gateway } = setUpGateway(discord.apiBase);

    const reason = `${'x'.repeat(511)}😀`;
    await gateway.addRole({ ...roleWrite, reason });

    const header = String(sent()[0]?.headers['x-audit-log-reason']);
    expect(decodeURIComponent(header)).toBe(`${'x'.repeat(511)}\uFFFD`);
  });

  it('does not count a web page as success', async () => {
    discord.script({ status: 200, body: '<html>log in to the network</html>' });
    const { gateway } = setUpGateway(discord.apiBase);

    const failure = await failureOf(gateway.addRole(roleWrite));

    expect(failure.name).toBe('UnavailableError');
  });

  it.each([
    [404, 10007, 'UNKNOWN_MEMBER'],
    [404, 10013, 'UNKNOWN_MEMBER'],
    [404, 10011, 'UNKNOWN_ROLE'],
    [403, 50013, 'MISSING_PERMISSION'],
    [403, 50028, 'MISSING_PERMISSION'],
    [403, 60003, 'MISSING_PERMISSION'],
  ])('fails permanently on %s/%s with %s', async (status, code, refused) => {
    discord.script(refusal(status, code));
    const { gateway } = setUpGateway(discord.apiBase);

    const failure = await failureOf(gateway.addRole(roleWrite));

    expect(failure).toMatchObject({
      name: 'TerminalError',
      code: refused,
      message: expect.stringMatching(
        new RegExp(
          `^cannot add role ${ROLE} to member ${MEMBER} in guild ${GUILD}: .*\\(status ${status}, code ${code}\\)$`,
        ),
      ),
      cause: expect.objectContaining({ message: 'in words' }),
    });
    expect(sent()).toHaveLength(1);
  });

  it('sends nothing if an id could lead to another path', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    const member = { ...target, discordUserId: '../../users/1' };

    const failure = await failureOf(gateway.addRole({ ...roleWrite, member }));

    expect(failure).toMatchObject({ name: 'TerminalError', code: 'REFUSED' });
    expect(sent()).toHaveLength(0);
  });
});

describe('a call without a usable response', () => {
  it.each([
    ['a page with 502', { status: 502, body: '<html>bad gateway</html>' }],
    ['Cloudflare’s 522', { status: 522, body: 'error code: 522' }],
    ['a plain 500', { status: 500, body: { message: '500', code: 0 } }],
    ['overload', refusal(503, 130000)],
    ['a page with 400', { status: 400, body: '<html>' }],
    ['a dropped connection', { manner: 'drop' }],
  ] as const)('is sent exactly once: %s', async (_, reply) => {
    discord.script(reply);
    const { gateway } = setUpGateway(discord.apiBase);

    const failure = await failureOf(gateway.addRole(roleWrite));

    expect(failure.name).toBe('UnavailableError');
    expect(sent()).toHaveLength(1);
  });

  it.each(['silence', 'stall'] as const)(
    'ends in time when Discord responds with %s',
    async (manner) => {
      discord.script({ manner, body: { half: 'the response' } });
      const { gateway } = setUpGateway(discord.apiBase, { timeoutMs: 250 });

      const failure = await failureOf(gateway.readMember(target));

      expect(failure).toMatchObject({
        name: 'UnavailableError',
        message: expect.stringContaining('no response in time'),
      });
      expect(sent()).toHaveLength(1);
    },
  );

  it('fails with RetryLaterError if the connector is stopping', async () => {
    discord.script({ manner: 'hold', status: 204 });
    const { gateway } = setUpGateway(discord.apiBase);
    const calls = [gateway.addRole(roleWrite), gateway.addRole(roleWrite)];
    const failures = Promise.all(calls.map(failureOf));
    await expect.poll(() => discord.held()).toBe(1);

    await gateway.stop();

    for (const failure of await failures) {
      expect(failure).toMatchObject({
        name: 'RetryLaterError',
        message: expect.stringContaining('the connector is stopping'),
      });
    }
    expect(sent()).toHaveLength(1);
    expect(await failureOf(gateway.readMember(target))).toMatchObject({
      name: 'RetryLaterError',
    });
    discord.release();
  });

  it('does not follow a redirect, and does not count it as success', async () => {
    const headers = { location: `${discord.apiBase}/users/@me` };
    discord.script({ status: 302, headers }, { status: 204 });
    const { gateway } = setUpGateway(discord.apiBase);

    const failure = await failureOf(gateway.addRole(roleWrite));

    expect(failure).toMatchObject({
      name: 'UnavailableError',
      message: expect.stringContaining('redirects are not followed'),
    });
    expect(sent()).toHaveLength(1);
  });

  it('names the refused connection if nothing listens at the address', async () => {
    const nobody = await startScriptedDiscord();
    await nobody.stop();

    const { gateway } = setUpGateway(nobody.apiBase);

    expect(await failureOf(gateway.addRole(roleWrite))).toMatchObject({
      name: 'UnavailableError',
      message: expect.stringContaining('ECONNREFUSED'),
      cause: expect.objectContaining({ code: 'ECONNREFUSED' }),
    });
  });
});

describe('a call observer', () => {
  it('receives each sent call with its route template', async () => {
    discord.script({ status: 204 }, { manner: 'drop' });
    const seen: ObservedCall[] = [];
    const { gateway, logs } = setUpGateway(discord.apiBase, {
      onCall: (call) => seen.push(call),
    });

    await gateway.addRole(roleWrite);
    await failureOf(gateway.removeRole(roleWrite));

    const route = '/guilds/{guild_id}/members/{user_id}/roles/{role_id}';
    const { discordUserId } = roleWrite.member;
    const whose = {
      clientId: 'client-1',
      ids: { guildId: GUILD, discordUserId, roleId: ROLE },
    };
    expect(seen).toEqual([
      { ...whose, method: 'PUT', route, status: 204, durationMs: 0 },
      { ...whose, method: 'DELETE', route, status: null, durationMs: 0 },
    ]);
    expect(logs[0]).toMatchObject({
      level: 'debug',
      fields: { clientId: 'client-1', guildId: GUILD, roleId: ROLE },
    });
  });
});
