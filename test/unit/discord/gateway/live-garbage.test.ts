import { describe, expect, it } from 'vitest';

import { createSessionMemory } from '../../../fakes/live-memory.js';
import { eventually } from '../../../support/eventually.js';
import { GUILD, MEMBER, ROLE } from '../gateway-setup.js';
import { member, ourGuild, startDiscord, startSession, stranger } from './live-setup.js';

const READY = {
  session_id: 'of somebody else',
  resume_gateway_url: 'wss://resume.example.org',
  user: { id: '1' },
};
const left = { guild_id: GUILD, user: { id: MEMBER } };

/** A live session, and the sandbox that sends it whatever a test likes. */
async function receiving(options: Parameters<typeof startDiscord>[0] = {}) {
  const discord = await startDiscord(options);
  const live = startSession(discord.apiBase);
  await live.heard('guildAvailable');
  return { ...discord, live, inject: (payload: unknown) => discord.gateway.inject({ payload }) };
}

describe('a malformed frame', () => {
  it.each<readonly [unknown]>([
    ['text'],
    [null],
    [17],
    [[]],
    [{}],
    [{ op: '0' }],
    [{ op: 99, d: {} }],
    [{ op: 0 }],
    [{ op: 0, t: 'GUILD_MEMBER_REMOVE', d: left }],
    [{ op: 0, t: 'GUILD_MEMBER_REMOVE', s: '12', d: left }],
    [{ op: 0, t: 'GUILD_MEMBER_REMOVE', s: -1, d: left }],
    [{ op: 0, t: 'READY', s: 99, d: READY }],
    [{ op: 0, t: 'RESUMED', s: 99, d: null }],
    [{ op: 10, d: { heartbeat_interval: 500 } }],
    [{ op: 11, d: 'x' }],
  ])('like %j changes nothing', async (payload) => {
    const { live, inject, moderator, gateway } = await receiving();

    inject(payload);
    moderator.join(stranger);
    await live.caughtUp(gateway);

    expect(live.changes().map(({ kind }) => kind)).toEqual(['guildAvailable', 'memberShown']);
    expect(gateway.sessions()).toMatchObject([{ state: 'connected', resumes: 0 }]);
    expect(live.gaps()).toHaveLength(1);
  });

  it.each<readonly [unknown]>([
    [{ op: 0, t: 'READY', s: 1, d: null }],
    [{ op: 10, d: null }],
    [{ op: 10, d: { heartbeat_interval: 0 } }],
    [{ op: 7 }],
    [{ op: 9, d: true }],
  ])('like %j costs a resume', async (payload) => {
    const { live, inject, moderator, gateway } = await receiving();

    inject(payload);
    moderator.join(stranger);
    await live.ready(2);
    await live.caughtUp(gateway);

    expect(live.changes().map(({ kind }) => kind)).toEqual(['guildAvailable', 'memberShown']);
    expect(live.gaps()).toHaveLength(1);
  });

  it('that ends the session without saying whether it can be resumed costs a new one', async () => {
    const { live, inject } = await receiving();

    inject({ op: 9 });
    await live.ready(2);

    expect(live.gaps()).toHaveLength(2);
  });

  it('does not raise the number of heartbeats', async () => {
    const { inject, gateway } = await receiving({
      gateway: { heartbeatIntervalMs: 1000 },
      limits: { gatewaySends: { limit: 20, windowMs: 60_000, window: 'fixed' } },
    });
    const injectedAt = Date.now();

    for (let times = 0; times < 100; times += 1) inject({ op: 10, d: { heartbeat_interval: 500 } });
    // Each would have sent its first heartbeat by then, and Discord would have closed the connection.
    await eventually(() => (gateway.sessions()[0]?.lastHeartbeatAt ?? 0) > injectedAt + 600);

    expect(gateway.sessions()).toMatchObject([{ state: 'connected', resumes: 0 }]);
  });
});

describe('an unreadable event', () => {
  it('is reported with its number, so that a gap can follow', async () => {
    const { live, inject } = await receiving();
    const { sequence } = live.lastPosition();

    inject({ op: 0, t: 'GUILD_MEMBER_UPDATE', s: sequence + 1, d: { ...left, roles: ROLE } });
    await eventually(() => live.lastPosition().sequence > sequence);

    expect(live.ofKind('unreadable')).toEqual([
      { kind: 'unreadable', name: 'GUILD_MEMBER_UPDATE', reason: 'roles, user' },
    ]);
    expect(live.lastPosition().sequence).toBe(sequence + 1);
  });

  it('of two megabytes is not read, and the next one is', async () => {
    const { live, moderator, gateway } = await receiving();

    moderator.setNick({ ...member, nick: 'x'.repeat(2 * 1024 * 1024) });
    moderator.leave(member);
    await live.caughtUp(gateway);

    expect(live.ofKind('unreadable')).toContainEqual({
      kind: 'unreadable',
      name: 'GUILD_MEMBER_UPDATE',
      reason: 'too long',
    });
    expect(live.changes().at(-1)).toMatchObject({ kind: 'memberLeft' });
    expect(gateway.sessions()).toMatchObject([{ resumes: 0 }]);
  });

  it('that is too long to be received at all ends the session after some tries', async () => {
    const { live, moderator, gateway } = await receiving({
      gateway: { replayCharacters: 100_000_000 },
    });

    moderator.setNick({ ...member, nick: 'x'.repeat(9 * 1024 * 1024) });
    await live.ready(2);

    const lost = live.states().filter(({ kind }) => kind === 'LOST');
    expect(lost.length).toBeGreaterThan(1);
    expect(lost.length).toBeLessThan(10);
    expect(lost[0]).toMatchObject({
      reason: expect.stringMatching(/^Discord sent a message of 9/),
    });
    expect(live.gaps().at(-1)).toBe('a new session began: the session did not go on');
    moderator.leave(member);
    await live.heard('memberLeft');
    expect(gateway.sessions().some(({ state }) => state === 'connected')).toBe(true);
  });
});

describe('an event', () => {
  it('of any guild is reported with that guild', async () => {
    const other = '300000000000000777';
    const { live, moderator } = await receiving({
      world: { guilds: [ourGuild(), ourGuild(other)] },
    });

    moderator.leave({ ...member, guildId: other });
    await live.heard('memberLeft');

    expect(live.ofKind('event').at(-1)?.event).toEqual({
      guildId: other,
      change: { kind: 'memberLeft', discordUserId: MEMBER },
    });
  });

  it('with a number that was already received is ignored', async () => {
    const { live, inject, moderator, gateway } = await receiving();

    inject({ op: 0, t: 'GUILD_MEMBER_REMOVE', s: 1, d: left });
    inject({ op: 0, t: 'GUILD_MEMBER_REMOVE', s: 2, d: left });
    moderator.join(stranger);
    await live.caughtUp(gateway);

    expect(live.changes().map(({ kind }) => kind)).toEqual(['guildAvailable', 'memberShown']);
    expect(live.gaps()).toHaveLength(1);
  });

  it('whose number jumps ahead is not believed: a resume brings what is missing', async () => {
    const { live, inject, moderator, gateway } = await receiving();

    inject({ op: 0, t: 'GUILD_MEMBER_REMOVE', s: 1_000_000, d: left });
    moderator.join(stranger);
    await live.ready(2);
    await live.caughtUp(gateway);

    expect(live.changes().map(({ kind }) => kind)).toEqual(['guildAvailable', 'memberShown']);
    expect(live.gaps()).toHaveLength(1);
    expect(live.states()).toContainEqual({ kind: 'LOST', reason: 'events were missing' });
  });

  it('that a resume does not bring is a gap', async () => {
    const discord = await startDiscord();
    const memory = createSessionMemory();
    const first = startSession(discord.apiBase, memory);
    await first.heard('guildAvailable');
    memory.positions.set(0, first.lastPosition());
    // RESUMED has a number that the stored position does not reach, and no resume repeats it.
    discord.gateway.cut();
    await first.ready(2);
    await first.session.stop();

    const second = startSession(discord.apiBase, memory);
    await second.ready();
    discord.moderator.leave(member);
    await second.heard('memberLeft');

    expect(second.gaps()).toEqual(['Discord skipped events 3 to 4']);
    expect(second.states().map(({ kind }) => kind)).toEqual(['CONNECTING', 'LOST', 'READY']);
    expect(second.memory.limits).toHaveLength(1);

    // From here on the numbers prove nothing: if they go back, the session is given up.
    const payload = { op: 0, t: 'GUILD_MEMBER_REMOVE', s: 3, d: left };
    discord.gateway.inject({ payload });
    await second.ready(2);

    expect(second.gaps()).toHaveLength(2);
    expect(second.gaps()[1]).toBe('a new session began: the numbers of the events went back');
  });

  it('before the session begins is ignored', async () => {
    const discord = await startDiscord();
    discord.gateway.faults.plant({ effect: { kind: 'invalidSession' } });
    const live = startSession(discord.apiBase);

    await live.ready();
    await live.heard('guildAvailable');

    expect(live.changes().map(({ kind }) => kind)).toEqual(['guildAvailable']);
  });
});

describe('faults of delivery', () => {
  it.each(['double', 'drop', 'reorder'] as const)(
    'like %s keep their order and cost no resume',
    async (kind) => {
      const { live, moderator, gateway } = await receiving();
      gateway.faults.plant({ effect: { kind }, event: 'GUILD_MEMBER_UPDATE', times: 5 });

      for (let times = 0; times < 20; times += 1)
        moderator.setNick({ ...member, nick: `Name ${times}` });
      gateway.faults.clear();
      await live.caughtUp(gateway);

      expect(live.sequences()).toEqual(live.sequences().map((_number, index) => index + 1));
      expect(gateway.sessions()).toMatchObject([{ resumes: 0 }]);
      const shown = live.changes().filter((change) => change.kind === 'memberShown');
      expect(shown.at(-1)?.member.nickname).toBe('Name 19');
    },
  );
});
