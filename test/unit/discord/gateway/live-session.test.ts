import { describe, expect, it } from 'vitest';

import { eventually } from '../../../support/eventually.js';
import { GUILD, MEMBER, ROLE, TOKEN } from '../gateway-setup.js';
import {
  APPLICATION,
  BOT,
  member,
  ourGuild,
  OWNER,
  role,
  startDiscord,
  startSession,
  stranger,
  STRANGER,
} from './live-setup.js';

describe('a first session', () => {
  it('begins with a gap, and then becomes ready', async () => {
    const { apiBase, gateway } = await startDiscord();
    const live = startSession(apiBase);

    await live.ready();

    expect(live.states()).toEqual([{ kind: 'CONNECTING' }, { kind: 'READY', isResumed: false }]);
    expect(live.gaps()).toEqual(['a new session began: no earlier session is stored']);
    expect(live.reported.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['gap', 'position']),
    );
    const [session] = gateway.sessions();
    expect(live.lastPosition()).toMatchObject({
      shardId: 0,
      shardCount: 1,
      sessionId: session?.sessionId,
    });
    // Guilds, members and moderation.
    expect(session).toMatchObject({ intents: 0b111, compression: 'none' });
  });

  it('asks for one session start, with what Discord has just said', async () => {
    const { apiBase } = await startDiscord({ limits: { gatewayIdentifies: null } });
    const live = startSession(apiBase);

    await live.ready();

    expect(live.memory.limits).toEqual([{ remaining: 1000, resetAfterMs: expect.any(Number) }]);
  });
});

describe('an event', () => {
  type Moderator = Awaited<ReturnType<typeof startDiscord>>['moderator'];
  type Gateway = Awaited<ReturnType<typeof startDiscord>>['gateway'];
  it.each<readonly [string, object, (moderator: Moderator, gateway: Gateway) => void]>([
    [
      'a role given by hand',
      {
        kind: 'memberShown',
        discordUserId: MEMBER,
        hasJoined: false,
        member: { roleIds: [ROLE], username: 'ada', displayName: 'Ada' },
      },
      (moderator) => moderator.giveRole({ ...member, roleId: ROLE }),
    ],
    [
      'its audit log entry',
      {
        kind: 'handEntry',
        discordUserId: MEMBER,
        byDiscordUserId: OWNER,
        added: [ROLE],
        removed: [],
      },
      (moderator) => moderator.giveRole({ ...member, roleId: ROLE }),
    ],
    [
      'a new member',
      { kind: 'memberShown', discordUserId: STRANGER, hasJoined: true },
      (moderator) => moderator.join(stranger),
    ],
    [
      'a member who left',
      { kind: 'memberLeft', discordUserId: MEMBER },
      (moderator) => moderator.leave(member),
    ],
    [
      'a nickname',
      { kind: 'memberShown', discordUserId: MEMBER, member: { nickname: 'Al' } },
      (moderator) => moderator.setNick({ ...member, nick: 'Al' }),
    ],
    [
      'a time-out',
      { kind: 'memberShown', member: { timedOutUntil: new Date('2030-01-01T00:00:00Z') } },
      (moderator) => moderator.setTimeOut({ ...member, until: '2030-01-01T00:00:00Z' }),
    ],
    [
      'a ban',
      { kind: 'ban', discordUserId: MEMBER, isBanned: true },
      (moderator) => moderator.ban(member),
    ],
    [
      'the end of a ban',
      { kind: 'ban', discordUserId: MEMBER, isBanned: false },
      (moderator) => {
        moderator.ban(member);
        moderator.unban(member);
      },
    ],
    [
      'a new role',
      { kind: 'rolesChanged' },
      (moderator) => void moderator.createRole({ guildId: GUILD, name: 'miner' }),
    ],
    ['a deleted role', { kind: 'rolesChanged' }, (moderator) => moderator.deleteRole(role)],
    [
      'a moved role',
      { kind: 'rolesChanged' },
      (moderator) => moderator.moveRole({ ...role, position: 2 }),
    ],
    [
      'a role of the bot itself',
      { kind: 'rolesChanged' },
      (moderator) => moderator.giveRole({ guildId: GUILD, discordUserId: BOT, roleId: ROLE }),
    ],
    [
      'an outage of the guild',
      { kind: 'guildUnavailable' },
      (_, gateway) => gateway.setGuildUnavailable({ guildId: GUILD, isUnavailable: true }),
    ],
    [
      'the end of an outage',
      { kind: 'guildAvailable' },
      (_, gateway) => {
        gateway.setGuildUnavailable({ guildId: GUILD, isUnavailable: true });
        gateway.setGuildUnavailable({ guildId: GUILD, isUnavailable: false });
      },
    ],
    [
      'the bot’s removal from the guild',
      { kind: 'guildLeft' },
      (moderator) => moderator.kick({ guildId: GUILD, discordUserId: BOT }),
    ],
    ['the end of the guild', { kind: 'guildLeft' }, (moderator) => moderator.deleteGuild(GUILD)],
  ])('reports %s', async (_, change, happens) => {
    const { apiBase, moderator, gateway } = await startDiscord();
    const live = startSession(apiBase);
    await live.heard('guildAvailable');
    const before = live.changes().length;

    happens(moderator, gateway);

    await expect
      .poll(() => live.changes().slice(before))
      .toContainEqual(expect.objectContaining(matching(change)));
    for (const { event } of live.ofKind('event')) expect(event.guildId).toBe(GUILD);
  });

  it('of the bot’s own writes comes back, but its audit log entry does not', async () => {
    const { apiBase, gateway } = await startDiscord();
    const live = startSession(apiBase);
    await live.heard('guildAvailable');
    const target = { clientId: 'client-1', guildId: GUILD, revision: 'first' } as const;

    await live.rest.addRole({
      member: { ...target, discordUserId: MEMBER, isUrgent: true },
      roleId: ROLE,
      reason: 'record 1',
    });
    await live.heard('memberShown');
    await live.caughtUp(gateway);

    expect(live.changes().map(({ kind }) => kind)).toEqual(['guildAvailable', 'memberShown']);
    // READY, the guild, the member and the entry.
    expect(live.lastPosition().sequence).toBe(4);
  });
});

/** Nested objects match if they contain the given fields. */
function matching(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]: [string, unknown]) => [
      key,
      key === 'member' && typeof value === 'object' ? expect.objectContaining(value) : value,
    ]),
  );
}

describe('a heartbeat', () => {
  it('reports its latency', async () => {
    const { apiBase } = await startDiscord({ gateway: { heartbeatIntervalMs: 500 } });
    const live = startSession(apiBase);

    await eventually(() => live.ofKind('heartbeat').length >= 2);

    for (const { latencyMs } of live.ofKind('heartbeat')) {
      expect(latencyMs).toBeGreaterThanOrEqual(0);
      expect(latencyMs).toBeLessThan(60_000);
    }
  });

  it('is sent at once when Discord asks for one, but at most once a second', async () => {
    const { apiBase, gateway } = await startDiscord({
      limits: { gatewaySends: { limit: 10, windowMs: 60_000, window: 'fixed' } },
    });
    const live = startSession(apiBase);
    await live.ready();

    for (let times = 0; times < 50; times += 1) gateway.requestHeartbeat();
    await eventually(() => live.ofKind('heartbeat').length > 0);

    expect(gateway.sessions()).toMatchObject([{ state: 'connected', resumes: 0 }]);
    expect(live.ofKind('heartbeat').length).toBeLessThan(10);
  });
});

describe('two shards', () => {
  it('receive the events of their own guilds', async () => {
    const other = String(BigInt(GUILD) + (1n << 22n));
    const { apiBase, gateway, moderator } = await startDiscord({
      world: { guilds: [ourGuild(), ourGuild(other)] },
      gateway: { maxGuildsPerShard: 1, maxConcurrency: 2 },
    });
    const live = startSession(apiBase);
    await live.ready(2);
    await live.heard('guildAvailable', 2);

    moderator.leave(member);
    moderator.leave({ ...member, guildId: other });
    await live.heard('memberLeft', 2);

    expect(gateway.sessions().map(({ shard }) => shard)).toEqual(
      expect.arrayContaining([
        [0, 2],
        [1, 2],
      ]),
    );
    const left = live.ofKind('event').filter(({ event }) => event.change.kind === 'memberLeft');
    for (const { event, position } of left)
      expect(Number((BigInt(event.guildId) >> 22n) % 2n)).toBe(position.shardId);
    expect(live.gaps()).toHaveLength(2);
  });
});

it('a token appears in no log line and no state', async () => {
  const { apiBase, gateway } = await startDiscord();
  const live = startSession(apiBase);
  await live.ready();

  gateway.close({ code: 4004 });
  await live.reached('REFUSED');

  const text = JSON.stringify([live.logs, live.reported]);
  expect(text).toContain(APPLICATION);
  expect(text).not.toContain(TOKEN);
});
