import { describe, expect, it } from 'vitest';

import { type Bot, createBots } from '../../../services/discord/rest/bots.js';
import { createBotLimits } from '../../../services/discord/limits/pacing.js';
import { createSendingPauses } from '../../../services/discord/limits/sending-pauses.js';
import { silentLogger } from '../../../services/lib/logger.js';

const API = 'https://discord.com/api/v10';

const setUp = () => {
  const tokens = new Map([
    ['client-1', 'token-a'],
    ['client-2', 'token-a'],
  ]);
  const opened: string[] = [];
  const closed: string[] = [];
  const refused = new Set<Bot>();
  const tried: string[] = [];
  const openBot = ({ token }: { readonly token: string }): Bot => {
    opened.push(token);
    const clock = () => 0;
    const bot: Bot = {
      ...createBotLimits({
        clock,
        offsetMs: 0,
        reserveMs: 0,
        globalRequestsPerSecond: 50,
        pauses: createSendingPauses({ clock, logger: silentLogger }),
      }),
      token,
      tryNow: () => void tried.push(token),
      isRefused: () => refused.has(bot),
      send: () => Promise.reject(new Error('nothing is sent here')),
      close: () => void closed.push(token),
    };
    return bot;
  };
  const bots = createBots({
    credentials: (clientId) =>
      Promise.resolve({
        apiBase: API,
        botToken: tokens.get(clientId) ?? '',
        applicationId: '1',
        guildId: '3',
      }),
    openBot,
  });
  const botFor = (clientId: string, revision = 'first') =>
    bots.botFor({ clientId, guildId: '3', revision });
  return { bots, botFor, tokens, opened, closed, refused };
};

describe('the bots', () => {
  it('are shared by clients with the same token', async () => {
    const { botFor, opened } = setUp();

    const both = await Promise.all([botFor('client-1'), botFor('client-2')]);

    expect(both[0]).toBe(both[1]);
    expect(opened).toEqual(['token-a']);
  });

  it('stay open while a client uses them, and close with the last one', async () => {
    const { botFor, tokens, opened, closed } = setUp();
    await botFor('client-1');
    await botFor('client-2');

    tokens.set('client-1', 'token-b');
    await botFor('client-1', 'second');
    expect(closed).toEqual([]);
    tokens.set('client-2', 'token-b');
    await botFor('client-2', 'second');

    expect(closed).toEqual(['token-a']);
    expect(opened).toEqual(['token-a', 'token-b']);
  });

  it('keep their limits if a revision does not change their credentials', async () => {
    const { bots, botFor } = setUp();
    const first = await botFor('client-1');
    expect(await botFor('client-1', 'second')).toBe(first);

    bots.forget('client-1');

    expect(await botFor('client-1', 'second')).toBe(first);
  });

  it('with a refused token are opened again at the next revision of the client', async () => {
    const { botFor, refused, closed } = setUp();
    const first = await botFor('client-1');
    refused.add(first);
    expect(await botFor('client-1')).toBe(first);

    const second = await botFor('client-1', 'second');

    expect(second).not.toBe(first);
    expect(closed).toEqual(['token-a']);
  });

  it('are closed by closeAll', async () => {
    const { bots, botFor, closed } = setUp();
    await botFor('client-1');

    bots.closeAll();

    expect(closed).toEqual(['token-a']);
  });
});
