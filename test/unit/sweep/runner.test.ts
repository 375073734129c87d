import { describe, expect, test } from 'vitest';

import {
  DatabaseUnavailableError,
  RetryLaterError,
  UnavailableError,
} from '../../../services/lib/errors.js';
import { silentLogger } from '../../../services/lib/logger.js';
import type { SweepEnding, SweepMemory, SweepRun } from '../../../services/sweep/ports.js';
import { createRunner } from '../../../services/sweep/runner.js';
import { eventually } from '../../support/eventually.js';

const RUN: SweepRun = {
  id: 'sweep-1',
  clientId: 'client-1',
  kind: 'REMOTE_SYNC',
  isDryRun: true,
  enforceStrategy: null,
  traceparent: null,
  isForCrowd: false,
  attempts: 1,
  refusal: null,
  pausedMs: 0,
};

/** A memory with one waiting run, for a guild without linked members. */
function start(options: {
  readonly list?: () => Promise<never>;
  readonly counts: () => Promise<ReadonlyMap<string, number>>;
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly isOurs?: () => boolean;
  readonly renew?: () => Promise<boolean>;
  readonly run?: SweepRun;
}) {
  const waiting = [options.run ?? RUN];
  const seen = {
    endings: [] as SweepEnding[],
    released: 0,
    pausedMs: [] as number[],
    postponed: [] as { waitMs: number; reason: string }[],
  };
  const nothing = Promise.resolve(null);
  const memory: SweepMemory = {
    runs: {
      claim: async () => Promise.resolve(waiting.shift() ?? null),
      renew: options.renew ?? (async () => Promise.resolve(options.isOurs?.() ?? true)),
      async release() {
        seen.released += 1;
        return Promise.resolve();
      },
      async postpone(_id, until) {
        seen.postponed.push(until);
        return Promise.resolve(true);
      },
      async finish(_run, ending) {
        seen.endings.push(ending);
        return Promise.resolve({ heldIn: null, isNewDoubt: false });
      },
      refreshMirror: async () => nothing,
      saveUnlinkedHolders: async () => Promise.resolve(true),
      noteLeft: async () => nothing,
    },
    readDrift: async () => Promise.resolve([]),
    hasWritten: async () => false,
    readExpectation: async () =>
      Promise.resolve({
        roleNames: new Map(),
        linkedHolders: new Map(),
        expected: new Map(),
        runsSince: null,
        isLive: false,
        isBeingWritten: false,
        asOf: '',
      }),
    readLinkedMembers: async () =>
      Promise.resolve({
        askedAt: '',
        linked: new Set<string>(),
        present: new Set<string>(),
      }),
    readWaiting: async () => [],
    countLinkedMembers: async () => Promise.resolve(0),
    readOldest: async () => Promise.resolve([]),
    readScreened: async () => Promise.resolve([]),
    readNameRules: async () => nothing,
    readNamePage: async () => Promise.resolve([]),
  };
  const someone = {
    discordUserId: '1',
    roleIds: [],
    username: 'bot',
    displayName: null,
    nickname: null,
    isPending: false,
    timedOutUntil: null,
  };
  const runner = createRunner({
    memory,
    guildOf: async () =>
      Promise.resolve({
        listMembers: options.list ?? (async () => Promise.resolve([someone])),
        readRoleCounts: options.counts,
        refreshRoles: async () => Promise.resolve(),
      }),
    planNickname: () => ({
      nickname: null,
      nicknameBlocked: null,
      isWithheld: false,
    }),
    saveTrouble: async () => Promise.resolve(),
    onSweep: async () => Promise.resolve(async () => Promise.resolve()),
    async pause(ms, signal) {
      seen.pausedMs.push(ms);
      await options.pause?.(ms, signal);
    },
    clock: () => 0,
    logger: silentLogger,
  });
  return { runner, seen };
}

const inSeconds = (seconds: number) =>
  new RetryLaterError(new Date(seconds * 1_000), 'too many requests');

describe('the runner', () => {
  test('releases its sweep if it is stopped during a long wait', async () => {
    const { runner, seen } = start({
      counts: async () => Promise.reject(inSeconds(40)),
      pause: async (_ms, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve());
        }),
    });
    await runner.start();
    await eventually(() => seen.pausedMs.length > 0);

    await runner.stop();

    expect(seen).toEqual({
      endings: [],
      released: 1,
      pausedMs: [40_000],
      postponed: [],
    });
  });

  test('releases its sweep without a result if the database becomes unreachable', async () => {
    const { runner, seen } = start({
      counts: async () => Promise.resolve(new Map()),
      renew: async () => Promise.reject(new DatabaseUnavailableError('database unreachable')),
    });
    await runner.start();

    await eventually(() => seen.released > 0);
    await runner.stop();

    expect(seen).toEqual({
      endings: [],
      released: 1,
      pausedMs: [1_000],
      postponed: [],
    });
  });

  test('waits as long as Discord asks, and retries a call without a response', async () => {
    const answers = [inSeconds(30), new UnavailableError('no answer')];
    const { runner, seen } = start({
      async counts() {
        const error = answers.shift();
        if (error !== undefined) throw error;
        return Promise.resolve(new Map());
      },
    });
    await runner.start();

    await eventually(() => seen.endings.length > 0);
    await runner.stop();

    expect(seen.pausedMs).toEqual([30_000, 2_000]);
    expect(seen.endings).toMatchObject([{ state: 'DONE' }]);
  });

  test('postpones a sweep whose wait would be too long', async () => {
    const { runner, seen } = start({
      counts: async () => Promise.reject(inSeconds(600)),
    });
    await runner.start();

    await eventually(() => seen.postponed.length > 0);
    await runner.stop();

    expect(seen).toMatchObject({ endings: [], pausedMs: [] });
    expect(seen.postponed).toEqual([
      {
        waitMs: 60_000,
        reason: 'postponed until 1970-01-01T00:10:00.000Z: too many requests',
      },
    ]);
  });

  test('postpones the sweep of a paused client, and fails the sweep of a stopped client', async () => {
    const refused = { ...RUN, refusal: 'the client is paused: it left' };
    const counts = async () => Promise.resolve(new Map());
    const paused = start({ counts, run: { ...refused, pausedMs: 5_000 } });
    const stopped = start({ counts, run: refused });
    await paused.runner.start();
    await stopped.runner.start();

    await eventually(() => paused.seen.postponed.length > 0);
    await eventually(() => stopped.seen.endings.length > 0);
    await paused.runner.stop();
    await stopped.runner.stop();

    expect(paused.seen.postponed).toEqual([
      {
        waitMs: 5_000,
        reason: 'postponed until 1970-01-01T00:00:05.000Z: the client is paused: it left',
      },
    ]);
    expect(stopped.seen.endings).toMatchObject([{ state: 'FAILED' }]);
  });

  test('fails the sweep with the reason after repeated calls without a response', async () => {
    const error = new UnavailableError('no answer');
    const { runner, seen } = start({
      counts: async () => Promise.reject(error),
      list: async () => Promise.reject(error),
    });
    await runner.start();

    await eventually(() => seen.endings.length > 0);
    await runner.stop();

    expect(seen.endings).toMatchObject([{ state: 'FAILED', reason: error.message }]);
    // Three for the counts, and three for the list that is read instead.
    expect(seen.pausedMs).toHaveLength(6);
  });

  test('reports an internal error without its details', async () => {
    const { runner, seen } = start({
      counts: async () => Promise.reject(new TypeError('reading token abc')),
    });
    await runner.start();

    await eventually(() => seen.endings.length > 0);
    await runner.stop();

    expect(seen.endings).toMatchObject([
      {
        state: 'FAILED',
        reason: "internal error during this sweep; see the connector's log",
      },
    ]);
  });

  test('silently drops a sweep that another process has taken over', async () => {
    let asked = 0;
    let renewals = 0;
    const { runner, seen } = start({
      isOurs() {
        renewals += 1;
        return false;
      },
      async counts() {
        asked += 1;
        return Promise.resolve(new Map());
      },
    });
    await runner.start();
    await eventually(() => renewals > 0);
    await runner.stop();

    expect(asked).toBe(0);
    expect(seen).toMatchObject({ endings: [], released: 0 });
  });
});
