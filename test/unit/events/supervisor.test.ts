import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { createSupervisor, type Supervised } from '../../../services/events/supervisor.js';
import type { Readiness } from '../../../services/lib/lifecycle.js';
import { silentLogger } from '../../../services/lib/logger.js';

interface Opened extends Supervised {
  /** How often it was stopped. */
  readonly stops: () => number;
  readonly crash: (error: Error) => void;
}

function createOpened(its: { stop?: () => Promise<void>; health?: () => Readiness } = {}): Opened {
  const crash = Promise.withResolvers<Error>();
  const stop = vi.fn(its.stop ?? (async () => {}));
  return {
    crashed: crash.promise,
    crash: crash.resolve,
    health: its.health ?? (() => ({ ok: true })),
    stop,
    stops: () => stop.mock.calls.length,
  };
}

function supervise(open: () => Promise<Supervised>) {
  return createSupervisor({
    name: 'thing',
    open,
    logger: silentLogger,
    random: () => 1,
    clock: () => new Date(),
    timing: {
      baseMs: 100,
      maxMs: 800,
      stableMs: 60_000,
      checkEveryMs: 1_000,
      stopWithinMs: 500,
    },
  });
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the supervisor', () => {
  test('opens, and reports its health at every stage', async () => {
    const opened = createOpened();
    const supervisor = supervise(async () => opened);

    expect(supervisor.health()).toEqual({
      ok: false,
      reason: 'thing has not started',
    });
    supervisor.start();
    expect(supervisor.health()).toEqual({
      ok: false,
      reason: 'thing is connecting',
    });
    await vi.advanceTimersByTimeAsync(0);
    expect(supervisor.health()).toEqual({ ok: true });

    await supervisor.stop();
    expect(opened.stops()).toBe(1);
    expect(supervisor.health()).toEqual({
      ok: false,
      reason: 'thing is stopped',
    });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('retries a failed opening with growing pauses', async () => {
    const at: number[] = [];
    const startedAt = Date.now();
    const supervisor = supervise(async () => {
      at.push(Date.now() - startedAt);
      throw new Error('no broker');
    });

    supervisor.start();
    await vi.advanceTimersByTimeAsync(3_200);

    expect(at).toEqual([0, 100, 300, 700, 1_500, 2_300, 3_100]);
    expect(supervisor.health()).toEqual({
      ok: false,
      reason: 'thing is down: no broker',
    });
    await supervisor.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('stops a crashed instance before it opens the next', async () => {
    const first = createOpened();
    const second = createOpened();
    const open = vi
      .fn<() => Promise<Supervised>>()
      .mockResolvedValueOnce(first)
      .mockResolvedValueOnce(second);
    const supervisor = supervise(open);
    supervisor.start();
    await vi.advanceTimersByTimeAsync(0);

    first.crash(new Error('UNKNOWN_SERVER_ERROR'));
    await vi.advanceTimersByTimeAsync(0);

    expect(supervisor.health()).toEqual({
      ok: false,
      reason: 'thing is down: UNKNOWN_SERVER_ERROR',
    });
    expect(first.stops()).toBe(1);
    expect(open).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(100);
    expect(supervisor.health()).toEqual({ ok: true });
    await supervisor.stop();
    expect(second.stops()).toBe(1);
  });

  test('resets its pauses after a stable period', async () => {
    const opened: Opened[] = [];
    const supervisor = supervise(async () => {
      const next = createOpened();
      opened.push(next);
      return next;
    });
    supervisor.start();
    for (let crashes = 0; crashes < 5; crashes++) {
      await vi.advanceTimersByTimeAsync(800);
      opened.at(-1)?.crash(new Error('again'));
    }
    await vi.advanceTimersByTimeAsync(800 + 60_000);
    const count = opened.length;

    opened.at(-1)?.crash(new Error('after a long time'));
    await vi.advanceTimersByTimeAsync(100);

    expect(opened.length).toBe(count + 1);
    await supervisor.stop();
  });

  test('replaces an instance that hangs without crashing', async () => {
    let health: Readiness = { ok: true };
    const hung = createOpened({ health: () => health });
    const open = vi
      .fn<() => Promise<Supervised>>()
      .mockResolvedValueOnce(hung)
      .mockResolvedValue(createOpened());
    const supervisor = supervise(open);
    supervisor.start();
    await vi.advanceTimersByTimeAsync(0);

    health = { ok: false, reason: 'silent' };
    await vi.advanceTimersByTimeAsync(1_100);

    expect(hung.stops()).toBe(1);
    expect(open).toHaveBeenCalledTimes(2);
    await supervisor.stop();
  });

  test('can be stopped while it opens, and closes an instance that opens late', async () => {
    const late = createOpened();
    const opening = Promise.withResolvers<Supervised>();
    const supervisor = supervise(async () => opening.promise);
    supervisor.start();

    const stopped = supervisor.stop();
    opening.resolve(late);
    await stopped;

    expect(late.stops()).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('stops in time even if opening never ends', async () => {
    const supervisor = supervise(() => new Promise(() => {}));
    supervisor.start();

    const stopped = supervisor.stop();
    await vi.advanceTimersByTimeAsync(500);

    await expect(stopped).resolves.toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('stops in time even if closing never ends', async () => {
    const supervisor = supervise(async () => createOpened({ stop: () => new Promise(() => {}) }));
    supervisor.start();
    await vi.advanceTimersByTimeAsync(0);

    const stopped = supervisor.stop();
    await vi.advanceTimersByTimeAsync(500);

    await expect(stopped).resolves.toBeUndefined();
  });

  test('can be stopped in the middle of a pause', async () => {
    const open = vi.fn<() => Promise<Supervised>>().mockRejectedValue(new Error('no'));
    const supervisor = supervise(open);
    supervisor.start();
    await vi.advanceTimersByTimeAsync(10);

    await supervisor.stop();
    await vi.advanceTimersByTimeAsync(10_000);

    expect(open).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('can be stopped before it was started', async () => {
    await expect(supervise(async () => createOpened()).stop()).resolves.toBeUndefined();
  });
});
