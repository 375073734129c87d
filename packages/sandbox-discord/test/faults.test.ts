import { describe, expect, it } from 'vitest';

import {
  ANNA,
  COUNCILLOR,
  GUILD,
  memberPath,
  memberRolePath,
  MINER,
  PILOT,
  startSandbox,
} from './small-world.js';

const MEMBER = '/guilds/{guild_id}/members/{user_id}';

describe('a planted fault', () => {
  it('answers with a status and a code, once, and nothing is done', async () => {
    const { call, sandbox } = await startSandbox();
    sandbox.faults.plant({
      effect: {
        kind: 'status',
        status: 503,
        code: 130000,
        message: 'overloaded',
      },
    });

    const met = await call('PUT', memberRolePath(ANNA, MINER));
    const untouched = sandbox.member(GUILD, ANNA);
    const next = await call('PUT', memberRolePath(ANNA, MINER));

    expect([met.status, met.body]).toEqual([503, { message: 'overloaded', code: 130000 }]);
    expect(untouched?.roleIds).toEqual([PILOT]);
    expect(next.status).toBe(204);
    expect(sandbox.faults.list()).toEqual([]);
  });

  it.each([
    ['html', { kind: 'html', status: 502 }, 502],
    ['cloudflareLimit', { kind: 'cloudflareLimit' }, 429],
  ] as const)('answers in HTML, without a word of buckets: %s', async (_name, effect, status) => {
    const { call, sandbox } = await startSandbox({ limits: {} });
    sandbox.faults.plant({ effect });

    const reply = await call('GET', memberPath(ANNA));

    expect(reply.status).toBe(status);
    expect(reply.headers.get('content-type')).toContain('text/html');
    expect(reply.headers.get('x-ratelimit-bucket')).toBeNull();
    expect(reply.text).toContain('<html>');
  });

  it('refuses for a shared limit though the bucket is not empty', async () => {
    const { call, sandbox } = await startSandbox({ limits: {} });
    sandbox.faults.plant({
      effect: { kind: 'sharedLimit', retryAfterMs: 1500 },
    });

    const { status, headers, body } = await call('PATCH', memberPath(ANNA), {
      body: {},
    });

    expect(status).toBe(429);
    expect(headers.get('x-ratelimit-scope')).toBe('shared');
    expect(Number(headers.get('x-ratelimit-remaining'))).toBeGreaterThan(0);
    expect(body).toMatchObject({ retry_after: 1.5, global: false });
  });

  it('refuses for the global limit', async () => {
    const { call, sandbox } = await startSandbox();
    sandbox.faults.plant({
      effect: { kind: 'globalLimit', retryAfterMs: 200 },
    });

    const { headers, body } = await call('GET', '/users/@me');

    expect(headers.get('x-ratelimit-global')).toBe('true');
    expect(body).toMatchObject({ retry_after: 0.2, global: true });
  });

  it.each([
    ['before', [PILOT]],
    ['after', [PILOT, MINER]],
  ] as const)('drops the connection %s the change', async (moment, roleIds) => {
    const { call, sandbox } = await startSandbox();
    sandbox.faults.plant({ effect: { kind: 'drop', moment } });

    await expect(call('PUT', memberRolePath(ANNA, MINER))).rejects.toThrow('fetch failed');

    expect(sandbox.member(GUILD, ANNA)?.roleIds).toEqual(roleIds);
    expect(sandbox.calls.recent().at(-1)).toMatchObject({
      status: 0,
      fault: 'drop',
    });
  });

  it.each([
    ['before', [PILOT]],
    ['after', [PILOT, MINER]],
  ] as const)('never answers, %s the change', async (moment, roleIds) => {
    const { sandbox, call } = await startSandbox();
    sandbox.faults.plant({ effect: { kind: 'silence', moment } });
    const arrived = sandbox.calls.waitForCall({ method: 'PUT', status: 0 });

    const unanswered = call('PUT', memberRolePath(ANNA, MINER));
    await arrived;
    const sooner = await Promise.race([unanswered, call('GET', '/users/@me')]);

    expect(sooner.body).toMatchObject({ bot: true });
    expect(sandbox.member(GUILD, ANNA)?.roleIds).toEqual(roleIds);
    await sandbox.stop();
    await expect(unanswered).rejects.toThrow('fetch failed');
  });

  it('makes an answer late, and others are not held up by it', async () => {
    const { call, sandbox } = await startSandbox();
    sandbox.faults.plant({ effect: { kind: 'latency', ms: 150 } });
    const order: string[] = [];

    await Promise.all([
      call('GET', memberPath(ANNA)).then(() => order.push('late')),
      call('GET', memberPath(COUNCILLOR)).then(() => order.push('at once')),
    ]);

    expect(order).toEqual(['at once', 'late']);
  });

  it('loses a write: success is told and audited, nothing is kept', async () => {
    const { call, sandbox } = await startSandbox();
    sandbox.faults.plant({ effect: { kind: 'lostWrite' } });

    const read = await call('GET', memberPath(ANNA));
    const lost = await call('PATCH', memberPath(ANNA), {
      body: { roles: [MINER] },
    });
    const after = await call('GET', memberPath(ANNA));

    expect(read.status).toBe(200);
    expect([lost.status, lost.body.roles]).toEqual([200, [MINER]]);
    expect(after.body.roles).toEqual([PILOT]);
    expect(sandbox.guild(GUILD).auditLog).toHaveLength(1);
  });

  it('reads a member as it was before its last change, alone and in lists', async () => {
    const { call, sandbox } = await startSandbox();
    await call('PUT', memberRolePath(ANNA, MINER));
    sandbox.faults.plant({ effect: { kind: 'staleRead' }, times: 2 });

    const stale = await call('GET', memberPath(ANNA));
    const list = await call('GET', `/guilds/${GUILD}/members?limit=10`);
    const fresh = await call('GET', memberPath(ANNA));

    expect(stale.body.roles).toEqual([PILOT]);
    expect(list.list.find((one) => one.user.id === ANNA)?.roles).toEqual([PILOT]);
    expect(fresh.body.roles).toEqual([PILOT, MINER]);
  });
});

describe('which calls it meets', () => {
  const fail = { kind: 'status', status: 500 } as const;

  it.each([
    ['its method', { method: 'PATCH' }],
    ['its route', { route: MEMBER }],
    ['the beginning of its route', { route: '/guilds/{guild_id}/mem*' }],
    ['its member', { discordUserId: ANNA }],
    ['its guild', { guildId: GUILD }],
  ])('is chosen by %s', async (_name, filter) => {
    const { call, sandbox } = await startSandbox();
    sandbox.faults.plant({ effect: fail, ...filter });

    const other = await call('GET', '/users/@me');
    const met = await call('PATCH', memberPath(ANNA), { body: {} });

    expect([other.status, met.status]).toEqual([200, 500]);
  });

  it.each([
    ['another method', { method: 'PUT' }],
    ['another route', { route: '/guilds/{guild_id}/roles' }],
    ['another member', { discordUserId: COUNCILLOR }],
    ['another guild', { guildId: '100000000000000099' }],
  ])('are not those of %s', async (_name, filter) => {
    const { call, sandbox } = await startSandbox();
    sandbox.faults.plant({ effect: fail, ...filter });

    expect((await call('PATCH', memberPath(ANNA), { body: {} })).status).toBe(200);
    expect(sandbox.faults.list()).toHaveLength(1);
  });

  it('are as many as it was planted for, then the next fault has its turn', async () => {
    const { call, sandbox } = await startSandbox();
    sandbox.faults.plant({ effect: fail, times: 2 });
    sandbox.faults.plant({ effect: { kind: 'status', status: 502 } });

    const statuses: number[] = [];
    for (let index = 0; index < 4; index += 1)
      statuses.push((await call('GET', '/users/@me')).status);

    expect(statuses).toEqual([500, 500, 502, 200]);
  });

  it('are all until it is removed', async () => {
    const { call, sandbox } = await startSandbox();
    const faultId = sandbox.faults.plant({ effect: fail, times: null });

    const first = await call('GET', '/users/@me');
    const second = await call('GET', '/users/@me');
    sandbox.faults.remove(faultId);
    const third = await call('GET', '/users/@me');

    expect([first.status, second.status, third.status]).toEqual([500, 500, 200]);
  });

  it('are chosen by the chance that was passed in', async () => {
    const drawn = [0.9, 0.1, 0.5, 0.49];
    const { call, sandbox } = await startSandbox({ random: () => drawn.shift() ?? 1 });
    sandbox.faults.plant({ effect: fail, times: null, probability: 0.5 });

    const statuses: number[] = [];
    for (let index = 0; index < 4; index += 1)
      statuses.push((await call('GET', '/users/@me')).status);

    expect(statuses).toEqual([200, 500, 200, 500]);
  });
});
