import { GatewayOpcodes } from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';

import { ANNA, GUILD, sandboxes } from '../small-world.js';
import { rawBots } from './raw-bot.js';

const start = sandboxes();
const connect = rawBots();

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

async function inSession() {
  const started = await start();
  const bot = connect(started.url);
  await bot.opcode(GatewayOpcodes.Hello);
  const ready = await bot.identify();
  await bot.settled();
  const state = async (): Promise<PageState> =>
    (await fetch(`${started.url}/sandbox/state?guildId=${GUILD}`)).json();
  const post = async (path: string, body: unknown) =>
    fetch(`${started.url}/sandbox/${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  const play = async (scene: string, isOn = true) =>
    (await post('scenes', { scene, isOn, guildId: GUILD })).status;
  const { sandbox } = started;
  const leaveAndJoin = () => {
    sandbox.moderator.leave({ guildId: GUILD, discordUserId: ANNA });
    sandbox.moderator.join({ guildId: GUILD, discordUserId: ANNA });
  };
  const after = async () => {
    await bot.settled();
    return bot.names().slice(2);
  };
  return { ...started, bot, state, post, play, leaveAndJoin, after, ready };
}

describe('the page', () => {
  it('shows live sessions with the names of bot and intents', async () => {
    const { state, ready, url } = await inSession();

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
    const { state, post, ready } = await inSession();

    const { status } = await post('sessions', { action, sessionId: ready.d.session_id });

    expect(status).toBe(200);
    await expect.poll(async () => (await state()).sessions[0]?.state).toBe(expected);
  });

  it('invalidates a session, which it then no longer shows', async () => {
    const { state, post, ready, bot } = await inSession();

    await post('sessions', { action: 'invalidate', sessionId: ready.d.session_id });

    expect(await bot.opcode(GatewayOpcodes.InvalidSession)).toMatchObject({ d: false });
    expect((await state()).sessions).toEqual([]);
  });

  it.each([
    ['an unknown action', { action: 'inject', sessionId: 'x' }],
    ['a session that has ended', { action: 'cut', sessionId: 'x' }],
    ['no session', { action: 'cut' }],
  ])('refuses %s', async (_, body) => {
    const { post, bot } = await inSession();

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
    const { play, leaveAndJoin, after, state } = await inSession();

    expect(await play(scene)).toBe(200);
    leaveAndJoin();

    expect(await after()).toEqual(expected);
    expect((await state()).gatewayFaults).toHaveLength(1);
    expect(await play(scene, false)).toBe(200);
    leaveAndJoin();
    expect((await after()).slice(expected.length)).toEqual([
      'GUILD_MEMBER_REMOVE',
      'GUILD_MEMBER_ADD',
    ]);
    expect((await state()).gatewayFaults).toEqual([]);
  });

  it('gatewayDown cuts bots, and ends with all other faults', async () => {
    const { play, post, bot, state, url } = await inSession();

    await play('gatewayDown');
    expect((await bot.closed).code).toBe(1006);
    await play('eventsLost');
    await post('faults/clear', {});

    expect((await state()).scenes.filter(({ isOn }) => isOn)).toEqual([]);
    expect(await connect(url).opcode(GatewayOpcodes.Hello)).toMatchObject({ op: 10 });
  });
});
