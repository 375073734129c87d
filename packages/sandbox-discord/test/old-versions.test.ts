import { describe, expect, it } from 'vitest';

import {
  ANNA,
  BOT,
  BOT_PERMISSIONS,
  BOT_ROLE,
  GUILD,
  memberPath,
  memberRolePath,
  MINER,
  startSandbox,
} from './small-world.js';

const permissions = BOT_PERMISSIONS | (1n << 40n);
const allowed = { guild: { botPermissions: permissions } };
const numeric = Number(BOT_PERMISSIONS);
const OLD = ['/api/v6', '/api/v7', '/api'];

describe('a version of the API', () => {
  it.each(['/api/v10', '/api/v9', '/api/v8', '/api/v7', '/api/v6', '/api'])(
    'that is not discontinued answers at %s',
    async (base) => {
      const { call } = await startSandbox();

      const read = await call('GET', `${base}/users/@me`);
      const granted = await call('PUT', base + memberRolePath(ANNA, MINER));
      const nowhere = await call('GET', `${base}/elephants`);

      expect([read.status, read.body.id]).toEqual([200, BOT]);
      expect(granted.status).toBe(204);
      expect([nowhere.status, nowhere.body.code]).toEqual([404, 0]);
    },
  );

  it.each(['/api/v5', '/api/v3', '/api/v11', '/api/v0'])(
    'that is discontinued or unknown is refused at %s',
    async (base) => {
      const { call } = await startSandbox();

      const { status, body } = await call('GET', `${base}/users/@me`);

      expect([status, body.code]).toEqual([400, 50041]);
    },
  );

  it('counts against the same limits as every other', async () => {
    const { call } = await startSandbox({ limits: {} });

    const first = await call('GET', `/api/v10${memberPath(ANNA)}`);
    const second = await call('GET', `/api/v6${memberPath(ANNA)}`);

    expect(first.headers.get('x-ratelimit-remaining')).toBe('4');
    expect(second.headers.get('x-ratelimit-remaining')).toBe('3');
  });
});

describe('versions 6 and 7, and none', () => {
  it.each(OLD)('write permissions as a number and in full beside it: %s', async (base) => {
    const { call } = await startSandbox(allowed);

    const role = await call('GET', `${base}/guilds/${GUILD}/roles/${BOT_ROLE}`);
    const guild = await call('GET', `${base}/guilds/${GUILD}`);
    const own = await call('GET', `${base}/users/@me/guilds`);

    const both = { permissions: numeric, permissions_new: String(permissions) };
    expect(role.body).toMatchObject(both);
    expect(guild.body.roles).toContainEqual(expect.objectContaining(both));
    expect(own.list[0]).toMatchObject(both);
  });

  it('differ from 8, which writes text as today', async () => {
    const { call } = await startSandbox(allowed);

    const { body } = await call('GET', `/api/v8/guilds/${GUILD}/roles/${BOT_ROLE}`);

    expect(body.permissions).toBe(String(permissions));
    expect(body).not.toHaveProperty('permissions_new');
  });

  it.each(OLD)('count the time to wait in milliseconds: %s', async (base) => {
    const { call } = await startSandbox({
      limits: { memberGet: { limit: 1, windowMs: 60_000, window: 'fixed' } },
    });
    const path = base + memberPath(ANNA);
    await call('GET', path);

    const { status, headers, body } = await call('GET', path);

    const retryAfterMs = Number(headers.get('retry-after'));
    expect(status).toBe(429);
    expect(retryAfterMs).toBeGreaterThan(10_000);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
    expect(body.retry_after).toBe(retryAfterMs);
  });

  it('round the headers of a limit to seconds unless more precision is asked for', async () => {
    const { call } = await startSandbox({
      limits: { memberGet: { limit: 5, windowMs: 1000, window: 'sliding' } },
    });
    const path = `/api/v7${memberPath(ANNA)}`;

    const rounded = await call('GET', path);
    const precise = await call('GET', path, {
      headers: { 'X-RateLimit-Precision': 'millisecond' },
    });

    expect(rounded.headers.get('x-ratelimit-reset')).toMatch(/^\d+$/);
    expect(rounded.headers.get('x-ratelimit-reset-after')).toBe('1');
    expect(precise.headers.get('x-ratelimit-reset-after')).toMatch(/^0\.\d{3}$/);
  });

  it('name the faults of a body, 6 without codes', async () => {
    const { call } = await startSandbox();
    const body = { nick: 5, roles: ['Pilot'] };

    const six = await call('PATCH', `/api/v6${memberPath(ANNA)}`, { body });
    const whole = await call('PATCH', `/api/v6${memberPath(ANNA)}`, { body: [] });
    const seven = await call('PATCH', `/api/v7${memberPath(ANNA)}`, { body });
    const refused = await call('GET', `/api/v6${memberPath('300000000000000999')}`);

    expect([six.status, six.body]).toEqual([
      400,
      {
        nick: ['Could not interpret value as string.'],
        roles: { 0: ['Value "Pilot" is not snowflake.'] },
      },
    ]);
    expect(whole.body).toEqual({ _misc: ['Only dictionaries may be used in a DictType'] });
    expect(seven.body).toMatchObject({ code: 50035, message: 'Invalid Form Body' });
    expect(refused.body).toEqual({ code: 10013, message: 'Unknown User' });
  });

  it('pass on answers that are not JSON as they are', async () => {
    const { call, sandbox } = await startSandbox();
    sandbox.faults.plant({ effect: { kind: 'cloudflareLimit', retryAfterMs: 5000 } });

    const { status, headers, text } = await call('GET', '/api/v6/users/@me');

    expect([status, headers.get('retry-after')]).toEqual([429, '5']);
    expect(text).toContain('cloudflare');
  });
});
