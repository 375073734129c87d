import { request } from 'node:http';

import { describe, expect, it } from 'vitest';

import {
  ANNA,
  fieldError,
  GUILD,
  memberPath,
  memberRolePath,
  MINER,
  PILOT,
  startSandbox,
  TOKEN,
} from './small-world.js';

describe('who asks', () => {
  it.each([
    ['no token', ''],
    ['a wrong token', 'Bot wrong'],
    ['a token without its scheme', TOKEN],
    ['a bot token called Bearer', `Bearer ${TOKEN}`],
  ])('is refused with %s', async (_name, authorization) => {
    const { call } = await startSandbox();

    const { status, body } = await call('GET', '/users/@me', {
      headers: { Authorization: authorization },
    });

    expect(status).toBe(401);
    expect(body).toEqual({ message: '401: Unauthorized', code: 0 });
  });

  it('must name a user agent', async () => {
    const { apiBase } = await startSandbox();
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
  it('that leads nowhere is 404, one that knows other methods 405', async () => {
    const { call } = await startSandbox();

    const nowhere = await call('GET', `/guilds/${GUILD}/elephants`);
    const otherMethod = await call('POST', memberPath(ANNA), { body: {} });

    expect([nowhere.status, nowhere.body]).toEqual([404, { message: '404: Not Found', code: 0 }]);
    expect([otherMethod.status, otherMethod.body]).toEqual([
      405,
      { message: '405: Method Not Allowed', code: 0 },
    ]);
  });

  it.each(['abc', '12x', '0123'])('takes no id like %s', async (value) => {
    const { call } = await startSandbox();

    const reply = await call('PUT', memberRolePath(ANNA, value));

    expect([reply.status, reply.body.code]).toEqual([400, 50035]);
    expect(fieldError(reply, 'role_id')).toBe('NUMBER_TYPE_COERCE');
  });
});

describe('a body', () => {
  it('must say that it is JSON', async () => {
    const { call, sandbox } = await startSandbox();

    const { status, body } = await call('PATCH', memberPath(ANNA), {
      rawBody: '{"nick":"New"}',
      headers: { 'Content-Type': 'text/plain' },
    });

    expect([status, body.code]).toEqual([400, 50035]);
    expect(sandbox.member(GUILD, ANNA)?.nick).toBeNull();
  });

  it.each(['{"nick":', ''])('must be JSON: %j is not', async (rawBody) => {
    const { call } = await startSandbox();

    const { status, body } = await call('PATCH', memberPath(ANNA), { rawBody });

    expect([status, body.code]).toEqual([400, 50109]);
  });

  it.each(['[]', '"nick"', 'null'])('must be an object: %s is not', async (rawBody) => {
    const { call } = await startSandbox();

    const { status, body } = await call('PATCH', memberPath(ANNA), {
      rawBody,
    });

    expect([status, body.code]).toEqual([400, 50035]);
  });

  it('has all its faulty fields named at once', async () => {
    const { call } = await startSandbox();

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
    const { call } = await startSandbox();

    expect((await call('PATCH', memberPath(ANNA), { body: { hat: 'red' } })).status).toBe(200);
  });
});

describe('an id in a body', () => {
  it.each([
    ['roles', `{"roles":[${MINER},"${PILOT}"]}`],
    ['roles', `{"roles": [ ${PILOT} , ${MINER} ] }`],
  ])('may be a JSON number, of which no digit is lost: %s in %s', async (_field, rawBody) => {
    const { call, sandbox } = await startSandbox();

    const { status, body } = await call('PATCH', memberPath(ANNA), { rawBody });

    expect(status).toBe(200);
    expect(body.roles.toSorted()).toEqual([PILOT, MINER]);
    expect(sandbox.member(GUILD, ANNA)?.roleIds.toSorted()).toEqual([PILOT, MINER]);
  });

  it('is the same role as a number and as a string', async () => {
    const { call } = await startSandbox();

    const reply = await call('PATCH', memberPath(ANNA), {
      rawBody: `{"roles":[${MINER},"${MINER}"]}`,
    });

    expect(fieldError(reply, 'roles')).toBe('SET_TYPE_ALREADY_CONTAINS_VALUE');
  });

  it.each(['-400000000000000004', '4.5', '4e17', 'true', '[]', '99999999999999999999999'])(
    'is no id as %s',
    async (value) => {
      const { call, sandbox } = await startSandbox();

      const reply = await call('PATCH', memberPath(ANNA), { rawBody: `{"roles":[${value}]}` });

      expect([reply.status, reply.body.code]).toEqual([400, 50035]);
      expect(fieldError(reply, 'roles.0')).toBe('NUMBER_TYPE_COERCE');
      expect(sandbox.member(GUILD, ANNA)?.roleIds).toEqual([PILOT]);
    },
  );

  it('does not make large numbers valid as other values', async () => {
    const { call } = await startSandbox();

    const reply = await call('PATCH', memberPath(ANNA), {
      rawBody: '{"nick":400000000000000004,"flags":400000000000000004,"mute":400000000000000004}',
    });

    expect(['nick', 'flags', 'mute'].map((field) => fieldError(reply, field))).toEqual([
      'STRING_TYPE_CONVERT',
      'NUMBER_TYPE_MAX',
      'BOOLEAN_TYPE_CONVERT',
    ]);
  });

  it.each([
    ['a list of roles to move', 'PATCH', `/guilds/${GUILD}/roles`, `[{"id":${MINER}}]`],
    ['a list of accounts to ban', 'POST', `/guilds/${GUILD}/bulk-ban`, `{"user_ids":[${ANNA}]}`],
  ])('may be a number in %s too', async (_name, method, path, rawBody) => {
    const { call } = await startSandbox({ guild: { botPermissions: 8n } });

    expect((await call(method, path, { rawBody })).status).toBe(200);
  });
});

describe('a boolean in the query', () => {
  const paths = [`/guilds/${GUILD}`, '/users/@me/guilds', '/invites/example'];
  const invites = [{ code: 'example', guildId: GUILD }];
  const read = async (path: string, value: string) => {
    const { call } = await startSandbox({ world: { invites } });
    return call('GET', `${path}?with_counts=${value}`);
  };

  it.each(paths.flatMap((path) => ['true', 'True', '1'].map((value) => [path, value] as const)))(
    'of %s is true as %s',
    async (path, value) => {
      const { text } = await read(path, value);

      expect(text).toContain('"approximate_member_count":4');
    },
  );

  it.each(paths.flatMap((path) => ['false', 'False', '0'].map((value) => [path, value] as const)))(
    'of %s is false as %s',
    async (path, value) => {
      const { status, text } = await read(path, value);

      expect(status).toBe(200);
      expect(text).not.toContain('approximate_member_count');
    },
  );

  it.each(paths.flatMap((path) => ['yes', 'TRUE', '2', ''].map((value) => [path, value] as const)))(
    'of %s is refused as %j',
    async (path, value) => {
      const reply = await read(path, value);

      expect([reply.status, reply.body.code]).toEqual([400, 50035]);
      expect(fieldError(reply, 'with_counts')).toBe('BOOLEAN_TYPE_CONVERT');
    },
  );
});

describe('an audit reason', () => {
  it('may be 512 characters of any script, and no more', async () => {
    const { call, sandbox } = await startSandbox();

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
