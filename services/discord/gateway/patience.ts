import { setTimeout as sleep } from 'node:timers/promises';

import { backoffMs } from '../../lib/backoff.js';
import type { Logger } from '../../lib/logger.js';

/** Repeats a failed action until it succeeds or `stopping` is aborted. Never rejects. */
export type Patiently = (doing: string, act: () => Promise<unknown>) => Promise<void>;

const RETRY = { baseMs: 250, maxMs: 5_000, random: Math.random };

export function createPatience({
  logger,
  stopping,
}: {
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}) {
  const pause = async (ms: number): Promise<void> => {
    await sleep(ms, undefined, { signal: stopping }).catch(() => undefined);
  };
  const patiently: Patiently = async (doing, act) => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await act();
        return;
      } catch (error) {
        if (attempt === 0) logger.warn({ err: error }, `${doing} failed`);
        if (stopping.aborted) return;
        await pause(backoffMs(attempt, RETRY));
      }
    }
  };
  return { pause, patiently };
}
