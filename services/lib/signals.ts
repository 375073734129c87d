import { constants } from 'node:os';

import type { Logger, TunableLogger } from './logger.js';

interface Deps {
  readonly stop: () => Promise<void>;
  /** Names of parts that have not stopped yet. */
  readonly unfinished: () => readonly string[];
  readonly exit: (code: number) => void;
  readonly logger: Logger;
  readonly timing?: Partial<Timing>;
}

interface Timing {
  readonly limitMs: number;
  /**
   * A second signal within this time is ignored, because npm and the terminal may both forward the
   * same key press.
   */
  readonly sameMs: number;
}

const TIMING: Timing = { limitMs: 10_000, sameMs: 500 };

/**
 * Shuts the process down. The first signal starts the shutdown. A second signal, or the time limit,
 * exits at once with a log line that names the parts still running. No work is lost: the next
 * process continues it.
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

const LOOK_EVERY_MS = 300;

/**
 * Calls `callback` once when the parent process has died. Needed under npm: npm signals a shell,
 * which dies without forwarding the signal to this process.
 */
export function onOrphaned(callback: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callback();
  }, LOOK_EVERY_MS);
  timer.unref();
}

/** Long enough to observe a problem, short enough to do no harm if forgotten. */
const TURNED_UP_MS = 15 * 60_000;

/**
 * `kill -USR2` sets the log level to debug for 15 minutes; a second signal restores it. It is a
 * signal because only an administrator can send one, and because every process can receive it,
 * whichever parts the process runs.
 */
export function turnUpOnSignal(
  logger: TunableLogger,
  listen: (onSignal: () => void) => void,
  turnedUpMs = TURNED_UP_MS,
): void {
  const usual = logger.level;
  let timer: NodeJS.Timeout | null = null;
  const turnDown = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    logger.info({ level: usual }, 'log level restored');
    logger.level = usual;
  };
  listen(() => {
    if (timer !== null) return turnDown();
    timer = setTimeout(turnDown, turnedUpMs).unref();
    logger.level = 'debug';
    const until = new Date(Date.now() + turnedUpMs).toISOString();
    logger.info({ level: 'debug', until }, 'log level raised temporarily');
  });
}

/** Calls `onSignal` on SIGUSR2; does nothing on Windows, which lacks it. */
export function onUserSignal(onSignal: () => void): void {
  if (process.platform !== 'win32') process.on('SIGUSR2', onSignal);
}
