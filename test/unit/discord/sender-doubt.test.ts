import { afterEach, beforeEach, describe, expect, it } from 'vitest';

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
  TOKEN,
} from './gateway-setup.js';
import type { SendingPause } from '../../../services/model.js';

let discord: ScriptedDiscord;

beforeEach(async () => {
  discord = await startScriptedDiscord();
});
afterEach(() => discord.stop());

const paths = () => discord.requests.map(({ path }) => path.slice(8));
const bot = { body: { id: '200000000000000002', username: 'bot' } };
const member = { body: memberBody() };

const DOUBTFUL: readonly (readonly [string, Reply])[] = [
  ['a 429 without headers', { status: 429, body: { message: 'slow' } }],
  [
    'a 429 with a NaN',
    {
      status: 429,
      headers: { 'retry-after': 'NaN' },
      body: '{"retry_after":NaN}',
    },
  ],
  [
    "a 429 of a proxy's page",
    { status: 429, headers: { 'retry-after': '66271' }, body: 'error 1015' },
  ],
  ['a 403 page without a code', { status: 403, body: '<html>blocked</html>' }],
  ['a 401', refusal(401, 0)],
  ["a 401 of a proxy's page", { status: 401, body: '<html>log in</html>' }],
];

describe('one response that casts doubt on the bot', () => {
  it.each(DOUBTFUL)('delays only its own call: %s', async (_, reply) => {
    const { gateway, logs } = setUpGateway(discord.apiBase);
    discord.script(reply, bot, member);

    const failure = await failureOf(gateway.addRole(roleWrite));
    expect(failure).toMatchObject({
      name: 'UnavailableError',
      message: expect.stringMatching(
        /^cannot add role .* but Discord still returns the bot's own user$/,
      ),
    });
    await gateway.readMember(target);
    await gateway.addRole(roleWrite);

    expect(paths()[1]).toBe('/users/@me');
    expect(paths()).toHaveLength(4);
    expect(discord.requests.at(-1)?.headers.authorization).toBe(`Bot ${TOKEN}`);
    expect(logs.filter(({ level }) => level !== 'debug')).toEqual([]);
    expect(gateway.ready()).toEqual({ ok: true });
  });

  it('is checked once for all calls that receive it', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    const held = { ...bot, manner: 'hold' } as const;
    discord.script(refusal(401, 0), refusal(401, 0), held);

    const failures = [failureOf(gateway.addRole(roleWrite)), failureOf(gateway.readMember(target))];
    await expect.poll(() => discord.requests.length).toBe(3);
    discord.release();

    for (const failure of await Promise.all(failures))
      expect(failure.name).toBe('UnavailableError');
    expect(discord.requests).toHaveLength(3);
  });

  it('does not stop the bot while the check has no answer', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(refusal(401, 0), { status: 502, body: '' }, member);

    expect((await failureOf(gateway.addRole(roleWrite))).name).toBe('UnavailableError');
    await gateway.readMember(target);
  });
});

describe('the pause of a bot', () => {
  const banned = {
    status: 429,
    headers: { 'retry-after': '66271' },
    body: 'error code: 1015',
  };
  const HOUR = 3_600_000;

  const setUp = async () => {
    const set = setUpGateway(discord.apiBase);
    const shown: (SendingPause | null)[] = [];
    set.gateway.onPause((clientId, pause) => {
      if (clientId === 'client-1') shown.push(pause);
    });
    discord.script(banned);
    const failure = await failureOf(set.gateway.addRole(roleWrite));
    const told = () => set.logs.filter(({ level }) => level === 'warn' || level === 'info');
    return { ...set, shown, failure, told };
  };

  it('is shown with its cause and time, and logged once', async () => {
    const { gateway, shown, failure, told } = await setUp();
    await failureOf(gateway.readMember(target));
    await failureOf(gateway.whoAmI(guild));

    expect(discord.requests).toHaveLength(2);
    expect(failure.name).toBe('RetryLaterError');
    const cause = 'Cloudflare asked to wait for 18.4 hours; retrying one call after an hour';
    expect(failure.message).toContain(cause);
    expect(shown).toEqual([
      {
        cause,
        since: new Date(startOfTest),
        until: new Date(startOfTest + HOUR),
      },
    ]);
    expect(told()).toMatchObject([
      { level: 'warn', message: 'Discord calls paused', fields: { cause } },
    ]);
    expect(gateway.ready()).toMatchObject({
      ok: false,
      reason: expect.stringContaining(cause),
    });
  });

  it('is shown for each client of the bot that waits for it', async () => {
    const { gateway } = await setUp();
    const others: string[] = [];
    gateway.onPause((clientId) => void others.push(clientId));

    const sibling = { ...target, clientId: 'client-2' };
    await failureOf(gateway.readMember(sibling));
    await failureOf(gateway.readMember(sibling));

    expect(others).toEqual(['client-2']);
    expect(discord.requests).toHaveLength(2);
  });

  it('tries one call when its time has come, and continues if that is refused', async () => {
    const { gateway, advance, shown, told } = await setUp();
    discord.script(banned);

    advance(HOUR);
    const failures = await Promise.all([
      failureOf(gateway.readMember(target)),
      failureOf(gateway.addRole(roleWrite)),
    ]);

    // The retried call, and the check of the bot's user.
    expect(discord.requests).toHaveLength(4);
    for (const { name } of failures) expect(name).toBe('RetryLaterError');
    expect(shown.at(-1)).toMatchObject({
      since: new Date(startOfTest),
      until: new Date(startOfTest + 2 * HOUR),
    });
    expect(told()).toHaveLength(1);
  });

  it('ends with the first successful call', async () => {
    const { gateway, advance, shown, told } = await setUp();
    discord.script(member);

    advance(HOUR);
    await gateway.readMember(target);
    await gateway.addRole(roleWrite);

    expect(shown.at(-1)).toBeNull();
    expect(told()).toMatchObject([
      { message: 'Discord calls paused' },
      { message: 'Discord calls resumed', fields: { lastedMs: HOUR } },
    ]);
    expect(gateway.ready()).toEqual({ ok: true });
  });

  it.each([
    ['the doctor asks', () => target],
    ['the client has changed', () => ({ ...target, revision: 'second' })],
  ])('tries one call at once when %s', async (what, changed) => {
    const { gateway, shown } = await setUp();
    if (what === 'the doctor asks') gateway.forgetCredentials('client-1');
    discord.script(member);

    await gateway.readMember(changed());
    await gateway.addRole({ ...roleWrite, member: changed() });

    expect(shown.at(-1)).toBeNull();
  });

  it('ends when the client gets another token, despite late responses to the old one', async () => {
    let botToken = 'tok.old';
    const { gateway, logs } = setUpGateway(discord.apiBase, {
      credentials: async () => ({
        apiBase: discord.apiBase,
        applicationId: '1',
        guildId: '3',
        botToken,
      }),
    });
    const shown: (SendingPause | null)[] = [];
    gateway.onPause((_, pause) => void shown.push(pause));
    const globalLimit = { status: 429, body: { retry_after: 66_271, global: true } };
    discord.script({ ...globalLimit, manner: 'hold' }, globalLimit);
    const late = failureOf(gateway.readMember(target));
    await expect.poll(() => discord.held()).toBe(1);
    await failureOf(gateway.addRole(roleWrite));
    expect(shown.at(-1)).not.toBeNull();

    botToken = 'tok.new';
    discord.script(member);
    await gateway.readMember({ ...target, revision: 'second' });
    discord.release();
    await late;

    expect(shown.at(-1)).toBeNull();
    expect(gateway.ready()).toEqual({ ok: true });
    const messages = logs.filter(({ level }) => level !== 'debug').map(({ message }) => message);
    expect(messages).toEqual(['Discord calls paused', 'Discord calls resumed']);
  });

  it('ends for the one client that gets another token, and stays for the others of the bot', async () => {
    let botToken = 'tok.shared';
    const { gateway } = setUpGateway(discord.apiBase, {
      credentials: async (clientId) => ({
        apiBase: discord.apiBase,
        applicationId: '1',
        guildId: '3',
        botToken: clientId === 'client-1' ? botToken : 'tok.shared',
      }),
    });
    const shown = new Map<string, SendingPause | null>();
    gateway.onPause((clientId, pause) => void shown.set(clientId, pause));
    const sibling = { ...target, clientId: 'client-2' };
    discord.script(banned);
    await failureOf(gateway.addRole(roleWrite));
    await failureOf(gateway.readMember(sibling));

    botToken = 'tok.new';
    discord.script(member);
    await gateway.readMember({ ...target, revision: 'second' });

    expect(shown.get('client-1')).toBeNull();
    expect(shown.get('client-2')).not.toBeNull();
    expect((await failureOf(gateway.readMember(sibling))).name).toBe('RetryLaterError');
    expect(gateway.ready()).toMatchObject({ ok: false });
  });

  it('does not keep the process degraded after it expires, even without a further call', async () => {
    const { gateway, advance } = await setUp();
    expect(gateway.ready()).toMatchObject({ ok: false });

    advance(HOUR);

    expect(gateway.ready()).toEqual({ ok: true });
  });

  it('is not shown when it lasts only seconds', async () => {
    const { gateway, logs } = setUpGateway(discord.apiBase);
    discord.script({
      status: 429,
      headers: { 'retry-after': '5', 'x-ratelimit-scope': 'global' },
      body: { retry_after: 5, global: true },
    });

    await failureOf(gateway.addRole(roleWrite));

    expect(gateway.ready()).toEqual({ ok: true });
    expect(logs.filter(({ level }) => level !== 'debug')).toEqual([]);
  });
});

describe('a bucket that is closed for a long time', () => {
  const spent = {
    status: 204,
    headers: {
      'x-ratelimit-limit': '5',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset-after': '1e13',
    },
  };

  it('is shown until it is open again', async () => {
    const { gateway, advance, logs } = setUpGateway(discord.apiBase);
    discord.script(spent);
    await gateway.addRole(roleWrite);

    expect(gateway.ready()).toMatchObject({
      reason: expect.stringContaining('Discord reports no calls left'),
    });
    advance(3_600_000);

    expect(gateway.ready()).toEqual({ ok: true });
    const told = logs.filter(({ level }) => level !== 'debug');
    expect(told.map(({ message }) => message)).toEqual([
      'Discord calls paused',
      'Discord calls resumed',
    ]);
  });

  it('is tried at once by the doctor', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(spent);
    await gateway.addRole(roleWrite);
    await failureOf(gateway.addRole(roleWrite));

    gateway.forgetCredentials('client-1');
    await gateway.addRole(roleWrite);

    expect(discord.requests).toHaveLength(2);
  });

  it('is no longer shown if a call succeeds before the bucket would open', async () => {
    const { gateway, logs } = setUpGateway(discord.apiBase);
    const shown: (SendingPause | null)[] = [];
    gateway.onPause((_, pause) => void shown.push(pause));
    discord.script(spent, { status: 204 });
    await gateway.addRole(roleWrite);
    expect(shown.at(-1)).not.toBeNull();

    gateway.forgetCredentials('client-1');
    await gateway.addRole(roleWrite);

    expect(shown.at(-1)).toBeNull();
    expect(gateway.ready()).toEqual({ ok: true });
    const messages = logs.filter(({ level }) => level !== 'debug').map(({ message }) => message);
    expect(messages).toEqual(['Discord calls paused', 'Discord calls resumed']);
  });

  it('stays shown without a break while each call closes it again', async () => {
    const { gateway, logs } = setUpGateway(discord.apiBase);
    discord.script(spent);
    await gateway.addRole(roleWrite);

    gateway.forgetCredentials('client-1');
    await gateway.addRole(roleWrite);

    expect(gateway.ready()).toMatchObject({ ok: false });
    const messages = logs.filter(({ level }) => level !== 'debug').map(({ message }) => message);
    expect(messages).toEqual(['Discord calls paused']);
  });

  it('allows writes as soon as the doctor runs, before any call', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(spent);
    await gateway.addRole(roleWrite);
    const one = { add: 1, remove: 0 };
    const none = { add: 0, remove: 0 };
    const openFrom = () =>
      gateway.writeOutlook({ clientId: 'client-1', isUrgent: true }).singlesFrom(one, none);
    expect(openFrom()).toBeGreaterThan(startOfTest);

    gateway.forgetCredentials('client-1');

    expect(openFrom()).toBeLessThanOrEqual(startOfTest);
  });
});
