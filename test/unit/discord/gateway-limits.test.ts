import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import {
  startScriptedDiscord,
  type Reply,
  type ScriptedDiscord,
} from '../../fakes/scripted-discord.js';
import {
  failureOf,
  guild,
  memberBody,
  refusal,
  roleWrite,
  setUpGateway,
  startOfTest,
  target,
} from './gateway-setup.js';

let discord: ScriptedDiscord;

// One for each test, because an aborted call may still be in flight.
beforeEach(async () => {
  discord = await startScriptedDiscord();
});
afterEach(() => discord.stop());

const sent = () => discord.requests.length;

const limited = (scope: string, retryAfter: number, more: Record<string, string> = {}) => ({
  status: 429,
  headers: {
    'retry-after': String(Math.ceil(retryAfter)),
    'x-ratelimit-scope': scope,
    ...more,
  },
  body: {
    message: 'slow',
    retry_after: retryAfter,
    global: scope === 'global',
  },
});

const other = { ...target, guildId: '300000000000000004' };

const retryIn = (ms: number) => ({
  name: 'RetryLaterError',
  retryAt: new Date(startOfTest + ms),
});

describe('a 429', () => {
  it('for a bucket delays the calls of that bucket, and no others', async () => {
    const { gateway, advance } = setUpGateway(discord.apiBase);
    discord.script(
      limited('user', 1.5, {
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset-after': '1.5',
      }),
      { body: memberBody() },
    );

    expect(await failureOf(gateway.addRole(roleWrite))).toMatchObject(retryIn(2000));
    advance(500);
    expect(await failureOf(gateway.addRole(roleWrite))).toMatchObject(retryIn(2000));
    expect(await gateway.readMember(target)).toMatchObject({ isPresent: true });
    expect(sent()).toBe(2);
  });

  it('for a shared resource delays its calls without spending the budget of invalid requests', async () => {
    const seen: unknown[] = [];
    const { gateway, advance } = setUpGateway(discord.apiBase, {
      limit: 1,
      onInvalidAnswer: (answer) => seen.push(answer),
    });
    const left = {
      'x-ratelimit-remaining': '4',
      'x-ratelimit-reset-after': '9',
    };
    discord.script(limited('shared', 3, left), { status: 204 });

    expect(await failureOf(gateway.addRole(roleWrite))).toMatchObject(retryIn(3000));
    expect(await failureOf(gateway.addRole(roleWrite))).toMatchObject(retryIn(3000));
    advance(3000);
    await gateway.addRole(roleWrite);

    expect(sent()).toBe(2);
    expect(seen).toEqual([]);
  });

  it('for the whole bot delays all of its calls', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(limited('global', 2, { 'x-ratelimit-global': 'true' }));

    await failureOf(gateway.addRole(roleWrite));
    const failures = await Promise.all([
      failureOf(gateway.readMember(target)),
      failureOf(gateway.readMember(other)),
      failureOf(gateway.whoAmI(guild)),
    ]);

    for (const failure of failures) expect(failure).toMatchObject(retryIn(2000));
    expect(sent()).toBe(1);
  });

  it.each([
    ['a page', { status: 429, body: '<html>error 1015</html>' }, 30_000],
    [
      'a page with a time',
      { status: 429, headers: { 'retry-after': '90' }, body: '<html>' },
      90_000,
    ],
    ['a text without a time', { status: 429, body: { code: 0 } }, 30_000],
  ])('from Cloudflare delays every call: %s', async (_, reply, ms) => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(reply);

    expect(await failureOf(gateway.addRole(roleWrite))).toMatchObject(retryIn(ms));
    expect(await failureOf(gateway.readMember(target))).toMatchObject(retryIn(ms));
    // The second call checks whether the bot itself is refused.
    expect(sent()).toBe(2);
  });

  it('without a time pauses for a random period of up to twice the default', async () => {
    const { gateway } = setUpGateway(discord.apiBase, { random: () => 1 });
    discord.script({ status: 429, body: '' });

    expect(await failureOf(gateway.addRole(roleWrite))).toMatchObject(retryIn(60_000));
  });
});

describe('a wait longer than an hour', () => {
  const spentFor = (seconds: string) => ({
    status: 204,
    headers: {
      'x-ratelimit-limit': '5',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset-after': seconds,
    },
  });
  const global = (seconds: string) => ({
    status: 429,
    headers: { 'retry-after': seconds, 'x-ratelimit-scope': 'global' },
    body: `{"message":"slow","retry_after":${seconds},"global":true}`,
  });

  it.each([
    ['a 429', global('1e13')],
    ['a 429', global('1e300')],
    ['a bucket spent by a good answer', spentFor('1e13')],
    ['a bucket spent by a good answer', spentFor('1e300')],
  ])('from %s ends after an hour with one call', async (_, reply) => {
    const { gateway, advance } = setUpGateway(discord.apiBase);
    discord.script(reply, { status: 204 });
    await gateway.addRole(roleWrite).catch(() => undefined);

    const failure = await failureOf(gateway.addRole(roleWrite));
    expect(failure).toMatchObject(retryIn(3_600_000));
    advance(3_600_000);
    await gateway.addRole(roleWrite);
  });
});

describe('a clock that is set back by an hour', () => {
  afterEach(() => void vi.restoreAllMocks());

  it.each([
    ['the whole bot', limited('global', 5, { 'x-ratelimit-global': 'true' })],
    [
      'the bucket',
      limited('user', 5, {
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset-after': '5',
      }),
    ],
  ])('does not lengthen the wait of %s', async (_, reply) => {
    const { gateway, advance } = setUpGateway(discord.apiBase);
    discord.script(reply, { status: 204 });
    await failureOf(gateway.addRole(roleWrite));
    const putBack = Date.now() - 3_600_000;
    const machine = vi.spyOn(Date, 'now').mockReturnValue(putBack);
    expect(await failureOf(gateway.addRole(roleWrite))).toMatchObject(retryIn(5000));

    advance(5000);
    machine.mockReturnValue(putBack + 5000);
    await gateway.addRole(roleWrite);

    expect(sent()).toBe(2);
  });
});

describe('a block of the sender', () => {
  const page = { status: 403, body: '<html>you have been blocked</html>' };

  it.each([
    ['by code', refusal(403, 40333), 1],
    ['against abuse', refusal(403, 10008), 1],
    ['by a page', page, 2],
  ])('%s delays all calls, and does not count against the member', async (_, reply, calls) => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(reply);

    expect(await failureOf(gateway.addRole(roleWrite))).toMatchObject(retryIn(600_000));
    expect(await failureOf(gateway.readMember(other))).toMatchObject(retryIn(600_000));
    expect(sent()).toBe(calls);
  });
});

describe('a bucket', () => {
  const spent = {
    status: 204,
    headers: {
      'x-ratelimit-limit': '1',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset-after': '5.25',
    },
  };

  it('that is known to be spent refuses calls without sending them', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(spent);
    await gateway.addRole(roleWrite);

    expect(await failureOf(gateway.addRole(roleWrite))).toMatchObject(retryIn(5250));
    expect(sent()).toBe(1);
  });

  it('that two methods share refuses a waiting call once the call ahead has spent it', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    const shared = (remaining: string, more: Reply = {}) => ({
      status: 204,
      headers: {
        'x-ratelimit-bucket': 'abcd',
        'x-ratelimit-limit': '9',
        'x-ratelimit-remaining': remaining,
        'x-ratelimit-reset-after': '5.25',
      },
      ...more,
    });
    const last = shared('0', { manner: 'hold' });
    discord.script(shared('8'), shared('7'), last, shared('0'));
    await gateway.addRole(roleWrite);
    await gateway.removeRole(roleWrite);
    const first = gateway.addRole(roleWrite);
    await expect.poll(() => discord.held()).toBe(1);
    const behind = failureOf(gateway.removeRole(roleWrite));

    discord.release();
    await first;

    expect(await behind).toMatchObject(retryIn(5250));
    expect(sent()).toBe(3);
  });

  it('is known to be spent from the first response, which also names it', async () => {
    // The REST client starts a new count when it learns the name, and would send one call too
    // many.
    const { gateway } = setUpGateway(discord.apiBase);
    const headers = { ...spent.headers, 'x-ratelimit-bucket': 'abcd' };
    discord.script({ ...spent, headers });
    await gateway.addRole(roleWrite);

    expect(await failureOf(gateway.addRole(roleWrite))).toMatchObject(retryIn(5250));
    expect(sent()).toBe(1);
  });

  it('has one call in flight, and refuses the waiting ones when it is spent', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script({ ...spent, manner: 'hold' });
    const first = gateway.addRole(roleWrite);
    const others = [1, 2, 3].map(() => failureOf(gateway.addRole(roleWrite)));
    await expect.poll(() => discord.held()).toBe(1);

    discord.release();
    await first;

    for (const failure of await Promise.all(others)) {
      expect(failure).toMatchObject(retryIn(5250));
    }
    expect(sent()).toBe(1);
  });

  it('with calls left causes no wait, even if time passes during the check', async () => {
    let now = startOfTest;
    const clock = () => (now += 0.01);
    const { gateway } = setUpGateway(discord.apiBase, { clock });
    const headers = { ...spent.headers, 'x-ratelimit-remaining': '1' };
    discord.script({ ...spent, headers });

    await gateway.addRole(roleWrite);
    await gateway.addRole(roleWrite);

    expect(sent()).toBe(2);
  });

  it('does not delay the calls of other guilds and methods', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script({ status: 204, manner: 'hold' });

    const calls = [
      gateway.addRole(roleWrite),
      gateway.addRole({ ...roleWrite, member: other }),
      gateway.removeRole(roleWrite),
      gateway.editMember({
        member: target,
        roleIds: [],
        nickname: null,
        reason: 'r',
      }),
    ];
    await expect.poll(() => discord.held()).toBe(4);

    discord.release();
    await Promise.all(calls);
  });

  it('refuses a call that has waited too long for its turn', async () => {
    const { gateway } = setUpGateway(discord.apiBase, { timeoutMs: 50 });
    discord.script({ manner: 'silence' });
    const first = failureOf(gateway.addRole(roleWrite));
    const second = failureOf(gateway.addRole(roleWrite));

    expect(await second).toMatchObject({
      name: 'RetryLaterError',
      message: expect.stringContaining('earlier calls take too long'),
    });
    expect((await first).name).toBe('UnavailableError');
  });
});

describe('the calls per second of a bot', () => {
  it('are counted over all its clients, and further calls are refused unsent', async () => {
    const { gateway } = setUpGateway(discord.apiBase, {
      globalRequestsPerSecond: 3,
    });
    discord.script({ body: memberBody() });
    const second = { ...other, clientId: 'client-2' };

    await gateway.readMember(target);
    await gateway.readMember(second);
    const failure = await failureOf(gateway.readMember(target));

    expect(failure).toMatchObject({
      name: 'RetryLaterError',
      message: expect.stringContaining('calls for this second'),
    });
    expect(sent()).toBe(2);
  });
});
