import { describe, expect, it } from 'vitest';

import { DEFAULT_LIMITS, scaleLimits } from '../src/limits.js';
import {
  ANNA,
  GUILD,
  memberPath,
  memberRolePath,
  MINER,
  OWNER,
  PILOT,
  type Reply,
  smallGuild,
  standingClock,
  type StartOptions,
  startSandbox,
} from './small-world.js';

const OTHER_GUILD = '100000000000000002';

/** Discord's usual limits, under a clock that the test moves. */
const startLimited = async (limits: StartOptions['limits'] = {}) => {
  const { clock, advance } = standingClock();
  const world = { guilds: [smallGuild(), smallGuild({ guildId: OTHER_GUILD })] };
  return { advance, ...(await startSandbox({ world, limits, clock })) };
};

async function repeat(times: number, call: () => Promise<Reply>): Promise<Reply[]> {
  const replies: Reply[] = [];
  for (let index = 0; index < times; index += 1) replies.push(await call());
  return replies;
}

const allowedOf = (replies: readonly Reply[]) => replies.filter((one) => one.status !== 429).length;

describe('a limited route', () => {
  it('tells its bucket with every answer', async () => {
    const { call } = await startLimited();

    const first = await call('PUT', memberRolePath(ANNA, MINER));
    const second = await call('PUT', memberRolePath(ANNA, '400000000000000099'));

    expect(first.headers.get('x-ratelimit-limit')).toBe('10');
    expect(first.headers.get('x-ratelimit-remaining')).toBe('9');
    expect(first.headers.get('x-ratelimit-reset-after')).toBe('10.000');
    expect(first.headers.get('x-ratelimit-reset')).toBe('1700000010.000');
    expect(first.headers.get('x-ratelimit-bucket')).toMatch(/^[0-9a-f]{32}$/);
    expect(second.status).toBe(404);
    expect(second.headers.get('x-ratelimit-remaining')).toBe('8');
  });

  it('refuses with 429, says for how long, and does nothing', async () => {
    const { call, sandbox, advance } = await startLimited();
    await repeat(10, () => call('PUT', memberRolePath(ANNA, PILOT)));
    advance(2500);

    const { status, headers, body } = await call('PUT', memberRolePath(ANNA, MINER));

    expect(status).toBe(429);
    expect(body).toMatchObject({ retry_after: 7.5, global: false });
    expect(headers.get('retry-after')).toBe('8');
    expect(headers.get('x-ratelimit-scope')).toBe('user');
    expect(headers.get('x-ratelimit-global')).toBeNull();
    expect(headers.get('x-ratelimit-remaining')).toBe('0');
    expect(sandbox.member(GUILD, ANNA)?.roleIds).toEqual([PILOT]);
  });

  it.each([
    [
      'role writes, all at once after ten seconds',
      () => ['PUT', memberRolePath(ANNA, PILOT)],
      9_999,
      0,
    ],
    [
      'role writes, all at once after ten seconds',
      () => ['PUT', memberRolePath(ANNA, PILOT)],
      10_000,
      10,
    ],
    ['member changes, one a second', () => ['PATCH', memberPath(ANNA)], 3_000, 3],
    ['reads of a member, one each 200 ms', () => ['GET', memberPath(ANNA)], 400, 2],
  ])('gives back %s (after %s)', async (_name, target, waitMs, expected) => {
    const { call, advance } = await startLimited();
    const [method = '', path = ''] = target();
    const ask = () => call(method, path, method === 'PATCH' ? { body: {} } : {});

    const burst = await repeat(12, ask);
    advance(waitMs);
    const later = await repeat(12, ask);

    expect(allowedOf(burst)).toBe(method === 'GET' ? 5 : 10);
    expect(allowedOf(later)).toBe(expected);
  });

  it('shares its bucket between giving and taking roles, not with changing members', async () => {
    const { call } = await startLimited();

    const given = await call('PUT', memberRolePath(ANNA, MINER));
    const taken = await call('DELETE', memberRolePath(OWNER, MINER));
    const changed = await call('PATCH', memberPath(ANNA), { body: {} });

    const bucketOf = (reply: Reply) => reply.headers.get('x-ratelimit-bucket');
    expect(bucketOf(taken)).toBe(bucketOf(given));
    expect(taken.headers.get('x-ratelimit-remaining')).toBe('8');
    expect(bucketOf(changed)).not.toBe(bucketOf(given));
    expect(changed.headers.get('x-ratelimit-remaining')).toBe('9');
  });

  it('can be given a bucket for taking alone', async () => {
    const { call } = await startLimited({
      memberRolesDelete: { limit: 3, windowMs: 1000, window: 'fixed' },
    });

    await call('PUT', memberRolePath(ANNA, MINER));
    const taken = await call('DELETE', memberRolePath(ANNA, MINER));

    expect(taken.headers.get('x-ratelimit-limit')).toBe('3');
    expect(taken.headers.get('x-ratelimit-remaining')).toBe('2');
  });

  it('counts each guild for itself, under the same bucket name', async () => {
    const { call } = await startLimited();
    const elsewhere = memberRolePath(ANNA, PILOT).replace(GUILD, OTHER_GUILD);

    const here = await repeat(11, () => call('PUT', memberRolePath(ANNA, PILOT)));
    const there = await call('PUT', elsewhere);

    expect(allowedOf(here)).toBe(10);
    expect(there.headers.get('x-ratelimit-remaining')).toBe('9');
    expect(there.headers.get('x-ratelimit-bucket')).toBe(
      here[0]?.headers.get('x-ratelimit-bucket'),
    );
  });
});

describe('the global limit', () => {
  it('is fifty a second over all routes and guilds', async () => {
    const { call, advance } = await startLimited();

    const burst = await repeat(50, () => call('GET', `/guilds/${GUILD}/roles`));
    const { status, headers, body } = await call('GET', '/users/@me');
    advance(1000);
    const later = await call('GET', '/users/@me');

    expect(allowedOf(burst)).toBe(50);
    expect(status).toBe(429);
    expect(body).toMatchObject({ global: true, retry_after: 1 });
    expect(headers.get('x-ratelimit-global')).toBe('true');
    expect(headers.get('x-ratelimit-scope')).toBe('global');
    expect(later.status).toBe(200);
  });
});

describe('limits', () => {
  it('can be lifted, all or one', async () => {
    const none = await startSandbox({ limits: null });
    const one = await startLimited({ memberGet: null });

    const free = await repeat(60, () => none.call('PUT', memberRolePath(ANNA, PILOT)));
    const reads = await repeat(20, () => one.call('GET', memberPath(ANNA)));
    const writes = await repeat(11, () => one.call('PUT', memberRolePath(ANNA, PILOT)));

    expect(allowedOf(free)).toBe(60);
    expect(free[0]?.headers.get('x-ratelimit-limit')).toBeNull();
    expect(allowedOf(reads)).toBe(20);
    expect(allowedOf(writes)).toBe(10);
  });

  it('can be scaled down in time', async () => {
    const { call, advance } = await startLimited(scaleLimits(DEFAULT_LIMITS, 0.1));
    await repeat(10, () => call('PUT', memberRolePath(ANNA, PILOT)));

    advance(1000);
    const { status, headers } = await call('PUT', memberRolePath(ANNA, PILOT));

    expect(status).toBe(204);
    expect(headers.get('x-ratelimit-reset-after')).toBe('1.000');
  });
});

describe('invalid requests', () => {
  it('are the 401, 403 and 429 that are not shared', async () => {
    const { call, sandbox } = await startLimited();
    sandbox.faults.plant({
      effect: { kind: 'sharedLimit', retryAfterMs: 10 },
      times: 2,
    });

    await repeat(2, () => call('GET', memberPath(ANNA)));
    await call('GET', '/users/@me', {
      headers: { Authorization: 'Bot wrong' },
    });
    await call('PATCH', memberPath(OWNER), { body: { nick: 'No' } });
    await call('GET', memberPath('300000000000000999'));
    const reads = await repeat(5, () => call('GET', memberPath(ANNA)));

    expect(allowedOf(reads)).toBe(2);
    expect(sandbox.calls.invalidRequests()).toBe(1 + 1 + 3);
  });

  it('beyond their limit have everything refused as Cloudflare does', async () => {
    const { call, advance } = await startLimited({
      invalidRequests: { limit: 3, windowMs: 600_000, window: 'fixed' },
    });
    await repeat(3, () => call('GET', '/users/@me', { headers: { Authorization: 'Bot wrong' } }));

    const banned = await call('GET', '/users/@me');
    advance(600_000);
    const later = await call('GET', '/users/@me');

    expect(banned.status).toBe(429);
    expect(banned.headers.get('content-type')).toContain('text/html');
    expect(banned.headers.get('x-ratelimit-limit')).toBeNull();
    expect(later.status).toBe(200);
  });
});
