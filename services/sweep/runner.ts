import {
  DatabaseUnavailableError,
  RefusedTokenError,
  RetryLaterError,
  TerminalError,
  UnavailableError,
} from '../lib/errors.js';
import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import type { ClientId } from '../model.js';
import { holdRun, LEASE_MS, RunLostError, StoppingError } from './held-run.js';
import type { Guild, PlanNickname, SweepEnding, SweepMemory, SweepRun } from './ports.js';
import { NOTHING_FOUND, runSweep } from './run-sweep.js';

/** Polling interval, in case a NOTIFY is lost or a process dies during a sweep. */
const POLL_MS = 15_000;
/**
 * Delay before retrying after an error. For an interrupted sweep it is multiplied by the number of
 * attempts.
 */
const RETRY_MS = 1_000;
/**
 * How many sweeps run at the same time, so that one long member list does not delay all other
 * guilds.
 */
const AT_ONCE = 4;
/** Prevents a sweep that crashes its process from crashing every process in turn. */
const MOST_ATTEMPTS = 3;

export interface RunnerDeps {
  readonly memory: SweepMemory;
  readonly guildOf: (clientId: ClientId) => Promise<Guild>;
  readonly planNickname: PlanNickname;
  /** Stops or pauses a client for all processes. */
  readonly saveTrouble: (
    clientId: ClientId,
    trouble: {
      readonly kind: 'STOPPED' | 'PAUSED';
      readonly reason: string;
      readonly revision?: string;
    },
  ) => Promise<void>;
  /** Calls `wake` when a sweep may be waiting. Resolves to an unsubscribe function. */
  readonly onSweep: (wake: () => void) => Promise<() => Promise<void>>;
  /** Resolves early if the signal aborts. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly clock: () => number;
  readonly logger: Logger;
}

/** Runs waiting sweeps, up to four at the same time. */
export function createRunner(deps: RunnerDeps): Part {
  const running = new Map<Promise<void>, string>();
  const stopping = new AbortController();
  let round: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;
  let unlisten: () => Promise<void> = () => Promise.resolve();

  async function claimAll(): Promise<void> {
    while (running.size < AT_ONCE) {
      const run = stopping.signal.aborted
        ? null
        : await deps.memory.runs.claim(LEASE_MS, [...running.values()]);
      if (run === null) return;
      const work = carryOut(deps, run, stopping.signal).finally(() => {
        running.delete(work);
        wake();
      });
      running.set(work, run.id);
    }
  }

  function wake(): void {
    round = round.then(claimAll).catch((error: unknown) => {
      deps.logger.warn({ err: error }, 'sweep lookup failed');
      retry = setTimeout(wake, RETRY_MS);
    });
  }

  return {
    name: 'sweeps',
    async start() {
      unlisten = await deps.onSweep(wake);
      timer = setInterval(wake, POLL_MS);
      wake();
    },
    async stop() {
      stopping.abort();
      clearInterval(timer);
      await unlisten();
      await round;
      clearTimeout(retry);
      await Promise.all(running.keys());
    },
    ready: () => ({ ok: true }),
  };
}

/**
 * Longest postponement before checking whether the pause has ended early. The check makes no
 * Discord call.
 */
const ASK_AGAIN_MS = 60_000;

/** The run did not finish: it waits for the end of a pause. */
class Postponed {
  readonly waitMs: number;
  readonly reason: string;

  constructor(now: number, waitMs: number, cause: string) {
    this.waitMs = Math.min(Math.max(0, waitMs), ASK_AGAIN_MS);
    const until = new Date(now + waitMs).toISOString();
    this.reason = `postponed until ${until}: ${cause}`;
  }
}

async function carryOut(deps: RunnerDeps, run: SweepRun, stopping: AbortSignal): Promise<void> {
  const { memory, logger } = deps;
  const names = { sweepId: run.id, clientId: run.clientId, kind: run.kind };
  try {
    const ending = await endingOf(deps, run, stopping);
    if (ending instanceof Postponed) {
      const { waitMs, reason } = ending;
      const isOurs = await memory.runs.postpone(run.id, { waitMs, reason });
      if (!isOurs) throw new RunLostError(run.id);
      logger.info({ ...names, reason }, 'sweep postponed');
      return;
    }
    const finished = await memory.runs.finish(run, ending);
    if (finished === null) throw new RunLostError(run.id);
    const { state, checked, drifted, reason } = ending;
    const { heldIn, isNewDoubt } = finished;
    logger.info({ ...names, state, checked, drifted, reason, heldIn }, 'sweep finished');
    if (isNewDoubt)
      logger.error({ ...names, reason }, 'sweep removed no roles: member list looks incomplete');
  } catch (error) {
    if (error instanceof RunLostError) {
      logger.info(names, 'sweep cancelled or taken over');
    } else if (error instanceof StoppingError) {
      await memory.runs.release(run).catch(() => undefined); // the lease expires anyway
    } else {
      logger.error({ err: error, ...names }, 'sweep interrupted');
      await deps.pause(RETRY_MS * run.attempts, stopping);
      // An unreleased run is claimed again, and that counts as another attempt. A database error
      // must not count as an attempt, so release the run after such an error.
      if (error instanceof DatabaseUnavailableError)
        await memory.runs.release(run).catch(() => undefined);
    }
  }
}

async function endingOf(
  deps: RunnerDeps,
  run: SweepRun,
  stopping: AbortSignal,
): Promise<SweepEnding | Postponed> {
  if (run.refusal !== null)
    return run.pausedMs > 0
      ? new Postponed(deps.clock(), run.pausedMs, run.refusal)
      : failed(run.refusal);
  if (run.attempts > MOST_ATTEMPTS)
    return failed(`gave up after ${MOST_ATTEMPTS} interrupted attempts`);
  const { memory, planNickname } = deps;
  const held = holdRun(run, {
    runs: memory.runs,
    isStopping: () => stopping.aborted,
    pause: async (ms) => deps.pause(ms, stopping),
    clock: deps.clock,
  });
  try {
    const guild = await deps.guildOf(run.clientId);
    return await runSweep({ memory, guild, planNickname }, held);
  } catch (error) {
    if (
      error instanceof RunLostError ||
      error instanceof StoppingError ||
      error instanceof DatabaseUnavailableError
    )
      throw error;
    if (error instanceof RetryLaterError) {
      const now = deps.clock();
      return new Postponed(now, error.retryAt.getTime() - now, error.message);
    }
    await troubleOf(deps, run, error);
    return failed(reasonOf(deps, run, error));
  }
}

/**
 * Returns the reason to show for a failed sweep. Discord's errors are shown; internal errors only
 * go to the log.
 */
function reasonOf(
  { logger }: RunnerDeps,
  { id, clientId, kind }: SweepRun,
  error: unknown,
): string {
  if (
    error instanceof TerminalError ||
    error instanceof RetryLaterError ||
    error instanceof UnavailableError
  )
    return error.message;
  logger.error({ err: error, sweepId: id, clientId, kind }, 'sweep failed');
  return "internal error during this sweep; see the connector's log";
}

const TROUBLE: ReadonlyMap<string, 'STOPPED' | 'PAUSED'> = new Map([
  ['UNAUTHORIZED', 'STOPPED'],
  ['UNKNOWN_GUILD', 'PAUSED'],
]);

/**
 * Stops or pauses the client if the error affects all of it. A stopped client makes no calls to its
 * guild until an admin has fixed the cause; a paused client makes none for a while.
 */
async function troubleOf(
  { saveTrouble, logger }: RunnerDeps,
  { clientId }: SweepRun,
  error: unknown,
): Promise<void> {
  if (!(error instanceof TerminalError)) return;
  const kind = TROUBLE.get(error.code);
  if (kind === undefined) return;
  const reason = error.message;
  logger.error({ clientId, trouble: kind, reason }, 'client stopped or paused');
  const refused = error instanceof RefusedTokenError ? error : null;
  await saveTrouble(clientId, { kind, reason, ...(refused && { revision: refused.revision }) });
}

function failed(reason: string): SweepEnding {
  return { ...NOTHING_FOUND, state: 'FAILED', reason };
}
