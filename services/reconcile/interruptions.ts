import { backoffMs } from '../lib/backoff.js';
import {
  LeaseLostError,
  RetryLaterError,
  TerminalError,
  UnavailableError,
} from '../lib/errors.js';
import type { Logger } from '../lib/logger.js';
import type { MemberReading } from '../model.js';
import type { ClientTrouble, DiscordRefusal, Job, Memory } from './ports.js';

/** Growing pauses of one member after answers that were none. */
const BACKOFF = { baseMs: 1_000, maxMs: 5 * 60_000 };

/** A fault of ours is tried as often as this; then the member is parked, in sight. */
const MOST_ATTEMPTS = 10;

export interface Interrupted {
  readonly error: unknown;
  /** What Discord had shown by then: part of the work may be done. */
  readonly observed: MemberReading | null;
}

export interface Interruptions {
  /** Decides what becomes of a job that broke off. Resolves with when its client may be worked again; null: at once. */
  handleError(job: Job, interrupted: Interrupted): Promise<Date | null>;
}

/** Refusals that are the whole client's, whoever the member is. */
const TROUBLE: Partial<Record<DiscordRefusal, ClientTrouble['kind']>> = {
  UNAUTHORIZED: 'STOPPED',
  UNKNOWN_GUILD: 'PAUSED',
  MISSING_ACCESS: 'PAUSED',
};

export function createInterruptions(deps: {
  readonly memory: Pick<Memory, 'settle' | 'postpone' | 'saveTrouble'>;
  readonly clock: () => number;
  readonly random: () => number;
  readonly logger: Logger;
}): Interruptions {
  const { memory, clock, random, logger } = deps;

  async function handleError(
    job: Job,
    interrupted: Interrupted,
  ): Promise<Date | null> {
    const { error, observed } = interrupted;
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof LeaseLostError) throw error;
    if (error instanceof RetryLaterError) {
      await memory.postpone(job, {
        dueAt: error.retryAt,
        isFailure: false,
        reason,
        observed,
      });
      return error.retryAt;
    }
    const trouble =
      error instanceof TerminalError
        ? TROUBLE[error.code as DiscordRefusal]
        : undefined;
    if (trouble !== undefined) {
      logger.error(
        { clientId: job.clientId, trouble, reason },
        'client is in trouble',
      );
      await memory.saveTrouble(job.clientId, { kind: trouble, reason });
      await memory.postpone(job, {
        dueAt: new Date(clock()),
        isFailure: false,
        reason,
        observed,
      });
      return null;
    }
    if (error instanceof TerminalError) return park(job, reason, observed);
    if (!(error instanceof UnavailableError)) {
      logger.error(
        {
          err: error,
          clientId: job.clientId,
          discordUserId: job.discordUserId,
        },
        'reconcile failed',
      );
      if (job.attempts >= MOST_ATTEMPTS)
        return park(
          job,
          'the connector failed on this member; see its log',
          observed,
        );
    }
    const dueAt = new Date(
      clock() + backoffMs(job.attempts, { ...BACKOFF, random }),
    );
    logger.warn(
      {
        clientId: job.clientId,
        discordUserId: job.discordUserId,
        reason,
        dueAt,
      },
      'reconcile postponed',
    );
    await memory.postpone(job, { dueAt, isFailure: true, reason, observed });
    return null;
  }

  async function park(
    job: Job,
    reason: string,
    observed: MemberReading | null,
  ): Promise<null> {
    await memory.settle(job, {
      outcome: 'PARKED',
      reason,
      closes: null,
      heldRemovals: [],
      observed,
      isParked: true,
      endedLinkIds: [],
    });
    return null;
  }

  return { handleError };
}
