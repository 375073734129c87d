import { backoffMs } from '../../lib/backoff.js';
import {
  BucketSpentError,
  DatabaseUnavailableError,
  LeaseLostError,
  messageOf,
  RefusedTokenError,
  RetryLaterError,
  TerminalError,
  UnavailableError,
} from '../../lib/errors.js';
import type { Logger } from '../../lib/logger.js';
import type { Job } from '../job.js';
import type { ClientTrouble, DiscordRefusal, Memory } from '../ports.js';
import { WritesSpentError } from '../write/apply.js';
import type { ParkedCause, Unfinished } from '../write/records.js';
import { UnhealthyGuildError } from '../write/write-breaker.js';
import { NOTHING_SETTLED } from './settlement.js';

/** After this many failures of our own code the member is parked, so that an admin notices. */
const MOST_ATTEMPTS = 10;

/**
 * Longest postponement of a rate-limited job. The job does not wait until the limit resets, because
 * the limit may end early, or be forgotten when the process that counts it ends. The worker decides
 * whether the client may run.
 */
const MOST_WAIT_MS = 5_000;

export interface Interruption {
  readonly error: unknown;
  readonly unfinished: Unfinished;
  /** Adds the names of roles and of the member to a text with their ids. */
  readonly inWords: (text: string) => string;
}

export interface Interruptions {
  /**
   * Postpones or parks an interrupted job. Throws the error if the lease is lost or the database
   * unreachable. Resolves to the time when a run of its client may start; null: at once.
   */
  handleError(job: Job, interrupted: Interruption): Promise<Date | null>;
}

/** Refusals that concern the whole client, not the member. */
const TROUBLE: ReadonlyMap<string, ClientTrouble['kind']> = new Map<
  DiscordRefusal | 'UNHEALTHY',
  ClientTrouble['kind']
>([
  ['UNAUTHORIZED', 'STOPPED'],
  ['UNKNOWN_GUILD', 'PAUSED'],
  ['UNHEALTHY', 'PAUSED'],
]);

interface Deps {
  readonly memory: Pick<Memory, 'settle' | 'postpone' | 'saveTrouble'>;
  readonly clock: () => number;
  readonly random: () => number;
  readonly logger: Logger;
  /** Backoff for a member whose run failed. */
  readonly retry: { readonly baseMs: number; readonly maxMs: number };
}

export function createInterruptions(deps: Deps): Interruptions {
  return {
    async handleError(job, interrupted) {
      const { error } = interrupted;
      // Not the member's fault: the run is dropped, and a later claim repeats it.
      if (error instanceof LeaseLostError || error instanceof DatabaseUnavailableError) throw error;
      if (error instanceof RetryLaterError) {
        const waitMs = Math.max(0, error.retryAt.getTime() - deps.clock());
        await postpone(deps, job, interrupted, {
          waitMs: Math.min(waitMs, MOST_WAIT_MS),
          isFailure: false,
        });
        return clientOpenFrom(error);
      }
      if (error instanceof TerminalError) await handleRefusal(deps, job, interrupted, error.code);
      else await handleFailure(deps, job, interrupted);
      return null;
    },
  };
}

/**
 * Returns the time when a run of the client may start; null: at once. A used-up limit of reads or
 * joins delays only this job, not the client.
 */
function clientOpenFrom(error: RetryLaterError): Date | null {
  if (error instanceof WritesSpentError) return error.openFrom;
  return error instanceof BucketSpentError ? null : error.retryAt;
}

async function handleRefusal(
  deps: Deps,
  job: Job,
  interrupted: Interruption,
  code: string,
): Promise<void> {
  const { error } = interrupted;
  const kind = TROUBLE.get(code);
  const reason = reasonOf(interrupted);
  if (kind === undefined) return park(deps, job, interrupted, parkedBy(interrupted, code));
  const unhealthy = error instanceof UnhealthyGuildError ? error : null;
  const isOld = unhealthy?.isNews === false;
  deps.logger[isOld ? 'warn' : 'error'](
    { clientId: job.clientId, trouble: kind, reason },
    'client stopped or paused',
  );
  const refused = error instanceof RefusedTokenError ? error : null;
  await deps.memory.saveTrouble(job.clientId, {
    kind,
    reason,
    ...(refused && { revision: refused.revision }),
    ...(unhealthy && { trip: unhealthy.trip }),
  });
  await postpone(deps, job, interrupted, { waitMs: 0, isFailure: false });
}

async function handleFailure(deps: Deps, job: Job, interrupted: Interruption): Promise<void> {
  const { error } = interrupted;
  const { clientId, discordUserId, attempts } = job;
  if (!(error instanceof UnavailableError)) {
    deps.logger.error({ err: error, clientId, discordUserId }, 'reconcile failed');
    if (attempts >= MOST_ATTEMPTS) {
      return park(deps, job, interrupted, {
        reason: "internal error while reconciling this member; see the connector's log",
        cause: 'internal error while reconciling these members',
        endedBy: "fix the error in the connector's log, then run reconcileDiscordUser",
      });
    }
  }
  const waitMs = backoffMs(attempts, { ...deps.retry, random: deps.random });
  deps.logger.warn(
    { clientId, discordUserId, reason: reasonOf(interrupted), waitMs },
    'reconcile postponed',
  );
  await postpone(deps, job, interrupted, { waitMs, isFailure: true });
}

async function postpone(
  deps: Deps,
  job: Job,
  interrupted: Interruption,
  when: { readonly waitMs: number; readonly isFailure: boolean },
): Promise<void> {
  const { unfinished } = interrupted;
  await deps.memory.postpone(job, { ...unfinished, ...when, reason: reasonOf(interrupted) });
}

async function park(
  deps: Deps,
  job: Job,
  { unfinished: { observed, isReading } }: Interruption,
  { reason, ...parkedCause }: ParkedCause & { readonly reason: string },
): Promise<void> {
  await deps.memory.settle(job, {
    ...NOTHING_SETTLED,
    outcome: 'PARKED',
    reason,
    observed,
    isReading,
    isParked: true,
    parking: [parkedCause],
  });
}

function reasonOf({ error, inWords }: Interruption): string {
  return inWords(messageOf(error));
}

/**
 * Builds the cause of the parking from the reason. The reason's text before the first colon names
 * the member and is left out. The rest is the same for all members refused for this reason.
 */
function parkedBy(interrupted: Interruption, code: string) {
  const reason = reasonOf(interrupted);
  const [, ...why] = reason.split(': ');
  return { reason, cause: why.join(': ') || reason, endedBy: endOf(code) };
}

function endOf(code: string): string {
  if (code === 'MISSING_PERMISSION' || code === 'MISSING_ACCESS')
    return 'run checkDiscordClient and follow its advice, then run reconcileDiscordUser';
  return code === 'UNKNOWN_MEMBER'
    ? 'the person joins the server'
    : 'fix the cause, then run reconcileDiscordUser';
}
