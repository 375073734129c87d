import { constants } from 'node:os';

import type { Logger } from './logger.js';

interface Deps {
  readonly stop: () => Promise<void>;
  /** What has not stopped yet, by name. */
  readonly unfinished: () => readonly string[];
  readonly exit: (code: number) => void;
  readonly logger: Logger;
  readonly timing?: Partial<Timing>;
}

interface Timing {
  readonly limitMs: number;
  /** npm and a terminal may each pass on the same key press. */
  readonly sameMs: number;
}

const TIMING: Timing = { limitMs: 10_000, sameMs: 500 };

/**
 * Stops the process in order. The first signal starts the shutdown; a second one exits at once, and
 * so does the time limit, with a log line that names what had not stopped. No work is lost: the
 * next process continues it.
 */
export function stopOnSignal(deps: Deps): { readonly stop: () => void } {
  const { limitMs, sameMs } = { ...TIMING, ...deps.timing };
  let begunAt: number | null = null;

  const stop = () => {
    if (begunAt !== null) return;
    begunAt = performance.now();
    const timer = setTimeout(() => {
      deps.logger.error(
        { unfinished: deps.unfinished(), limitMs },
        'exited before shutdown finished',
      );
      deps.exit(1);
    }, limitMs);
    void deps
      .stop()
      .then(
        () => deps.exit(0),
        (error: unknown) => {
          deps.logger.error({ err: error }, 'shutdown failed');
          deps.exit(1);
        },
      )
      .finally(() => clearTimeout(timer));
  };

  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (begunAt === null) return stop();
      if (performance.now() - begunAt < sameMs) return;
      deps.logger.warn(
        { unfinished: deps.unfinished(), signal },
        'exited immediately on a second signal',
      );
      deps.exit(128 + constants.signals[signal]);
    });
  return { stop };
}
