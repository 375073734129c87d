import { describe, expect, it } from 'vitest';

import { eventually } from '../../../support/eventually.js';
import { createSessionMemory } from '../../../fakes/live-memory.js';
import { GUILD, MEMBER, ROLE } from '../gateway-setup.js';
import { member, startDiscord, startSession, stranger } from './live-setup.js';

type Gateway = Awaited<ReturnType<typeof startDiscord>>['gateway'];

const BREAKS: readonly (readonly [string, (gateway: Gateway) => void])[] = [
  ['a cut connection', (gateway) => gateway.cut()],
  ['a request to reconnect', (gateway) => gateway.reconnect()],
  ['a resumable invalidation', (gateway) => gateway.invalidate({ isResumable: true })],
  ['a silent connection', (gateway) => gateway.freeze()],
  ['a half-open connection', (gateway) => gateway.freeze({ isHalfOpen: true })],
  ...[1000, 1001, 4000, 4001, 4002, 4005, 4008, 4009].map(
    (code) => [`close code ${code}`, (gateway: Gateway) => gateway.close({ code })] as const,
  ),
];

describe('a session', () => {
  it.each(BREAKS)('resumes after %s, and misses nothing', async (name, breaks) => {
    // Short enough to notice silence, long enough for a busy machine.
    const isSilent = /silent|half-open/.test(name);
    const heartbeatIntervalMs = isSilent ? 1500 : 41_250;
    const { apiBase, gateway, moderator } = await startDiscord({
      gateway: { heartbeatIntervalMs },
    });
    const live = startSession(apiBase);
    await live.heard('guildAvailable');

    breaks(gateway);
    moderator.giveRole({ ...member, roleId: ROLE });
    moderator.leave(member);
    await live.ready(2);
    moderator.join(member);
    await live.caughtUp(gateway);

    expect(live.changes().map(({ kind }) => kind)).toEqual([
      'guildAvailable',
      'memberShown',
      'handEntry',
      'memberLeft',
      'memberShown',
    ]);
    expect(live.sequences()).toEqual(live.sequences().map((_number, index) => index + 1));
    expect(live.gaps()).toHaveLength(1);
    expect(live.states().map(({ kind }) => kind)).toEqual(['CONNECTING', 'READY', 'LOST', 'READY']);
    expect(live.states().at(-1)).toEqual({ kind: 'READY', isResumed: true });
    expect(live.memory.limits).toHaveLength(1);
    expect(gateway.sessions()).toMatchObject([{ state: 'connected', resumes: 1 }]);
  });

  it('notices a half-open connection without waiting for its closing frame', async () => {
    const { apiBase, gateway } = await startDiscord({ gateway: { heartbeatIntervalMs: 500 } });
    const live = startSession(apiBase);
    await eventually(() => live.ofKind('heartbeat').length > 0);
    const frozenAt = performance.now();

    gateway.freeze({ isHalfOpen: true });
    await live.ready(2);

    // The library alone would wait half a minute for the closing frame.
    expect(performance.now() - frozenAt).toBeLessThan(20_000);
    expect(live.states()).toContainEqual({ kind: 'LOST', reason: 'Discord stopped responding' });
  });

  it.each<readonly [string, (gateway: Gateway) => void]>([
    ['an invalidation', (gateway) => gateway.invalidate({ isResumable: false })],
    ['close code 4003', (gateway) => gateway.close({ code: 4003 })],
    ['close code 4007', (gateway) => gateway.close({ code: 4007 })],
  ])('begins anew after %s, with a gap and without the old position', async (_, breaks) => {
    const { apiBase, gateway } = await startDiscord();
    const memory = createSessionMemory();
    const live = startSession(apiBase, memory);
    await live.ready();
    const old = live.lastPosition();
    memory.positions.set(0, old);

    breaks(gateway);
    await live.ready(2);

    expect(memory.positions.get(0)).toBeUndefined();
    expect(live.lastPosition().sessionId).not.toBe(old.sessionId);
    expect(live.gaps()[1]).toMatch(/^a new session began: Discord (ended|closed) the /);
    expect(live.states().at(-1)).toEqual({ kind: 'READY', isResumed: false });
    expect(memory.limits).toHaveLength(2);
  });

  it('begins anew if it was away for too long', async () => {
    const { apiBase, gateway, moderator } = await startDiscord({
      gateway: { resumableMs: 0 },
    });
    const live = startSession(apiBase);
    await live.heard('guildAvailable');

    gateway.cut();
    moderator.leave(member);
    await live.heard('guildAvailable', 2);

    expect(live.gaps()).toHaveLength(2);
    expect(live.changes().map(({ kind }) => kind)).not.toContain('memberLeft');
  });

  it('survives many breaks in a row, with every event once and in order', async () => {
    const { apiBase, gateway, moderator } = await startDiscord();
    const live = startSession(apiBase);
    await live.heard('guildAvailable');
    const breaks = [
      () => gateway.cut(),
      () => gateway.reconnect(),
      () => gateway.close(),
      () => gateway.invalidate({ isResumable: true }),
    ];

    for (let round = 0; round < 12; round += 1) {
      for (let times = 0; times < 20; times += 1)
        moderator.setNick({ ...member, nick: `Name ${round} ${times}` });
      breaks[round % breaks.length]?.();
      for (let times = 20; times < 40; times += 1)
        moderator.setNick({ ...member, nick: `Name ${round} ${times}` });
      await live.ready(round + 2);
    }
    await live.caughtUp(gateway);

    const nicknames = live
      .changes()
      .flatMap((change) => (change.kind === 'memberShown' ? [change.member.nickname] : []));
    const expected = Array.from({ length: 12 * 40 }, (_, index) => {
      const round = Math.floor(index / 40);
      return `Name ${round} ${index % 40}`;
    });
    expect(nicknames).toEqual(expected);
    expect(live.gaps()).toHaveLength(1);
  });
});

describe('another process', () => {
  it('resumes after the stored position, without losing or repeating an event', async () => {
    const { apiBase, gateway, moderator } = await startDiscord();
    const memory = createSessionMemory();
    const first = startSession(apiBase, memory);
    await first.heard('guildAvailable');
    moderator.giveRole({ ...member, roleId: ROLE });
    await first.heard('memberShown');
    memory.positions.set(0, first.ofKind('event').at(-1)?.position ?? first.lastPosition());
    const committed = first.changes().length;

    await first.session.stop();
    moderator.takeRole({ ...member, roleId: ROLE });
    moderator.leave(member);
    const second = startSession(apiBase, memory);
    await second.ready();
    moderator.join(stranger);
    await second.caughtUp(gateway);

    expect(gateway.sessions()).toMatchObject([{ state: 'connected', resumes: 1 }]);
    expect([...first.changes().slice(0, committed), ...second.changes()]).toMatchObject([
      { kind: 'guildAvailable' },
      { kind: 'memberShown', member: { roleIds: [ROLE] } },
      { kind: 'handEntry', added: [ROLE] },
      { kind: 'memberShown', member: { roleIds: [] } },
      { kind: 'handEntry', removed: [ROLE] },
      { kind: 'memberLeft', discordUserId: MEMBER },
      { kind: 'memberShown', hasJoined: true },
    ]);
    expect(second.gaps()).toEqual([]);
    expect(second.states()).toEqual([{ kind: 'CONNECTING' }, { kind: 'READY', isResumed: true }]);
    expect(memory.limits).toHaveLength(1);
  });

  it('receives events again whose effects were not stored', async () => {
    const { apiBase, gateway, moderator } = await startDiscord();
    const memory = createSessionMemory();
    const first = startSession(apiBase, memory);
    await first.heard('guildAvailable');
    memory.positions.set(0, first.lastPosition());
    moderator.leave(member);
    await first.heard('memberLeft');

    await first.session.stop();
    const second = startSession(apiBase, memory);
    await second.heard('memberLeft');

    await second.caughtUp(gateway);
    expect(second.changes()).toEqual([{ kind: 'memberLeft', discordUserId: MEMBER }]);
    expect(second.gaps()).toEqual([]);
  });

  it('knows which events are the bot’s own although Discord does not name the bot', async () => {
    const { apiBase, gateway } = await startDiscord();
    const memory = createSessionMemory();
    const first = startSession(apiBase, memory);
    await first.heard('guildAvailable');
    memory.positions.set(0, first.lastPosition());
    await first.session.stop();

    const second = startSession(apiBase, memory);
    await second.ready();
    const target = { clientId: 'client-1', guildId: GUILD, revision: 'first', isUrgent: true };
    await second.rest.addRole({
      member: { ...target, discordUserId: MEMBER },
      roleId: ROLE,
      reason: 'record 1',
    });
    await second.caughtUp(gateway);

    expect(second.changes().map(({ kind }) => kind)).toEqual(['memberShown']);
  });

  it('begins with a gap if Discord no longer knows the stored session', async () => {
    const { apiBase } = await startDiscord();
    const memory = createSessionMemory();
    memory.positions.set(0, {
      shardId: 0,
      shardCount: 1,
      sessionId: 'forgotten',
      resumeUrl: apiBase.replace('http', 'ws').replace('/api/v10', ''),
      sequence: 12,
    });

    const live = startSession(apiBase, memory);
    await live.ready();

    expect(memory.positions.size).toBe(0);
    expect(live.gaps()).toEqual(['a new session began: Discord ended the session']);
    expect(live.lastPosition().sequence).toBeLessThan(12);
  });

  it('does not use the position of another number of shards', async () => {
    const { apiBase } = await startDiscord();
    const memory = createSessionMemory();
    const position = { shardId: 0, sessionId: 'old', resumeUrl: 'ws://x', sequence: 1 };
    memory.positions.set(0, { ...position, shardCount: 2 });

    const live = startSession(apiBase, memory);
    await live.ready();

    expect(live.gaps()).toEqual(['a new session began: the number of shards changed']);
  });

  it.each(['https://example.org', 'ws://u:p@127.0.0.1', 'not an address'])(
    'sends no token to the stored address %j',
    async (resumeUrl) => {
      const { apiBase, gateway } = await startDiscord();
      const memory = createSessionMemory();
      const first = startSession(apiBase, memory);
      await first.ready();
      memory.positions.set(0, { ...first.lastPosition(), resumeUrl });
      await first.session.stop();

      const second = startSession(apiBase, memory);
      await second.ready();

      expect(second.states().at(-1)).toEqual({ kind: 'READY', isResumed: true });
      expect(gateway.sessions()).toMatchObject([{ resumes: 1 }]);
    },
  );

  it('takes the session over from a process that still has it', async () => {
    const { apiBase, gateway, moderator } = await startDiscord();
    const memory = createSessionMemory();
    const first = startSession(apiBase, memory, {
      // A paused process does not come back at once.
      timing: { shortestWaitMs: 600_000, longestWaitMs: 600_000 },
    });
    await first.heard('guildAvailable');
    memory.positions.set(0, first.lastPosition());

    const second = startSession(apiBase, memory);
    await second.ready();
    moderator.leave(member);
    await second.caughtUp(gateway);

    await first.reached('LOST');
    expect(first.changes().map(({ kind }) => kind)).not.toContain('memberLeft');
    expect(second.changes().map(({ kind }) => kind)).toEqual(['memberLeft']);
    expect(second.gaps()).toEqual([]);
  });
});

describe('a stop', () => {
  it('reports nothing afterwards, and leaves the session resumable', async () => {
    const { apiBase, gateway, moderator } = await startDiscord();
    const live = startSession(apiBase);
    await live.heard('guildAvailable');

    await live.session.stop();
    const reported = live.reported.length;
    moderator.leave(member);
    await eventually(() => gateway.sessions()[0]?.state === 'resumable');

    expect(live.reported).toHaveLength(reported);
  });

  it('waits neither for a half-open connection nor for a call', async () => {
    const { apiBase, gateway } = await startDiscord();
    const live = startSession(apiBase);
    await live.ready();
    gateway.freeze({ isHalfOpen: true });
    const silent = startSession(apiBase, createSessionMemory(), {
      readGatewayInformation: () => new Promise(() => undefined),
    });
    await silent.reached('CONNECTING');
    const startedAt = performance.now();

    await Promise.all([live.session.stop(), silent.session.stop()]);

    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});
