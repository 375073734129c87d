import { RetryLaterError, UnavailableError } from '../lib/errors.js';
import type { SweepMemory, SweepRun } from './ports.js';

/** A process that died with a sweep is found out after this. */
export const LEASE_MS = 60_000;
const MOST_TRIES = 4;
/** A longer refusal ends the sweep; the next one is soon enough. */
const MOST_WAIT_MS = 45_000;
const RETRY_MS = 1_000;
/**
 * Pages of the connector's own tables come a dozen a second, so the run's lease is checked only
 * this often; each page's own write checks it anyway.
 */
const OURS_FOR_MS = 500;
/** A page that took longer was kept waiting by something else. */
const MOST_REST_MS = 1_000;

/**
 * The run in our hands: each call goes through here, so that it is ours before it, and is counted.
 */
export interface HeldRun {
  readonly run: SweepRun;
  readonly callsMade: () => number;
  note(checked: number): void;
  /**
   * Runs before each page of our own tables. Pauses as long as the last page took, leaving half of
   * the database's time to others. Throws RunLostError at most half a second after the run was
   * cancelled or taken over; StoppingError if this process stops.
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
  /** Null: what was done last was no page. */
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

/** Null: trying again cannot help, or not soon. */
function waitFor(error: unknown, tries: number, now: number): number | null {
  if (error instanceof UnavailableError) return RETRY_MS * tries;
  if (!(error instanceof RetryLaterError)) return null;
  const waitMs = Math.max(0, error.retryAt.getTime() - now);
  return waitMs > MOST_WAIT_MS ? null : waitMs;
}

/**
 * The run was cancelled, or belongs to another process now: nothing more is to be written for it.
 */
export class RunLostError extends Error {
  constructor(id: string) {
    super(`sweep ${id} belongs to another process now`);
    this.name = 'RunLostError';
  }
}

/** This process is stopping: the run is released for another process to start over. */
export class StoppingError extends Error {
  constructor() {
    super('the connector is stopping');
    this.name = 'StoppingError';
  }
}
