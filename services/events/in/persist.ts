import { backoffMs } from '../../lib/backoff.js';
import { messageOf, TerminalError } from '../../lib/errors.js';
import type { Logger } from '../../lib/logger.js';
import type { RecordBatch } from '../kafka/kafka-port.js';
import { pause } from '../pause.js';

/** The batch in hand has to be left as it is: we are stopping, or it is no longer ours. */
export class BatchInterrupted extends Error {}

export interface PersistDeps {
  readonly logger: Logger;
  readonly random: () => number;
  readonly stopping: AbortSignal;
  readonly heartbeatMs: number;
  readonly retry: { readonly baseMs: number; readonly maxMs: number };
  /** The readiness reason while the current work fails; null after it succeeds. */
  readonly report: (trouble: string | null) => void;
}

export interface PersistentWork<T> {
  /** In log lines and reasons. */
  readonly what: string;
  /** A `TerminalError` of this code is the caller's to deal with; trying again cannot help it. */
  readonly unless: string;
  readonly work: () => Promise<T>;
}

export type Persist = <T>(batch: RecordBatch, work: PersistentWork<T>) => Promise<T>;

/**
 * Retries the work until it succeeds, however long its dependency is unreachable, and keeps the
 * partition meanwhile. Gives up only for `unless`, by `BatchInterrupted`, or when a heartbeat
 * reports that the partition is lost.
 */
export function createPersist(deps: PersistDeps): Persist {
  return async (batch, { what, unless, work }) => {
    try {
      for (let attempt = 0; ; attempt++) {
        try {
          return await whileBeating(batch, deps.heartbeatMs, work);
        } catch (error) {
          if (hasCode(error, unless)) throw error;
          const { topic, partition } = batch;
          const waitMs = backoffMs(attempt, {
            ...deps.retry,
            random: deps.random,
          });
          deps.report(`${what} failed: ${messageOf(error)}`);
          deps.logger.warn(
            { err: error, topic, partition, attempt, waitMs },
            `${what} failed, retrying`,
          );
          await pauseBeating(batch, waitMs, deps);
        }
      }
    } finally {
      deps.report(null);
    }
  };
}

export function hasCode(error: unknown, code: string): error is TerminalError {
  return error instanceof TerminalError && error.code === code;
}

/** A failed heartbeat does not stop the work: it may still be committed if the group accepts it. */
async function whileBeating<T>(
  batch: RecordBatch,
  everyMs: number,
  work: () => Promise<T>,
): Promise<T> {
  const timer = setInterval(() => {
    batch.heartbeat().catch(() => undefined);
  }, everyMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** Here a failed beat counts: who has lost the partition must not try on. */
async function pauseBeating(
  batch: RecordBatch,
  ms: number,
  { stopping, heartbeatMs }: PersistDeps,
): Promise<void> {
  for (let left = ms; left > 0; left -= heartbeatMs) {
    await pause(Math.min(left, heartbeatMs), stopping);
    if (stopping.aborted || batch.isAbandoned()) throw new BatchInterrupted();
    await batch.heartbeat();
  }
}
