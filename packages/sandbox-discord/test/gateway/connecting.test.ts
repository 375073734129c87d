import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';

import { GatewayIntentBits, GatewayOpcodes } from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';

import {
  ANNA,
  APPLICATION,
  BOT,
  COUNCILLOR,
  crowd,
  GUILD,
  OWNER,
  smallGuild,
  type StartOptions,
} from '../small-world.js';
import { connectBot, INTENTS, SHARD_OF_GUILD, startGateway } from './raw-bot.js';

const startConnected = async (options?: StartOptions) => {
  const started = await startGateway(options);
  return { ...started, bot: await started.connect() };
};

const GUILD_ON_OTHER_SHARD = String(BigInt(GUILD) + (1n << 22n));
const twoShards = {
  world: { guilds: [smallGuild(), smallGuild({ guildId: GUILD_ON_OTHER_SHARD })] },
};

describe('the address of the gateway', () => {
  it('is the sandbox itself, and needs no token', async () => {
    const { call, url } = await startGateway();

    const { status, body } = await call('GET', '/gateway', { headers: { Authorization: '' } });

    expect(status).toBe(200);
    expect(body).toEqual({ url: url.replace('http', 'ws') });
  });

  it('comes with the number of shards and the session starts left for a bot', async () => {
    const { call, url } = await startGateway();

    const { status, body } = await call('GET', '/gateway/bot');

    expect(status).toBe(200);
    expect(body).toEqual({
      url: url.replace('http', 'ws'),
      shards: 1,
      session_start_limit: { total: 1000, remaining: 1000, reset_after: 0, max_concurrency: 1 },
    });
  });

  it('is refused without a bot token where the session starts are', async () => {
    const { call } = await startGateway();

    const { status } = await call('GET', '/gateway/bot', { headers: { Authorization: 'Bot no' } });

    expect(status).toBe(401);
  });

  it('recommends a shard for each thousand guilds, or fewer where fewer fit', async () => {
    const guilds = Array.from({ length: 5 }, (_, index) =>
      smallGuild({ guildId: String(BigInt(GUILD) + BigInt(index)) }),
    );
    const { call } = await startGateway({
      world: { guilds },
      gateway: { maxGuildsPerShard: 2 },
    });

    const { body } = await call('GET', '/gateway/bot');

    expect(body).toMatchObject({ shards: 3 });
  });

  it('answers a websocket on another path with 404', async () => {
    const { url } = await startGateway();
    const bot = connectBot(`${url}/elsewhere`);

    const { code } = await bot.closed;

    expect(code).toBe(1006);
  });

  it('survives an upgrade request whose target is no address', async () => {
    const { connect, url } = await startGateway();
    const { port, hostname } = new URL(url);
    const socket = connectSocket(Number(port), hostname);
    socket.write('GET // HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');

    const [answer]: readonly Buffer[] = await once(socket, 'data');

    expect(answer?.toString('utf8')).toMatch(/^HTTP\/1.1 400 /);
    socket.destroy();
    expect(await (await connect()).opcode(GatewayOpcodes.Hello)).toMatchObject({ op: 10 });
  });

  it.each([
    ['an unknown version', 'v=11&encoding=json', 4012],
    ['no version', 'encoding=json', 4012],
    ['a version that is none', 'v=ten&encoding=json', 4012],
    ['etf', 'v=10&encoding=etf', 4002],
    ['a compression that does not exist', 'v=10&encoding=json&compress=gzip', 4002],
  ])('closes a connection that asks for %s', async (_, query, expected) => {
    const { url } = await startGateway();

    const { code } = await connectBot(url, query).closed;

    expect(code).toBe(expected);
  });
});

describe('a session', () => {
  it('begins with hello, READY and every guild', async () => {
    const { bot, gateway, url } = await startConnected();
    const hello = await bot.opcode(GatewayOpcodes.Hello);

    const ready = await bot.identify();
    const guild = await bot.event('GUILD_CREATE');

    expect(hello).toEqual({ op: 10, t: null, s: null, d: { heartbeat_interval: 41_250 } });
    expect(ready.s).toBe(1);
    expect(ready.d).toMatchObject({
      v: 10,
      user: { id: BOT, username: 'connector', bot: true },
      guilds: [{ id: GUILD, unavailable: true }],
      resume_gateway_url: url.replace('http', 'ws'),
      application: { id: APPLICATION, flags: 1 << 15 },
    });
    expect(ready.d).not.toHaveProperty('shard');
    expect(guild.s).toBe(2);
    expect(guild.d).toMatchObject({
      id: GUILD,
      name: 'Small guild',
      owner_id: OWNER,
      unavailable: false,
      large: false,
      member_count: 4,
      channels: [{ id: GUILD, type: 0, name: 'general' }],
      threads: [],
      presences: [],
      voice_states: [],
    });
    expect(guild.d.roles).toHaveLength(6);
    expect(gateway.sessions()).toMatchObject([
      {
        sessionId: ready.d.session_id,
        applicationId: APPLICATION,
        shard: [0, 1],
        intents: INTENTS,
        state: 'connected',
        sequence: 2,
        eventsSent: 2,
        resumes: 0,
        compression: 'none',
      },
    ]);
  });

  it('sees of a guild only the bot itself, unless it may see presences', async () => {
    const { bot, connect } = await startConnected();
    const curious = await connect();

    await bot.identify();
    await curious.identify({ intents: INTENTS | GatewayIntentBits.GuildPresences });

    const ids = async (one: typeof bot) =>
      (await one.event('GUILD_CREATE')).d.members.map(({ user }) => user.id);
    expect(await ids(bot)).toEqual([BOT]);
    expect(await ids(curious)).toEqual([BOT, OWNER, ANNA, COUNCILLOR]);
  });

  it('sees of a large guild those with a role or a nickname', async () => {
    const members = [...smallGuild().members, ...crowd(60)];
    const { bot } = await startConnected({ guild: { members } });

    await bot.identify({ intents: INTENTS | GatewayIntentBits.GuildPresences });

    const { d } = await bot.event('GUILD_CREATE');
    expect([d.large, d.member_count]).toEqual([true, 64]);
    expect(d.members.map(({ user }) => user.id)).toEqual([BOT, ANNA, COUNCILLOR]);
  });

  it('takes a larger threshold, within what Discord allows', async () => {
    const members = [...smallGuild().members, ...crowd(60)];
    const { bot, connect } = await startConnected({ guild: { members } });
    const low = await connect();

    await bot.identify({ large_threshold: 100 });
    await low.identify({ large_threshold: 1 });

    expect((await bot.event('GUILD_CREATE')).d.large).toBe(false);
    expect((await low.event('GUILD_CREATE')).d.large).toBe(true);
  });

  it('without the guilds intent gets no guild after READY', async () => {
    const { bot } = await startConnected();

    const ready = await bot.identify({ intents: 0 });
    await bot.settled();

    expect(ready.d.guilds).toHaveLength(1);
    expect(bot.names()).toEqual(['READY']);
  });

  it('repeats the shard that it named, and has the guilds of that shard', async () => {
    const { connect } = await startGateway(twoShards);

    const guilds = await Promise.all(
      [0, 1].map(async (shardId) => {
        const bot = await connect();
        const ready = await bot.identify({ shard: [shardId, 2] });
        expect(ready.d).toMatchObject({ shard: [shardId, 2] });
        await bot.settled();
        return bot.bodies('GUILD_CREATE').map(({ id }) => id);
      }),
    );

    expect(guilds[SHARD_OF_GUILD]).toEqual([GUILD]);
    expect(guilds[1 - SHARD_OF_GUILD]).toEqual([GUILD_ON_OTHER_SHARD]);
  });

  it('accepts a presence and what the sandbox has no use for', async () => {
    const { bot } = await startConnected();
    await bot.identify();

    bot.send(GatewayOpcodes.PresenceUpdate, {
      since: null,
      activities: [],
      status: 'dnd',
      afk: false,
    });
    bot.send(GatewayOpcodes.VoiceStateUpdate, { guild_id: GUILD, channel_id: null });
    bot.send(GatewayOpcodes.RequestSoundboardSounds, { guild_ids: [GUILD] });
    await bot.settled();

    expect(bot.isOpen).toBe(true);
  });
});

describe('a connection is closed', () => {
  it.each<readonly [string, number, string]>([
    ['for text that is no JSON', 4002, 'hello'],
    ['for JSON that is no payload', 4002, '[1]'],
    ['for an opcode that is no number', 4002, '{"op":"2"}'],
    ['for a payload above 4096 bytes', 4002, JSON.stringify({ op: 1, d: 'x'.repeat(5000) })],
    ['for an unknown opcode', 4001, '{"op":99}'],
    ['for a payload before identify', 4003, '{"op":3,"d":{"status":"online"}}'],
    ['for an opcode only the gateway sends', 4003, '{"op":7}'],
    ['for a heartbeat that is none', 4002, '{"op":1,"d":"soon"}'],
    ['for an identify without a token', 4002, '{"op":2,"d":{"intents":1,"properties":{}}}'],
    ['for an identify without data', 4002, '{"op":2}'],
    ['for a resume without a session', 4002, '{"op":6,"d":{"token":"x","seq":1}}'],
  ])('%s: %i', async (_, expected, text) => {
    const { bot } = await startConnected();

    bot.sendText(text);

    expect((await bot.closed).code).toBe(expected);
  });

  it.each<readonly [string, number, Readonly<Record<string, unknown>>]>([
    ['a wrong token', 4004, { token: 'stolen' }],
    ['a shard beyond the count', 4010, { shard: [2, 2] }],
    ['a shard that is no pair', 4010, { shard: 'first' }],
    ['intents that do not exist', 4013, { intents: 2 ** 30 }],
    ['intents beyond 32 bits', 4013, { intents: 2 ** 40 }],
    ['negative intents', 4013, { intents: -1 }],
    ['no intents', 4013, { intents: null }],
  ])('for an identify with %s: %i', async (_, expected, changes) => {
    const { bot, gateway } = await startConnected();

    bot.sendIdentify(changes);

    expect((await bot.closed).code).toBe(expected);
    expect(gateway.sessions()).toEqual([]);
  });

  it('for the members intent that the application lacks: 4014', async () => {
    const { bot, moderator } = await startConnected();
    moderator.setGuildMembersIntent({
      applicationId: APPLICATION,
      guildMembersIntent: false,
    });

    bot.sendIdentify();

    expect((await bot.closed).code).toBe(4014);
  });

  it('for too many guilds on one shard: 4011, but not for enough shards', async () => {
    const { bot, connect } = await startConnected({
      ...twoShards,
      gateway: { maxGuildsPerShard: 1 },
    });
    const sharded = await connect();

    bot.sendIdentify();
    await sharded.identify({ shard: [0, 2] });

    expect((await bot.closed).code).toBe(4011);
  });

  it.each([
    ['identify', GatewayOpcodes.Identify],
    ['resume', GatewayOpcodes.Resume],
  ])('for a second %s: 4005', async (_, op) => {
    const { bot } = await startConnected();
    await bot.identify();

    bot.send(op, {});

    expect((await bot.closed).code).toBe(4005);
  });

  it('for an unknown opcode in a session: 4001', async () => {
    const { bot } = await startConnected();
    await bot.identify();

    bot.send(GatewayOpcodes.Hello, {});

    expect((await bot.closed).code).toBe(4001);
  });

  it('for a presence that is none: 4002', async () => {
    const { bot } = await startConnected();
    await bot.identify();

    bot.send(GatewayOpcodes.PresenceUpdate, 'online');

    expect((await bot.closed).code).toBe(4002);
  });
});

describe('heartbeats', () => {
  it('are acknowledged, before and in a session', async () => {
    const { bot, gateway } = await startConnected();

    await bot.settled();
    await bot.identify();
    const before = gateway.sessions()[0]?.lastHeartbeatAt;
    await bot.settled();

    expect(before).toBeNull();
    expect(gateway.sessions()[0]?.lastHeartbeatAt).toBeGreaterThan(0);
  });

  it('that do not come close the connection: 4009, and the session can be resumed', async () => {
    const { bot, gateway } = await startConnected({ gateway: { heartbeatIntervalMs: 200 } });
    expect((await bot.opcode(GatewayOpcodes.Hello)).d.heartbeat_interval).toBe(200);
    bot.sendIdentify();

    const { code } = await bot.closed;

    expect(code).toBe(4009);
    await expect.poll(() => gateway.sessions()).toMatchObject([{ state: 'resumable' }]);
  });

  it('that come keep the connection open, while a silent one beside it is closed', async () => {
    const { bot, connect } = await startConnected({ gateway: { heartbeatIntervalMs: 300 } });
    await bot.identify();
    for (let times = 0; times < 2; times += 1) {
      const silent = await connect();

      while (silent.isOpen) await bot.settled();

      expect((await silent.closed).code).toBe(4009);
    }

    expect(bot.isOpen).toBe(true);
  });

  it('can be asked for', async () => {
    const { bot, gateway } = await startConnected();
    await bot.identify();

    gateway.requestHeartbeat();

    expect(await bot.opcode(GatewayOpcodes.Heartbeat)).toMatchObject({ op: 1, d: null });
  });
});
