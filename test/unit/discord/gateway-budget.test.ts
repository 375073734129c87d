import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startScriptedDiscord, type ScriptedDiscord } from '../../fakes/scripted-discord.js';
import {
  failureOf,
  guild,
  memberBody,
  refusal,
  setUpGateway,
  startOfTest,
  target,
} from './gateway-setup.js';

let discord: ScriptedDiscord;

beforeEach(async () => {
  discord = await startScriptedDiscord();
});
afterEach(() => discord.stop());

const sent = () => discord.requests.length;

const retryIn = (ms: number) => ({
  name: 'RetryLaterError',
  retryAt: new Date(startOfTest + ms),
});

describe('the budget of invalid requests', () => {
  /** A client with its own bot. */
  const clientOf = (n: number) => ({ ...target, clientId: `client-${n}` });
  const refused =
    (gateway: ReturnType<typeof setUpGateway>['gateway']) => async (n: number, times: number) => {
      const messages: string[] = [];
      for (let i = 0; i < times; i += 1)
        messages.push((await failureOf(gateway.readMember(clientOf(n)))).message);
      return messages;
    };

  it('lets one client spend a fifth, and then pauses only that client', async () => {
    const { gateway, advance, logs } = setUpGateway(discord.apiBase, {
      limit: 20,
    });
    discord.script(refusal(403, 50013));
    await refused(gateway)(1, 10);
    expect(sent()).toBe(4);

    expect(await failureOf(gateway.readMember(clientOf(1)))).toMatchObject({
      ...retryIn(600_000),
      message: expect.stringContaining(
        'Discord refused 4 calls of this client within 10 minutes; the limit is 4',
      ),
    });
    discord.script({ body: memberBody() });
    await gateway.readMember(clientOf(2));
    expect(gateway.ready()).toMatchObject({ ok: false });
    const warnings = logs.filter(({ level }) => level === 'warn');
    expect(warnings).toMatchObject([
      { fields: { spender: 'client-1' } },
      { message: 'Discord calls paused', fields: { clientId: 'client-1' } },
    ]);

    advance(600_000);
    await gateway.readMember(clientOf(1));
    const ends = logs.filter(({ level }) => level === 'info');
    expect(ends).toMatchObject([{ message: 'invalid budget recovered' }]);
  });

  it('keeps its last fifth for clients that caused no invalid request', async () => {
    const { gateway } = setUpGateway(discord.apiBase, { limit: 20 });
    const asMany = refused(gateway);
    discord.script(refusal(403, 50013));
    await asMany(5, 1);
    for (const n of [1, 2, 3, 4]) await asMany(n, 10);
    expect(sent()).toBe(16);

    discord.script({ body: memberBody() });
    expect(await failureOf(gateway.readMember(clientOf(5)))).toMatchObject({
      name: 'RetryLaterError',
    });
    await gateway.readMember(clientOf(6));

    expect(sent()).toBe(17);
  });

  it('refuses every call once it is spent, until it recovers', async () => {
    const set = setUpGateway(discord.apiBase, { limit: 5 });
    const { gateway, advance, logs } = set;
    discord.script(refusal(403, 50013));
    for (const n of [1, 2, 3, 4, 5]) await refused(gateway)(n, 1);
    expect(sent()).toBe(5);

    expect(await failureOf(gateway.readMember(clientOf(6)))).toMatchObject(retryIn(600_000));
    expect(gateway.ready().ok).toBe(false);
    expect(sent()).toBe(5);

    advance(600_000);
    discord.script({ body: memberBody() });
    await gateway.readMember(clientOf(6));

    expect(gateway.ready().ok).toBe(true);
    const levels = logs.map(({ level }) => level);
    expect(levels.filter((level) => level === 'error')).toHaveLength(1);
  });

  it('is spent by refused tokens as by any other invalid request', async () => {
    const { gateway } = setUpGateway(discord.apiBase, { limit: 20 });
    discord.script(refusal(401, 0));

    for (let i = 0; i < 20; i += 1) {
      gateway.forgetCredentials('client-1');
      await failureOf(gateway.whoAmI(guild));
    }

    expect(sent()).toBe(4);
  });
});
