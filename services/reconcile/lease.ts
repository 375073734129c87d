import type { Logger } from '../lib/logger.js';
import type { JobTable } from './ports.js';

/** The hold this process has on its bots. */
export interface Lease {
  start(): Promise<void>;
  /** Lets the bots go at once, so that another process need not wait for them to run out. */
  stop(): Promise<void>;
  /**
   * Takes hold for one run. The answer tells, at any later time, whether a call that starts then ends by its deadline inside a
   * lease that never ran out in between: once it did, another process may have worked the bot.
   */
  hold(): () => boolean;
}

/**
 * `callMs` is the longest a call to Discord may take: that much of the lease must always be left, so what a slow database may
 * use up is the rest, and in that rest the lease is renewed three times.
 */
export function createLease(deps: {
  readonly jobs: Pick<JobTable, 'renewLeases' | 'releaseLeases'>;
  readonly leaseMs: number;
  readonly callMs: number;
  /** Monotonic: a step of the wall clock must not lengthen a lease. */
  readonly monotonicMs: () => number;
  readonly logger: Logger;
}): Lease {
  const { jobs, leaseMs, callMs, monotonicMs, logger } = deps;
  let heldUntilMs = -Infinity;
  let lapses = 0;
  let isRenewing = false;
  let timer: NodeJS.Timeout | undefined;
  let renewal: Promise<void> = Promise.resolve();

  async function renew(): Promise<void> {
    const askedAtMs = monotonicMs();
    isRenewing = true;
    try {
      await jobs.renewLeases();
      if (monotonicMs() > heldUntilMs) lapses += 1;
      heldUntilMs = askedAtMs + leaseMs;
    } catch (error) {
      logger.warn({ err: error }, 'the bots could not be held on to');
    } finally {
      isRenewing = false;
    }
  }

  return {
    async start() {
      await jobs.renewLeases();
      heldUntilMs = monotonicMs() + leaseMs;
      timer = setInterval(
        () => {
          if (!isRenewing) renewal = renew();
        },
        (leaseMs - callMs) / 3,
      );
    },
    async stop() {
      clearInterval(timer);
      await renewal;
      heldUntilMs = -Infinity;
      await jobs
        .releaseLeases()
        .catch((error: unknown) =>
          logger.warn({ err: error }, 'the bots were not let go'),
        );
    },
    hold() {
      const since = lapses;
      return () => lapses === since && monotonicMs() + callMs < heldUntilMs;
    },
  };
}
