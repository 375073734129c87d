import { setTimeout as sleep } from 'node:timers/promises';

import { backoffMs } from '../../lib/backoff.js';
import { messageOf, RetryLaterError } from '../../lib/errors.js';
import type { LiveSessionState, LiveTiming } from './live-session-deps.js';

interface WaitsDeps {
  readonly timing: LiveTiming;
  readonly clock: () => number;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly show: (state: LiveSessionState) => void;
}

/** Longer waits are shown as polling. */
const SHOWN_FROM_MS = 60_000;
/** Discord may state any time, so it is asked again after an hour. */
const LONGEST_WAIT_MS = 3_600_000;

/** The waits of one shard, or of the whole session, between attempts to connect. */
export class Waits {
  /** Failures since the last steady connection. */
  failures = 0;

  constructor(readonly deps: WaitsDeps) {}

  backoffMs(): number {
    const { timing, random } = this.deps;
    const { shortestWaitMs: baseMs, longestWaitMs: maxMs } = timing;
    return backoffMs(this.failures - 1, { baseMs, maxMs, random });
  }

  /** Ends early when the shard is stopped. */
  async pause(waitMs: number): Promise<void> {
    const { signal } = this.deps;
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  }

  /** Rejects when the shard is stopped, so that a slow call does not delay the stop. */
  async unlessStopped<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.deps;
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    const stop = () => reject(new Error('the session was stopped'));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      return await Promise.race([work, stopped]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Waits at least as long as Discord or the store asks to. */
  async pauseFor(statedMs: number, reason: string): Promise<void> {
    const { show, clock } = this.deps;
    const waitMs = Math.max(statedMs, this.backoffMs());
    const retryAt = new Date(clock() + waitMs);
    if (waitMs >= SHOWN_FROM_MS) show({ kind: 'POLLING', reason, retryAt });
    await this.pause(Math.min(waitMs, LONGEST_WAIT_MS));
  }

  /** Waits after an attempt that threw. */
  async recover(error: unknown): Promise<void> {
    const { show, clock } = this.deps;
    const reason = messageOf(error);
    this.failures += 1;
    show({ kind: 'LOST', reason });
    const statedMs = error instanceof RetryLaterError ? error.retryAt.getTime() - clock() : 0;
    await this.pauseFor(statedMs, reason);
  }
}
