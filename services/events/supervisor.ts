/**
 * Keeps a connection open.
 * In: a function that opens it. Out: an open connection, or attempts to open one with growing
 * pauses; `health` shows which.
 * Never: a new connection after `stop`, or while the previous one is still closing (for up to
 * `stopWithinMs`).
 */
import { backoffMs } from '../lib/backoff.js';
import type { Readiness } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import { messageOf } from '../lib/errors.js';
import { pause, settledWithin } from './pause.js';

/** The connection that is kept open. */
export interface Supervised {
  /** Resolves when the connection has ended by itself. */
  readonly crashed: Promise<Error>;
  health(): Readiness;
  stop(): Promise<void>;
}

export interface SupervisorDeps {
  /** Name of the connection in log lines and reasons. */
  readonly name: string;
  readonly open: () => Promise<Supervised>;
  readonly logger: Logger;
  readonly random: () => number;
  readonly clock: () => Date;
  readonly timing?: Partial<SupervisorTiming>;
}

export interface SupervisorTiming {
  readonly baseMs: number;
  readonly maxMs: number;
  /** After a connection stayed open this long, the pauses start again at `baseMs`. */
  readonly stableMs: number;
  readonly checkEveryMs: number;
  /** How long stopping waits for the connection to close. */
  readonly stopWithinMs: number;
}

export interface Supervisor {
  start(): void;
  stop(): Promise<void>;
  health(): Readiness;
}

const TIMING: SupervisorTiming = {
  baseMs: 500,
  maxMs: 30_000,
  stableMs: 60_000,
  checkEveryMs: 5_000,
  stopWithinMs: 4_000,
};

export function createSupervisor(deps: SupervisorDeps): Supervisor {
  const { name, logger, clock } = deps;
  const timing = { ...TIMING, ...deps.timing };
  const stopping = new AbortController();
  let current: Supervised | null = null;
  let reason = `${name} has not started`;
  let loop: Promise<void> | null = null;

  const keepOpen = async () => {
    for (let attempt = 0; !stopping.signal.aborted; attempt++) {
      const openedAt = clock().getTime();
      const error = await openOnce();
      if (stopping.signal.aborted) return;
      if (clock().getTime() - openedAt >= timing.stableMs) attempt = 0;
      const waitMs = backoffMs(attempt, { ...timing, random: deps.random });
      reason = `${name} is down: ${messageOf(error)}`;
      logger.warn({ err: error, attempt, waitMs }, `${name} is down`);
      await pause(waitMs, stopping.signal);
    }
  };

  /**
   * Opens the connection, waits until it ends, and closes it. Resolves to the cause, or to null
   * after `stop`.
   */
  const openOnce = async (): Promise<unknown> => {
    try {
      const opening = deps.open();
      if (!(await isBefore(opening, stopping.signal))) {
        await letGo(opening.then(async (late) => late.stop()));
        return null;
      }
      const opened = await opening;
      current = opened;
      logger.info(`${name} is up`);
      const ending = await endOf(opened, timing.checkEveryMs, stopping.signal);
      current = null;
      if (ending) reason = `${name} is down: ${ending.message}`;
      await letGo(opened.stop());
      return ending;
    } catch (error) {
      return error;
    }
  };

  const letGo = async (ended: Promise<unknown>) => {
    if (await settledWithin(timing.stopWithinMs, ended)) return;
    logger.warn(`${name} not stopped within ${timing.stopWithinMs} ms`);
  };

  return {
    start: () => {
      reason = `${name} is connecting`;
      loop ??= keepOpen();
    },
    stop: async () => {
      stopping.abort();
      reason = `${name} is stopped`;
      await loop;
    },
    health: () => current?.health() ?? { ok: false, reason },
  };
}

/** Resolves to false if the signal aborts before the connection is open. */
async function isBefore(opening: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  const stopped = aborted(signal);
  const first = await Promise.race([opening, stopped.promise]);
  stopped.forget();
  return first !== null;
}

/**
 * Resolves to the reason why the connection ended: its crash or a failed health check. Null if the
 * signal aborted.
 */
async function endOf(
  opened: Supervised,
  checkEveryMs: number,
  signal: AbortSignal,
): Promise<Error | null> {
  const stopped = aborted(signal);
  const unwell = Promise.withResolvers<Error>();
  const timer = setInterval(() => {
    const health = opened.health();
    if (!health.ok) unwell.resolve(new Error(health.reason));
  }, checkEveryMs);
  const ending = await Promise.race([opened.crashed, unwell.promise, stopped.promise]);
  clearInterval(timer);
  stopped.forget();
  return ending;
}

function aborted(signal: AbortSignal) {
  const { promise, resolve } = Promise.withResolvers<null>();
  const end = () => resolve(null);
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  return { promise, forget: () => signal.removeEventListener('abort', end) };
}
