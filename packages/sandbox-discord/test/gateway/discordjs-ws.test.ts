import { CompressionMethod, WebSocketManager, WebSocketShardEvents } from '@discordjs/ws';
import { GatewayDispatchEvents, type GatewayDispatchPayload } from 'discord-api-types/v10';
import { describe, expect, it, onTestFinished } from 'vitest';

import { connectRest } from '../rest-client.js';
import {
  ANNA,
  anna,
  BOT,
  COUNCILLOR,
  GUILD,
  MINER,
  PILOT,
  smallGuild,
  type StartOptions,
  startSandbox,
  TOKEN,
} from '../small-world.js';
import { INTENTS } from './raw-bot.js';

const PATIENCE = { timeout: 15_000 };

/** The websocket half of discord.js, as it comes: only the address of the API is set. */
async function loggedIn(
  options: StartOptions = {},
  how: { readonly compression?: CompressionMethod; readonly useIdentifyCompression?: boolean } = {},
) {
  const started = await startSandbox(options);
  const rest = connectRest(started.url);
  const manager = new WebSocketManager({ token: TOKEN, intents: INTENTS, rest, ...how });
  const events: GatewayDispatchPayload[] = [];
  manager.on(WebSocketShardEvents.Dispatch, (payload) => events.push(payload));
  manager.on(WebSocketShardEvents.Error, () => undefined);
  manager.on(WebSocketShardEvents.SocketError, () => undefined);
  onTestFinished(() => manager.destroy());
  await manager.connect();
  const names = () => events.map(({ t }) => t);
  const heard = (name: GatewayDispatchEvents, times = 1) =>
    expect
      .poll(() => names().filter((one) => one === name).length, PATIENCE)
      .toBeGreaterThanOrEqual(times);
  await heard(GatewayDispatchEvents.GuildCreate);
  const { gateway, moderator } = started.sandbox;
  return { ...started, manager, events, names, heard, gateway, moderator };
}

describe('the websocket client of discord.js', () => {
  it('connects by the address of the API alone and receives events', async () => {
    const { moderator, names, heard } = await loggedIn();

    moderator.giveRole({ ...anna, roleId: MINER });
    await heard(GatewayDispatchEvents.GuildAuditLogEntryCreate);

    expect(names()).toEqual([
      'READY',
      'GUILD_CREATE',
      'GUILD_MEMBER_UPDATE',
      'GUILD_AUDIT_LOG_ENTRY_CREATE',
    ]);
  });

  it.each([
    ['zlib-stream', { compression: CompressionMethod.ZlibNative }],
    ['payload', { useIdentifyCompression: true }],
  ])('understands %s', async (expected, how) => {
    const { gateway, moderator, heard } = await loggedIn({}, how);

    moderator.leave(anna);
    await heard(GatewayDispatchEvents.GuildMemberRemove);

    expect(gateway.sessions()).toMatchObject([{ compression: expected }]);
  });

  it.each<readonly [string, (gateway: Awaited<ReturnType<typeof loggedIn>>['gateway']) => void]>([
    ['a request to reconnect', (gateway) => gateway.reconnect()],
    ['a cut connection', (gateway) => gateway.cut()],
    ['an unknown error', (gateway) => gateway.close({ code: 4000 })],
    ['a resumable invalidation', (gateway) => gateway.invalidate({ isResumable: true })],
  ])('resumes after %s, and misses nothing', async (_, breaks) => {
    const { gateway, moderator, names, heard } = await loggedIn();

    breaks(gateway);
    moderator.leave(anna);
    await heard(GatewayDispatchEvents.Resumed);

    expect(names()).toEqual(['READY', 'GUILD_CREATE', 'GUILD_MEMBER_REMOVE', 'RESUMED']);
    expect(gateway.sessions()).toMatchObject([{ state: 'connected', resumes: 1 }]);
  });

  it('notices a session that died silently by its heartbeats, and resumes', async () => {
    const { gateway, moderator, names, heard } = await loggedIn({
      gateway: { heartbeatIntervalMs: 500 },
    });

    gateway.freeze();
    moderator.leave(anna);
    await heard(GatewayDispatchEvents.Resumed);

    expect(names()).toEqual(['READY', 'GUILD_CREATE', 'GUILD_MEMBER_REMOVE', 'RESUMED']);
  });

  it('identifies again after an invalidation', async () => {
    const { gateway, heard, names } = await loggedIn();

    gateway.invalidate();
    await heard(GatewayDispatchEvents.Ready, 2);

    expect(names()).not.toContain('RESUMED');
    expect(gateway.sessions()).toMatchObject([{ state: 'connected', resumes: 0 }]);
  });

  it('keeps a mirror equal to the world over 1,000 changes and 10 breaks', async () => {
    const { gateway, moderator, events, sandbox } = await loggedIn({
      guild: { roleEndsScreening: true },
    });
    const random = seeded(7);
    const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
    const guildId = GUILD;
    const change = (): void => {
      const discordUserId = pick([ANNA, COUNCILLOR]) ?? ANNA;
      const roleId = pick([PILOT, MINER]) ?? PILOT;
      const which = { guildId, discordUserId };
      if (!sandbox.member(guildId, discordUserId)) return moderator.join(which);
      const act = pick([
        () => moderator.giveRole({ ...which, roleId }),
        () => moderator.takeRole({ ...which, roleId }),
        () => moderator.setNick({ ...which, nick: `Name ${Math.floor(random() * 1000)}` }),
        () => moderator.leave(which),
        () => moderator.kick(which),
      ]);
      act?.();
    };
    const breaks = [() => gateway.cut(), () => gateway.reconnect(), () => gateway.close()];

    for (let round = 0; round < 10; round += 1) {
      pick(breaks)?.();
      for (let times = 0; times < 100; times += 1) change();
      await expect
        .poll(() => events.filter(({ t }) => t === GatewayDispatchEvents.Resumed).length, PATIENCE)
        .toBe(round + 1);
    }

    const held = sandbox
      .guild(GUILD)
      .members.filter(({ discordUserId }) => [ANNA, COUNCILLOR].includes(discordUserId))
      .map(({ discordUserId, roleIds, nick }) => [discordUserId, { roles: [...roleIds], nick }]);
    expect(Object.fromEntries(buildMirror(events))).toEqual(Object.fromEntries(held));
    const numbers = events.map(({ s }) => s);
    expect(numbers).toEqual(numbers.map((_number, index) => index + 1));
    expect(events.filter(({ t }) => t === GatewayDispatchEvents.Ready)).toHaveLength(1);
  });
});

interface Mirrored {
  readonly roles: readonly string[];
  readonly nick: string | null | undefined;
}

/** The members at the start, changed by each event. */
function buildMirror(events: readonly GatewayDispatchPayload[]): Map<string, Mirrored> {
  const mirror = new Map<string, Mirrored>([
    [ANNA, { roles: [PILOT], nick: null }],
    [COUNCILLOR, { roles: [...(smallGuild().members[3]?.roleIds ?? [])], nick: null }],
  ]);
  for (const event of events) {
    if (event.t === GatewayDispatchEvents.GuildMemberRemove) mirror.delete(event.d.user.id);
    if (
      event.t === GatewayDispatchEvents.GuildMemberAdd ||
      event.t === GatewayDispatchEvents.GuildMemberUpdate
    ) {
      const { user, roles, nick } = event.d;
      if (user.id !== BOT) mirror.set(user.id, { roles, nick });
    }
  }
  return mirror;
}

/** A small generator of repeatable random numbers. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
