import { request } from 'node:http';

import { describe, expect, it } from 'vitest';

import { press, readState } from './page-calls.js';
import {
  ANNA,
  anna,
  BOT_ROLE,
  COUNCIL,
  GUILD,
  memberPath,
  memberRolePath,
  MINER,
  OWNER,
  owner,
  PILOT,
  startSandbox,
  TOKEN,
} from './small-world.js';

describe('the page', () => {
  it('is one file that can load nothing and run only its own script', async () => {
    const { url } = await startSandbox();

    const response = await fetch(url);
    const html = await response.text();

    expect(response.status).toBe(200);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/script-src 'sha256-[^']+';/);
    expect(policy).not.toContain('unsafe');
    expect(html).not.toMatch(/(src|href)=/);
    expect(html).not.toContain('innerHTML');
    expect(html).not.toMatch(/ style="| on\w+="/);
  });

  it('contains nothing of the world, so that no name can become markup', async () => {
    const { url } = await startSandbox({
      world: {
        users: [{ discordUserId: ANNA, username: '<img src=x onerror=alert(1)>' }],
      },
    });

    const html = await (await fetch(url)).text();
    const response = await fetch(`${url}/sandbox/state`);

    expect(html).not.toContain('alert(1)');
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.text()).toContain('alert(1)');
  });

  it('receives members, roles with the position of the bot, audit log, calls and buckets, and no secret', async () => {
    const { call, url } = await startSandbox({ limits: {} });
    await call('PUT', memberRolePath(ANNA, MINER), { reason: 'joined Miners' });

    const state = await readState(url);

    expect(state.guild.members.map((one: { name: string }) => one.name)).toEqual([
      'connector',
      'olga',
      'Anna',
      'carl',
    ]);
    expect(state.guild.roles.map((one: { roleId: string }) => one.roleId).slice(0, 3)).toEqual([
      COUNCIL,
      BOT_ROLE,
      PILOT,
    ]);
    expect(state.guild.roles[0]).toMatchObject({ isInReach: false, bots: [] });
    expect(state.guild.roles[1]).toMatchObject({
      isManaged: true,
      bots: ['Connector'],
    });
    expect(state.guild.roles[2]).toMatchObject({ isInReach: true, holders: 2 });
    expect(state.guild.auditLog[0]).toMatchObject({
      actor: 'connector',
      target: 'Anna',
      reason: 'joined Miners',
      changes: [{ key: '$add', after: 'Miner' }],
    });
    expect(state.calls[0]).toMatchObject({
      status: 204,
      inWords: '/members/Anna/roles/Miner',
    });
    expect(state.buckets).toContainEqual(
      expect.objectContaining({ name: 'memberRoles', remaining: 9, limit: 10 }),
    );
    expect(JSON.stringify(state)).not.toContain(TOKEN);
  });

  it('keeps a deprecated version of the API visible', async () => {
    const { call, url } = await startSandbox();
    await call('GET', `/api/v7${memberPath(ANNA)}`);
    await call('GET', `/api${memberPath(ANNA)}`);

    const { calls } = await readState(url);

    expect(calls.map((one: { inWords: string }) => one.inWords)).toEqual([
      '/api/members/Anna',
      '/api/v7/members/Anna',
    ]);
  });

  it('names accounts in calls that concern no guild', async () => {
    const { call, url } = await startSandbox();
    await call('GET', `/api/v10/users/${ANNA}`);

    const { calls } = await readState(url);

    expect(calls[0]).toMatchObject({ inWords: '/users/Anna' });
  });

  it('finds members by name', async () => {
    const { url } = await startSandbox();

    const state = await readState(url, '?search=ANN');

    expect(state.guild).toMatchObject({
      memberCount: 4,
      foundCount: 1,
      members: [{ discordUserId: ANNA }],
    });
  });

  it('is notified of changes', async () => {
    const { url, call } = await startSandbox();
    const leaving = new AbortController();
    const response = await fetch(`${url}/sandbox/events`, {
      signal: leaving.signal,
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();

    const hello = await reader?.read();
    await call('PUT', memberRolePath(ANNA, MINER));
    const changed = await reader?.read();
    leaving.abort();

    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect([hello?.value, changed?.value]).toEqual(['data: hello\n\n', 'data: changed\n\n']);
  });
});

describe('a foreign host name for this machine', () => {
  it.each(['/', '/sandbox/state', '/sandbox/events'])('receives nothing at %s', async (path) => {
    const { url } = await startSandbox();

    const status = await new Promise((resolve, reject) => {
      request(url + path, { headers: { Host: 'rebound.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });

    expect(status).toBe(403);
  });
});

describe('a button', () => {
  it.each([
    ['gives a role', { action: 'giveRole', ...anna, roleId: MINER }, { roleIds: [PILOT, MINER] }],
    ['takes a role', { action: 'takeRole', ...anna, roleId: PILOT }, { roleIds: [] }],
    ['renames', { action: 'setNick', ...anna, nick: 'New' }, { nick: 'New' }],
  ])('%s', async (_name, action, expected) => {
    const { url, sandbox } = await startSandbox();

    const response = await press(url, 'actions', action);

    expect(response.status).toBe(200);
    expect(sandbox.member(GUILD, ANNA)).toMatchObject(expected);
  });

  it.each(['kick', 'ban', 'leave'])('removes a member: %s', async (action) => {
    const { url, sandbox } = await startSandbox();

    await press(url, 'actions', { action, ...anna });

    expect(sandbox.member(GUILD, ANNA)).toBeUndefined();
    await press(url, 'actions', { action: 'unban', ...anna });
    await press(url, 'actions', { action: 'join', ...anna });
    expect(sandbox.member(GUILD, ANNA)).toBeDefined();
  });

  it('moves and deletes roles', async () => {
    const { url, sandbox } = await startSandbox();
    const namesByPlace = () =>
      sandbox
        .guild(GUILD)
        .roles.toSorted((a, b) => a.position - b.position)
        .map((role) => role.name);

    await press(url, 'actions', {
      action: 'moveRole',
      guildId: GUILD,
      roleId: MINER,
      position: 5,
    });
    await press(url, 'actions', {
      action: 'deleteRole',
      guildId: GUILD,
      roleId: COUNCIL,
    });

    expect(namesByPlace()).toEqual(['@everyone', 'Booster', 'Pilot', 'Connector', 'Miner']);
  });

  it('plants faults and clears them', async () => {
    const { url, call, sandbox } = await startSandbox();

    await press(url, 'faults', {
      effect: { kind: 'status', status: 503 },
      method: 'GET',
      times: null,
    });
    const met = await call('GET', memberPath(ANNA));
    await press(url, 'faults/clear', {});

    expect(met.status).toBe(503);
    expect(sandbox.faults.list()).toEqual([]);
  });

  it.each([
    ['no action', 'actions', { action: 'explode' }],
    ['an id in words', 'actions', { action: 'kick', guildId: GUILD, discordUserId: 'Anna' }],
    [
      'a member who is not there',
      'actions',
      { action: 'kick', guildId: GUILD, discordUserId: '1' },
    ],
    ['no fault', 'faults', { effect: { kind: 'magic' } }],
    ['a status that HTTP does not have', 'faults', { effect: { kind: 'status', status: 99 } }],
    ['nothing', 'nothing', {}],
  ])('that requests %s is refused with a sentence', async (_name, path, body) => {
    const { url, sandbox } = await startSandbox();
    const before = sandbox.world();

    const response = await press(url, path, body);

    expect(response.status).toBe(400);
    expect((await response.json()).message).toBeTypeOf('string');
    expect(sandbox.world()).toEqual(before);
    expect(sandbox.faults.list()).toEqual([]);
  });

  it.each([
    ['another origin', { Origin: 'https://evil.example' }, 403],
    ['another port of this machine', { Origin: 'http://127.0.0.1:1' }, 403],
    ['a site the browser calls foreign', { 'Sec-Fetch-Site': 'cross-site' }, 403],
    ['a form', { 'Content-Type': 'text/plain' }, 415],
  ])('cannot be pressed from %s', async (_name, headers, status) => {
    const { url, sandbox } = await startSandbox();

    const response = await press(url, 'actions', { action: 'kick', ...anna }, headers);

    expect(response.status).toBe(status);
    expect(sandbox.member(GUILD, ANNA)).toBeDefined();
  });

  it('can be pressed from the page itself', async () => {
    const { url, sandbox } = await startSandbox();

    const response = await press(
      url,
      'actions',
      { action: 'kick', ...anna },
      { Origin: url, 'Sec-Fetch-Site': 'same-origin' },
    );

    expect(response.status).toBe(200);
    expect(sandbox.member(GUILD, ANNA)).toBeUndefined();
  });

  it("is not part of Discord's API", async () => {
    const { call, sandbox } = await startSandbox();

    const { status } = await call('POST', '/sandbox/actions', {
      body: { action: 'kick', ...owner },
    });

    expect(status).toBe(404);
    expect(sandbox.member(GUILD, OWNER)).toBeDefined();
  });
});
