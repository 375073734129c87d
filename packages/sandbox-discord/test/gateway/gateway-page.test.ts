import { GatewayOpcodes } from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';

import { playScene, press, readState } from '../page-calls.js';
import { anna } from '../small-world.js';
import { startSession } from './raw-bot.js';

interface PageState {
  readonly sessions: readonly {
    readonly sessionId: string;
    readonly bot: string;
    readonly intents: readonly string[];
    readonly state: string;
  }[];
  readonly gatewayFaults: readonly unknown[];
  readonly scenes: readonly { readonly name: string; readonly isOn: boolean }[];
}

async function startPage() {
  const started = await startSession();
  const { url, moderator } = started;
  const state = (): Promise<PageState> => readState(url);
  const post = (path: string, body: unknown) => press(url, path, body);
  const play = (scene: string, isOn = true) => playScene(url, scene, isOn);
  const leaveAndJoin = () => {
    moderator.leave(anna);
    moderator.join(anna);
  };
  return { ...started, state, post, play, leaveAndJoin };
}

describe('the page', () => {
  it('shows live sessions with the names of bot and intents', async () => {
    const { state, bot, ready, url } = await startPage();
    await bot.settled();

    expect((await state()).sessions).toMatchObject([
      {
        sessionId: ready.d.session_id,
        bot: 'Connector',
        shard: [0, 1],
        intents: ['Guilds', 'GuildMembers', 'GuildModeration'],
        state: 'connected',
        lastHeartbeatAt: expect.any(Number),
        eventsSent: 2,
        resumes: 0,
      },
    ]);
    expect(await (await fetch(url)).text()).toContain('Gateway sessions');
  });

  it.each([
    ['reconnect', 'connected'],
    ['freeze', 'frozen'],
    ['cut', 'resumable'],
  ])('does %s to one session', async (action, expected) => {
    const { state, post, ready } = await startPage();

    const { status } = await post('sessions', { action, sessionId: ready.d.session_id });

    expect(status).toBe(200);
    await expect.poll(async () => (await state()).sessions[0]?.state).toBe(expected);
  });

  it('invalidates a session, which it then no longer shows', async () => {
    const { state, post, ready, bot } = await startPage();

    await post('sessions', { action: 'invalidate', sessionId: ready.d.session_id });

    expect(await bot.opcode(GatewayOpcodes.InvalidSession)).toMatchObject({ d: false });
    expect((await state()).sessions).toEqual([]);
  });

  it.each([
    ['an unknown action', { action: 'inject', sessionId: 'x' }],
    ['a session that has ended', { action: 'cut', sessionId: 'x' }],
    ['no session', { action: 'cut' }],
  ])('refuses %s', async (_, body) => {
    const { post, bot } = await startPage();

    expect((await post('sessions', body)).status).toBe(400);
    await bot.settled();
    expect(bot.isOpen).toBe(true);
  });
});

describe('a scene of the gateway', () => {
  it.each([
    ['eventsLost', []],
    [
      'eventsTwice',
      ['GUILD_MEMBER_REMOVE', 'GUILD_MEMBER_REMOVE', 'GUILD_MEMBER_ADD', 'GUILD_MEMBER_ADD'],
    ],
    ['eventsSwapped', ['GUILD_MEMBER_ADD', 'GUILD_MEMBER_REMOVE']],
    ['eventsLate', []],
  ])('%s plays until it is ended', async (scene, expected) => {
    const { play, leaveAndJoin, bot, state } = await startPage();

    expect(await play(scene)).toBe(200);
    leaveAndJoin();

    expect(await bot.namesSinceStart()).toEqual(expected);
    expect((await state()).gatewayFaults).toHaveLength(1);
    expect(await play(scene, false)).toBe(200);
    leaveAndJoin();
    expect((await bot.namesSinceStart()).slice(expected.length)).toEqual([
      'GUILD_MEMBER_REMOVE',
      'GUILD_MEMBER_ADD',
    ]);
    expect((await state()).gatewayFaults).toEqual([]);
  });

  it('gatewayDown cuts bots, and ends with all other faults', async () => {
    const { play, post, bot, state, connect } = await startPage();

    await play('gatewayDown');
    expect((await bot.closed).code).toBe(1006);
    await play('eventsLost');
    await post('faults/clear', {});

    expect((await state()).scenes.filter(({ isOn }) => isOn)).toEqual([]);
    expect(await (await connect()).opcode(GatewayOpcodes.Hello)).toMatchObject({ op: 10 });
  });
});
