import { setTimeout as sleep } from 'node:timers/promises';

import { backoffMs } from './backoff.js';
import { UnavailableError } from './errors.js';
import type { Logger } from './logger.js';

export type Readiness = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/**
 * A long-lived part of the process. `start` resolves when the part works, `stop` when it has no
 * work in flight.
 */
export interface Part {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  ready(): Readiness;
}

export type Stage = 'starting' | 'serving' | 'stopping';

/** The lifecycle of a process: parts start one after the other and stop group by group. */
export interface Life {
  /**
   * Starts all parts. Resolves when every part has started, or when the process was stopped during
   * the start. While a dependency is unreachable (UnavailableError), keeps trying. Any other error
   * is thrown after all started parts have stopped.
   */
  start(): Promise<void>;
  /** A second call waits for the shutdown already in progress. */
  stop(): Promise<void>;
  stage(): Stage;
  /** Why the start is waiting; null if it is not. */
  waitsFor(): string | null;
  /** Names of parts that have started, or are starting, and have not stopped. */
  unfinished(): readonly string[];
}

export interface LifeDeps {
  /** Parts in start order. A part whose `start` throws UnavailableError is started again. */
  readonly starts: readonly Part[];
  /** Groups of parts in stop order; the parts of a group stop in parallel. */
  readonly stops: readonly (readonly Part[])[];
  readonly logger: Logger;
  readonly random: () => number;
  readonly clock: () => number;
  readonly retry?: Partial<RetryTiming>;
}

interface RetryTiming {
  readonly baseMs: number;
  readonly maxMs: number;
  /** Minimum interval between log lines about the same part. */
  readonly logAgainMs: number;
}

const RETRY: RetryTiming = { baseMs: 250, maxMs: 5_000, logAgainMs: 30_000 };

export function createLife(deps: LifeDeps): Life {
  const course = new Course(deps);
  return {
    start: () => course.start(),
    stop: () => course.stop(),
    stage: () => course.stage,
    waitsFor: () => course.trouble,
    unfinished: () => [...course.unfinished],
  };
}

class Course {
  stage: Stage = 'starting';
  trouble: string | null = null;
  /** Names of parts that have started, or are starting, and have not stopped. */
  readonly unfinished = new Set<string>();
  readonly #stopping = new AbortController();
  readonly #started = new Set<Part>();
  readonly #retry: RetryTiming;
  #start: Promise<void> = Promise.resolve();
  #stop: Promise<void> | null = null;

  constructor(readonly deps: LifeDeps) {
    this.#retry = { ...RETRY, ...deps.retry };
  }

  start(): Promise<void> {
    return (this.#start = this.#startAll());
  }

  stop(): Promise<void> {
    return (this.#stop ??= this.#stopAll());
  }

  async #startAll(): Promise<void> {
    try {
      for (const part of this.deps.starts) {
        if (this.#stopping.signal.aborted) return;
        await this.#startPart(part);
      }
      if (this.stage === 'starting') this.stage = 'serving';
    } catch (error) {
      this.stage = 'stopping';
      await this.#stopStarted();
      throw error;
    }
  }

  async #startPart(part: Part): Promise<void> {
    this.unfinished.add(part.name);
    const tell = this.#teller(part.name);
    for (let tries = 0; !this.#stopping.signal.aborted; tries += 1) {
      try {
        await part.start();
        this.#started.add(part);
        this.trouble = null;
        return;
      } catch (error) {
        if (!(error instanceof UnavailableError)) {
          this.unfinished.delete(part.name);
          throw error;
        }
        this.trouble = error.message;
        tell(error);
        await this.#pause(tries);
      }
    }
    this.unfinished.delete(part.name);
  }

  /**
   * Returns a function that logs the first failure, then one every `logAgainMs`, so that an hour of
   * waiting does not flood the log.
   */
  #teller(name: string): (error: Error) => void {
    let loggedAt = -Infinity;
    return (error) => {
      const now = this.deps.clock();
      if (now - loggedAt < this.#retry.logAgainMs) return;
      loggedAt = now;
      const reason = [error.message, causeOf(error)].join(': ');
      this.deps.logger.warn({ part: name, reason }, 'waiting to start');
    };
  }

  async #pause(tries: number): Promise<void> {
    const waitMs = backoffMs(tries, { ...this.#retry, random: this.deps.random });
    const { signal } = this.#stopping;
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  }

  async #stopAll(): Promise<void> {
    this.stage = 'stopping';
    this.#stopping.abort();
    // A part that is starting can only be stopped after it has started.
    await this.#start.catch(() => undefined);
    await this.#stopStarted();
  }

  async #stopStarted(): Promise<void> {
    for (const group of this.deps.stops)
      await Promise.all(
        group.filter((part) => this.#started.has(part)).map(async (part) => this.#stopPart(part)),
      );
  }

  /** Stops one part. A failure is logged, so that the other parts are still stopped. */
  async #stopPart(part: Part): Promise<void> {
    await part.stop().catch((error: unknown) => {
      this.deps.logger.error({ err: error, part: part.name }, 'component failed to stop');
    });
    this.#started.delete(part);
    this.unfinished.delete(part.name);
  }
}

function causeOf({ cause }: Error): string {
  return cause instanceof Error ? cause.message : '';
}
