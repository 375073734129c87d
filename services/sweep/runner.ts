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

/** The safety net under NOTIFY, and how soon a dead process's sweep is looked for. */
const POLL_MS = 15_000;
/** After a fault of the database; longer with each attempt. */
const RETRY_MS = 1_000;
/** A long list of one guild keeps the other guilds waiting no longer than this many of its kind. */
const AT_ONCE = 4;
/** Keeps a sweep that crashes its process from crashing every process in turn. */
const MOST_ATTEMPTS = 3;

export interface RunnerDeps {
  readonly memory: SweepMemory;
  readonly guildOf: (clientId: ClientId) => Promise<Guild>;
  readonly planNickname: PlanNickname;
  /** Stops or pauses a client in everyone's sight. */
  readonly saveTrouble: (
    clientId: ClientId,
    trouble: {
      readonly kind: 'STOPPED' | 'PAUSED';
      readonly reason: string;
      readonly revision?: string;
    },
  ) => Promise<void>;
  /** Calls back when a sweep may wait. Resolves with how to stop listening. */
  readonly onSweep: (wake: () => void) => Promise<() => Promise<void>>;
  /** Ends early when the signal aborts. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly clock: () => number;
  readonly logger: Logger;
}

/** Runs the sweeps that wait, a few at once. */
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

/** How soon to check again whether a pause ended early; checking costs no call. */
const ASK_AGAIN_MS = 60_000;

/** Not ended: it waits for the end of a pause. */
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
    logger.info({ ...names, state, checked, drifted, reason, heldIn }, 'swept');
    if (isNewDoubt)
      logger.error({ ...names, reason }, 'sweep removed no roles: member list looks incomplete');
  } catch (error) {
    if (error instanceof RunLostError) {
      logger.info(names, 'sweep cancelled or taken over');
    } else if (error instanceof StoppingError) {
      await memory.runs.release(run).catch(() => undefined); // its lease runs out
    } else {
      logger.error({ err: error, ...names }, 'sweep interrupted');
      await deps.pause(RETRY_MS * run.attempts, stopping);
      // An unreleased run is found by the next claim. Only a sweep's own errors count as attempts.
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

/** Discord's errors may be shown; internal errors only go to the log. */
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
  return 'the connector failed during this sweep; see its log';
}

const TROUBLE: ReadonlyMap<string, 'STOPPED' | 'PAUSED'> = new Map([
  ['UNAUTHORIZED', 'STOPPED'],
  ['UNKNOWN_GUILD', 'PAUSED'],
]);

/**
 * Refusals that are the whole client's: nothing more is asked of its guild until a person has seen
 * to it, or for a while.
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
