import { afterEach, describe, expect, test } from 'vitest';

import {
  openBotFeed,
  type BotFeed,
  type FeedDeps,
  type SessionHooks,
} from '../../../../services/discord/gateway/bot-feed.js';
import type {
  LiveBot,
  LiveChange,
  SessionPosition,
} from '../../../../services/discord/gateway/ports.js';
import { TerminalError, UnavailableError } from '../../../../services/lib/errors.js';
import { silentLogger } from '../../../../services/lib/logger.js';
import { eventually } from '../../../support/eventually.js';

const GUILD = { clientId: 'client', guildId: '100', revision: '1' };
const SHARD = { shardId: 0, shardCount: 1 };
const BOT: LiveBot = { applicationId: '200', clients: [GUILD] };
const at = (sequence: number): SessionPosition => ({
  shardId: 0,
  shardCount: 1,
  sessionId: 'session',
  resumeUrl: 'wss://gateway.example',
  sequence,
});
const shown = (discordUserId: string): LiveChange => ({
  kind: 'memberShown',
  discordUserId,
  hasJoined: false,
  member: {
    roleIds: [],
    username: discordUserId,
    displayName: null,
    nickname: null,
    isPending: false,
    timedOutUntil: null,
  },
});

const open: BotFeed[] = [];
afterEach(async () => Promise.all(open.splice(0).map((feed) => feed.stop())));

/** A feed whose session and store are played by the test. */
function aFeed({
  applyEvents,
  ...given
}: Partial<FeedDeps> & { readonly applyEvents?: FeedDeps['memory']['applyEvents'] } = {}) {
  const done: (readonly [string, ...unknown[]])[] = [];
  const note =
    (name: string) =>
    async (...about: unknown[]): Promise<void> =>
      void done.push([name, ...about]);
  let hooks: SessionHooks | undefined;
  let nowMs = 0;
  const deps: FeedDeps = {
    memory: {
      applyEvents:
        applyEvents ??
        (async (batch) => {
          done.push(['applied', batch]);
          return 0;
        }),
      saveLiveState: async (clientIds, state) => void done.push(['state', clientIds, state]),
      openGap: note('gap'),
      saveUnavailable: note('unavailable'),
    },
    openSession: (_bot, given_) => {
      hooks = given_;
      return { stop: note('closed') };
    },
    nameHands: note('hands'),
    followRoles: note('roles'),
    followPresence: note('presence'),
    stopClient: note('stopped'),
    isInWork: () => false,
    observed: { liveBatch: () => undefined, liveGap: () => undefined },
    logger: silentLogger,
    monotonicMs: () => nowMs,
    timing: { gatherMs: 1, rolesMs: 1 },
    ...given,
  };
  const feed = openBotFeed(deps, BOT);
  open.push(feed);
  if (hooks === undefined) throw new Error('no session was opened');
  const session = hooks;
  const named = (name: string) => done.filter(([each]) => each === name).map(([, ...rest]) => rest);
  return {
    feed,
    done,
    named,
    session,
    send: (change: LiveChange, sequence: number, guildId = GUILD.guildId) =>
      session.onEvent({ guildId, change }, at(sequence)),
    pass: (ms: number) => void (nowMs += ms),
    seen: async (name: string, times = 1) =>
      eventually(() => Promise.resolve(named(name).length >= times), { what: `${name} is done` }),
  };
}

describe('the feed of a bot', () => {
  test('applies the events of a moment together, and saves the last position', async () => {
    const world = aFeed();

    world.send(shown('1'), 1);
    world.send(shown('2'), 2);
    world.send({ kind: 'memberLeft', discordUserId: '1' }, 3);

    await world.seen('applied');
    expect(world.named('applied')).toMatchObject([
      [
        {
          applicationId: '200',
          position: { sequence: 3 },
          clients: [{ shown: [{ discordUserId: '2' }], left: ['1'] }],
        },
      ],
    ]);
  });

  test('applies the event of a member only after their run has ended', async () => {
    let isRunning = true;
    const world = aFeed({ isInWork: ({ discordUserId }) => isRunning && discordUserId === '1' });
    world.send(shown('1'), 1);
    world.send(shown('2'), 2);
    await world.seen('applied');
    const early = world.named('applied').flatMap(([batch]) => Object(batch).clients);

    isRunning = false;

    await eventually(() =>
      Promise.resolve(JSON.stringify(world.named('applied')).includes('"discordUserId":"1"')),
    );
    expect(early).toMatchObject([{ shown: [{ discordUserId: '2' }] }]);
  });

  test('repeats a batch that the database did not take, with what came meanwhile', async () => {
    let failures = 2;
    const batches: unknown[] = [];
    const world = aFeed({
      applyEvents: async (batch) => {
        failures -= 1;
        if (failures >= 0) throw new UnavailableError('the database is away');
        batches.push(batch);
        return 0;
      },
    });

    world.send(shown('1'), 1);
    world.send({ kind: 'memberLeft', discordUserId: '1' }, 2);

    await eventually(() => Promise.resolve(batches.length > 0));
    expect(batches).toMatchObject([{ position: { sequence: 2 }, clients: [{ left: ['1'] }] }]);
  });

  test('ignores guilds of nobody, but moves past their events', async () => {
    const world = aFeed();
    world.send(shown('1'), 1, '999');
    world.send(shown('2'), 2);

    await world.seen('applied');

    expect(world.named('applied')).toMatchObject([
      [{ position: { sequence: 2 }, clients: [{ shown: [{ discordUserId: '2' }] }] }],
    ]);
  });

  test('opens a gap before it is live after a new session, and none after a resumed one', async () => {
    const fresh = aFeed();
    fresh.session.onGap({ ...SHARD, reason: 'a new session begins' });
    fresh.session.onState({ kind: 'READY', isResumed: false }, SHARD);
    await fresh.seen('state', 2);
    const resumed = aFeed();
    resumed.session.onState({ kind: 'READY', isResumed: true }, SHARD);
    await resumed.seen('state', 2);

    const order = fresh.done.filter(([name]) => name === 'state' || name === 'gap');
    expect(order.map(([name, , state]) => (name === 'gap' ? name : Object(state).state))).toEqual([
      'CONNECTING',
      'gap',
      'LIVE',
    ]);
    expect(resumed.named('gap')).toEqual([]);
  });

  test('is live only when the events that a resumed session repeats are applied', async () => {
    let isAway = true;
    const order: string[] = [];
    const world = aFeed({
      applyEvents: () => {
        if (isAway) return Promise.reject(new UnavailableError('the database is away'));
        order.push('applied');
        return Promise.resolve(0);
      },
    });
    world.send(shown('1'), 1);
    world.session.onState({ kind: 'READY', isResumed: true }, SHARD);
    await eventually(() => Promise.resolve(world.named('roles').length === 1));
    expect(world.named('state').map(([, state]) => Object(state).state)).toEqual(['CONNECTING']);

    isAway = false;

    await world.seen('state', 2);
    expect(order[0]).toBe('applied');
  });

  test('is not live if the session was lost before its events were applied', async () => {
    let release = (): void => undefined;
    const world = aFeed({
      applyEvents: async () =>
        new Promise((resolve) => {
          release = () => resolve(0);
        }),
    });
    world.send(shown('1'), 1);
    world.session.onState({ kind: 'READY', isResumed: true }, SHARD);
    await eventually(() => Promise.resolve(world.named('roles').length === 1));
    world.session.onState({ kind: 'LOST', reason: 'the connection broke' }, SHARD);
    await eventually(() => {
      release();
      return Promise.resolve(world.named('state').length === 2);
    });
    release();
    await world.feed.stop();

    expect(world.named('state').map(([, state]) => Object(state).state)).not.toContain('LIVE');
  });

  test('says why events do not come', async () => {
    const world = aFeed();
    world.session.onState({ kind: 'READY', isResumed: true }, SHARD);
    await world.seen('state', 2);
    world.session.onState({ kind: 'LOST', reason: 'the connection broke' }, SHARD);
    world.session.onState({ kind: 'POLLING', reason: 'no intent', retryAt: new Date(0) }, SHARD);

    await world.seen('state', 4);

    expect(world.named('state').map(([, state]) => state)).toMatchObject([
      { state: 'CONNECTING', liveForMs: 0 },
      { state: 'LIVE', reason: null },
      { state: 'CONNECTING', reason: 'the connection broke', liveForMs: 0 },
      { state: 'POLLING', reason: 'no intent', liveForMs: 0 },
    ]);
  });

  test('stops its clients when Discord rejects the token', async () => {
    const world = aFeed();
    world.session.onState({ kind: 'REFUSED', reason: 'Discord rejected the bot token' }, SHARD);

    await world.seen('stopped');

    expect(world.named('stopped')).toEqual([[GUILD, 'Discord rejected the bot token']]);
  });

  test('extends the trust with heartbeats, but not with each', async () => {
    const world = aFeed();
    world.session.onState({ kind: 'READY', isResumed: true }, SHARD);
    await world.seen('state', 2);
    world.session.onHeartbeat({ ...SHARD, latencyMs: 1 });
    world.pass(15_000);
    world.session.onHeartbeat({ ...SHARD, latencyMs: 1 });
    world.session.onHeartbeat({ ...SHARD, latencyMs: 1 });
    await world.seen('state', 3);
    await world.feed.stop();

    expect(world.named('state').map(([, state]) => Object(state).state)).toEqual([
      'CONNECTING',
      'LIVE',
      'LIVE',
      'CONNECTING',
    ]);
  });

  test('saves the position of a quiet session with its heartbeats, once', async () => {
    const world = aFeed();
    world.session.onPosition(at(7));

    world.session.onHeartbeat({ ...SHARD, latencyMs: 1 });
    await world.seen('applied');
    world.session.onHeartbeat({ ...SHARD, latencyMs: 1 });
    await world.feed.stop();

    expect(world.named('applied')).toEqual([
      [{ applicationId: BOT.applicationId, position: at(7), clients: [] }],
    ]);
  });

  test('reads the roles once for many changes of a moment', async () => {
    let release = (): void => undefined;
    let readings = 0;
    const world = aFeed({
      followRoles: async () => {
        readings += 1;
        await new Promise<void>((resolve) => (release = resolve));
      },
    });
    for (let sequence = 1; sequence <= 5; sequence += 1)
      world.send({ kind: 'rolesChanged' }, sequence);
    await eventually(() => Promise.resolve(readings === 1));
    release();
    await eventually(() => Promise.resolve(readings === 2));
    release();
    await world.feed.stop();

    expect(readings).toBe(2);
  });

  test.each([
    ['again if Discord does not answer', new UnavailableError('Discord is away'), 2],
    ['once if Discord refuses', new TerminalError('UNKNOWN_GUILD', 'the bot is gone'), 1],
  ])('reads the roles %s', async (_, error, times) => {
    let readings = 0;
    const world = aFeed({
      followRoles: () => {
        readings += 1;
        return readings === 1 ? Promise.reject(error) : Promise.resolve();
      },
    });
    world.send({ kind: 'rolesChanged' }, 1);
    await eventually(() => Promise.resolve(readings === times));

    world.send({ kind: 'rolesChanged' }, 2);

    await eventually(() => Promise.resolve(readings === times + 1));
  });

  test('compares the guild after an outage, whose events never come, and counts no fault', async () => {
    const world = aFeed();
    world.send({ kind: 'guildUnavailable' }, 1);
    world.send({ kind: 'guildAvailable' }, 2);

    await world.seen('unavailable', 2);
    await world.seen('gap');

    expect(world.named('unavailable')).toEqual([
      ['client', true],
      ['client', false],
    ]);
    expect(world.named('presence')).toEqual([]);
  });

  test('pauses the client when the bot was removed, and checks it when the bot is back', async () => {
    const world = aFeed();
    world.send({ kind: 'guildLeft' }, 1);
    world.send({ kind: 'guildAvailable' }, 2);

    await world.seen('gap');
    await world.seen('presence', 2);

    expect(world.named('presence')).toEqual([
      [GUILD, false],
      [GUILD, true],
    ]);
    expect(world.named('gap')).toHaveLength(1);
  });

  test('applies what has arrived before it stops, and closes the session first', async () => {
    const world = aFeed({ timing: { gatherMs: 60_000 } });
    world.send(shown('1'), 1);

    await world.feed.stop();

    const names = world.done.map(([name]) => name).filter((name) => name !== 'state');
    expect(names).toEqual(['closed', 'applied']);
    expect(world.done.at(-1)).toMatchObject(['state', ['client'], { state: 'CONNECTING' }]);
  });

  test('drops a flood that the database does not take, and compares by a list instead', async () => {
    const world = aFeed({ timing: { gatherMs: 60_000 } });
    for (let sequence = 1; sequence <= 20_001; sequence += 1)
      world.send(shown(String(sequence)), sequence);

    await world.seen('applied');

    const order = world.done.map(([name]) => name).filter((name) => name !== 'state');
    expect(order).toEqual(['gap', 'applied']);
    expect(world.named('applied')).toMatchObject([
      [{ position: { sequence: 20_001 }, clients: [] }],
    ]);
  });

  test('compares a client that becomes live while the session is open', async () => {
    const world = aFeed();
    world.session.onState({ kind: 'READY', isResumed: true }, SHARD);
    const second = { clientId: 'second', guildId: '101', revision: '1' };

    world.feed.follow({ ...BOT, clients: [GUILD, second] });
    world.send(shown('1'), 1, '101');

    await world.seen('applied');
    expect(world.named('gap')).toEqual([[['second']]]);
    expect(world.named('applied')).toMatchObject([[{ clients: [{ clientId: 'second' }] }]]);
  });
});
