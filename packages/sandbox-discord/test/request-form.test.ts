import { request } from 'node:http';

import { describe, expect, it } from 'vitest';

import {
  ANNA,
  fieldError,
  GUILD,
  memberPath,
  memberRolePath,
  PILOT,
  sandboxes,
  TOKEN,
} from './small-world.js';

const start = sandboxes();

describe('who asks', () => {
  it.each([
    ['no token', ''],
    ['a wrong token', 'Bot wrong'],
    ['a token without its scheme', TOKEN],
    ['a bot token called Bearer', `Bearer ${TOKEN}`],
  ])('is refused with %s', async (_name, authorization) => {
    const { call } = await start();

    const { status, body } = await call('GET', '/users/@me', {
      headers: { Authorization: authorization },
    });

    expect(status).toBe(401);
    expect(body).toEqual({ message: '401: Unauthorized', code: 0 });
  });

  it('must name a user agent', async () => {
    const { apiBase } = await start();
    const withoutUserAgent = new Promise<{
      status: number | undefined;
      text: string;
    }>((resolve, reject) => {
      request(
        `${apiBase}/users/@me`,
        { headers: { Authorization: `Bot ${TOKEN}` } },
        (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () => resolve({ status: response.statusCode, text }));
        },
      )
        .on('error', reject)
        .end();
    });

    const { status, text } = await withoutUserAgent;

    expect(status).toBe(403);
    expect(JSON.parse(text)).toMatchObject({ code: 40333 });
  });
});

describe('a path', () => {
  it.each(['/api/v10/users/@me', '/api/v9/users/@me'])('is known at %s', async (path) => {
    const { call } = await start();

    expect((await call('GET', path)).status).toBe(200);
  });

  it.each(['/api/users/@me', '/api/v6/users/@me', '/api/v11/users/@me'])(
    'is of no known version at %s',
    async (path) => {
      const { call } = await start();

      const { status, body } = await call('GET', path);

      expect([status, body.code]).toEqual([400, 50041]);
    },
  );

  it('that leads nowhere is 404, one that knows other methods 405', async () => {
    const { call } = await start();

    const nowhere = await call('GET', `/guilds/${GUILD}/elephants`);
    const otherMethod = await call('POST', memberPath(ANNA), { body: {} });

    expect([nowhere.status, nowhere.body]).toEqual([404, { message: '404: Not Found', code: 0 }]);
    expect([otherMethod.status, otherMethod.body]).toEqual([
      405,
      { message: '405: Method Not Allowed', code: 0 },
    ]);
  });

  it.each(['abc', '12x', '0123'])('takes no id like %s', async (value) => {
    const { call } = await start();

    const reply = await call('PUT', memberRolePath(ANNA, value));

    expect([reply.status, reply.body.code]).toEqual([400, 50035]);
    expect(fieldError(reply, 'role_id')).toBe('NUMBER_TYPE_COERCE');
  });
});

describe('a body', () => {
  it('must say that it is JSON', async () => {
    const { call, sandbox } = await start();

    const { status, body } = await call('PATCH', memberPath(ANNA), {
      rawBody: '{"nick":"New"}',
      headers: { 'Content-Type': 'text/plain' },
    });

    expect([status, body.code]).toEqual([400, 50035]);
    expect(sandbox.member(GUILD, ANNA)?.nick).toBeNull();
  });

  it.each(['{"nick":', ''])('must be JSON: %j is not', async (rawBody) => {
    const { call } = await start();

    const { status, body } = await call('PATCH', memberPath(ANNA), { rawBody });

    expect([status, body.code]).toEqual([400, 50109]);
  });

  it.each(['[]', '"nick"', 'null'])('must be an object: %s is not', async (rawBody) => {
    const { call } = await start();

    const { status, body } = await call('PATCH', memberPath(ANNA), {
      rawBody,
    });

    expect([status, body.code]).toEqual([400, 50035]);
  });

  it('has all its faulty fields named at once', async () => {
    const { call } = await start();

    const reply = await call('PATCH', memberPath(ANNA), {
      body: { nick: 5, roles: 'Pilot', mute: 'yes', flags: 0.5 },
    });

    expect(reply.body.message).toBe('Invalid Form Body');
    expect(['nick', 'roles', 'mute', 'flags'].map((field) => fieldError(reply, field))).toEqual([
      'STRING_TYPE_CONVERT',
      'LIST_TYPE_CONVERT',
      'BOOLEAN_TYPE_CONVERT',
      'NUMBER_TYPE_COERCE',
    ]);
  });

  it('may name fields that nobody knows', async () => {
    const { call } = await start();

    expect((await call('PATCH', memberPath(ANNA), { body: { hat: 'red' } })).status).toBe(200);
  });
});

describe('an audit reason', () => {
  it('may be 512 characters of any script, and no more', async () => {
    const { call, sandbox } = await start();

    const long = await call('DELETE', memberRolePath(ANNA, PILOT), {
      reason: 'ж'.repeat(513),
    });
    const fits = await call('DELETE', memberRolePath(ANNA, PILOT), {
      reason: 'ж'.repeat(512),
    });

    expect([long.status, long.body.code]).toEqual([400, 50035]);
    expect(fits.status).toBe(204);
    expect(sandbox.guild(GUILD).auditLog.map((entry) => entry.reason)).toEqual(['ж'.repeat(512)]);
  });
});
