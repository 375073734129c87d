import type { Logger } from '../lib/logger.js';
import type { JobTable, LeasedBot } from './job.js';

/** This process's leases on its bots. */
export interface Lease {
  /** Takes leases and renews them. Calls `onGained` when a renewal takes over bots. */
  start(onGained: () => void): Promise<void>;
  /** Releases the bots at once, so that another process need not wait until the leases expire. */
  stop(): Promise<void>;
  /**
   * Call it when a run begins. The returned function tells whether the run may call Discord now:
   * the leases have not expired since the run began, and they outlast the longest call. After an
   * expiry another process may have used the bot.
   */
  hold(): () => boolean;
  /**
   * Bots beyond this process's share, as of the last renewal. Release each once none of its members
   * has a run in progress.
   */
  surplus(): readonly LeasedBot[];
  letGo(bots: readonly LeasedBot[]): Promise<void>;
  /** Stops every run before its next call. Keeps the leases until `stop`. */
  close(): void;
}

/**
 * `callMs` is the longest duration of a call to Discord; a call starts only if that much of the
 * lease is left. The lease is renewed three times in the remaining time, to survive a slow
 * database.
 */
export function createLease(deps: Deps): Lease {
  const holding = new Holding(deps);
  return {
    start: (onGained) => holding.start(onGained),
    stop: () => holding.stop(),
    hold: () => holding.hold(),
    surplus: () => holding.surplus,
    letGo: (bots) => holding.letGo(bots),
    close: () => holding.close(),
  };
}

interface Deps {
  readonly jobs: Pick<JobTable, 'renewLeases' | 'letGo' | 'releaseLeases'>;
  readonly leaseMs: number;
  readonly callMs: number;
  /** Monotonic: a change of the wall clock must not lengthen a lease. */
  readonly monotonicMs: () => number;
  readonly logger: Logger;
}

class Holding {
  surplus: readonly LeasedBot[] = [];
  #heldUntilMs = -Infinity;
  #lapses = 0;
  #isRenewing = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;
  #renewal: Promise<void> = Promise.resolve();

  constructor(readonly deps: Deps) {}

  async start(onGained: () => void): Promise<void> {
    const { jobs, leaseMs, callMs, monotonicMs } = this.deps;
    const askedAtMs = monotonicMs();
    this.surplus = (await jobs.renewLeases()).surplus;
    this.#heldUntilMs = askedAtMs + leaseMs;
    this.#timer = setInterval(
      () => {
        if (!this.#isRenewing) this.#renewal = this.#renew(onGained);
      },
      (leaseMs - callMs) / 3,
    );
  }

  async #renew(onGained: () => void): Promise<void> {
    const { jobs, leaseMs, monotonicMs, logger } = this.deps;
    const askedAtMs = monotonicMs();
    this.#isRenewing = true;
    try {
      const { gained, surplus } = await jobs.renewLeases();
      if (monotonicMs() > this.#heldUntilMs) this.#lapses += 1;
      this.#heldUntilMs = askedAtMs + leaseMs;
      this.surplus = surplus;
      if (gained > 0) onGained();
    } catch (error) {
      logger.warn({ err: error }, 'bot lease renewal failed');
    } finally {
      this.#isRenewing = false;
    }
  }

  async letGo(bots: readonly LeasedBot[]): Promise<void> {
    await this.deps.jobs.letGo(bots);
    this.surplus = this.surplus.filter((bot) => !bots.includes(bot));
  }

  close(): void {
    this.#isClosed = true;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewal;
    this.#heldUntilMs = -Infinity;
    this.surplus = [];
    await this.deps.jobs
      .releaseLeases()
      .catch((error: unknown) =>
        this.deps.logger.warn({ err: error }, 'releasing bot leases failed'),
      );
  }

  hold(): () => boolean {
    const { callMs, monotonicMs } = this.deps;
    const since = this.#lapses;
    return () =>
      !this.#isClosed && this.#lapses === since && monotonicMs() + callMs < this.#heldUntilMs;
  }
}
