import { RetryLaterError, UnavailableError } from '../lib/errors.js';
import type { SweepMemory, SweepRun } from './ports.js';

/** Lease of a sweep run. If its process dies, another process can claim the run after this time. */
export const LEASE_MS = 60_000;
const MOST_TRIES = 4;
/** If Discord asks for a longer wait, the sweep is postponed. */
const MOST_WAIT_MS = 45_000;
const RETRY_MS = 1_000;
/**
 * Minimum interval between lease renewals while a sweep reads the connector's own tables. It reads
 * about a dozen pages per second and need not renew before each: each page's write checks the lease
 * anyway.
 */
const OURS_FOR_MS = 500;
/** Longest pause between pages. A page that took longer was delayed by something else. */
const MOST_REST_MS = 1_000;

/**
 * A sweep run claimed by this process. Every Discord call of the sweep goes through `call`, which
 * first renews the lease, and counts the call.
 */
export interface HeldRun {
  readonly run: SweepRun;
  readonly callsMade: () => number;
  note(checked: number): void;
  /**
   * Runs before each page of the connector's own tables. Pauses as long as the last page took, to
   * leave half of the database's time to other work. Throws RunLostError at most half a second
   * after the run was cancelled or taken over, and StoppingError if this process stops.
   */
  beforePage(): Promise<void>;
  call<Answer>(ask: () => Promise<Answer>): Promise<Answer>;
}

export function holdRun(
  run: SweepRun,
  deps: {
    readonly runs: Pick<SweepMemory['runs'], 'renew'>;
    readonly isStopping: () => boolean;
    readonly pause: (ms: number) => Promise<void>;
    /** Milliseconds since 1970. */
    readonly clock: () => number;
  },
): HeldRun {
  let calls = 0;
  let checked = 0;
  let renewedAt = Number.NEGATIVE_INFINITY;
  /** When the current page started; null after a Discord call. */
  let pageAt: number | null = null;
  const renewNow = async () => {
    if (deps.isStopping()) throw new StoppingError();
    const now = deps.clock();
    if (!(await deps.runs.renew(run.id, LEASE_MS, checked))) throw new RunLostError(run.id);
    renewedAt = now;
  };
  return {
    run,
    callsMade: () => calls,
    note(count) {
      checked = count;
    },
    async beforePage() {
      const tookMs = pageAt === null ? 0 : deps.clock() - pageAt;
      if (tookMs > 0) await deps.pause(Math.min(tookMs, MOST_REST_MS));
      if (deps.isStopping()) throw new StoppingError();
      if (deps.clock() >= renewedAt + OURS_FOR_MS) await renewNow();
      pageAt = deps.clock();
    },
    async call(ask) {
      pageAt = null;
      for (let tries = 1; ; tries += 1) {
        await renewNow();
        calls += 1;
        try {
          return await ask();
        } catch (error) {
          const waitMs = waitFor(error, tries, deps.clock());
          if (waitMs === null || tries >= MOST_TRIES) throw error;
          await deps.pause(waitMs);
        }
      }
    },
  };
}

/** Returns the time to wait before a retry; null if a retry cannot help, or not soon enough. */
function waitFor(error: unknown, tries: number, now: number): number | null {
  if (error instanceof UnavailableError) return RETRY_MS * tries;
  if (!(error instanceof RetryLaterError)) return null;
  const waitMs = Math.max(0, error.retryAt.getTime() - now);
  return waitMs > MOST_WAIT_MS ? null : waitMs;
}

/** The run was cancelled or taken over by another process. Nothing more may be written for it. */
export class RunLostError extends Error {
  constructor(id: string) {
    super(`sweep ${id} belongs to another process now`);
    this.name = 'RunLostError';
  }
}

/** This process is stopping. Another process restarts the run. */
export class StoppingError extends Error {
  constructor() {
    super('the connector is stopping');
    this.name = 'StoppingError';
  }
}
