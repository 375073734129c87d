import {
  RefusedTokenError,
  RetryLaterError,
  TerminalError,
  UnsentError,
} from '../../lib/errors.js';
import type { GuildRef } from '../../reconcile/ports.js';
import type { Answer } from './answer.js';
import type { Bot } from './bot.js';
import { bucketName, bucketUse } from '../limits/bucket-use.js';
import type { Call } from './calls.js';
import type { Deadline } from './deadline.js';
import { translateFailure } from './errors.js';
import type { ObservedWait } from '../observed.js';
import { pauseAfter, spentUntil, type Pause } from '../limits/pauses.js';
import { DoubtfulRefusalError } from '../limits/sender-doubt.js';
import { SHOWN_FROM_MS, type SendingPauses } from '../limits/sending-pauses.js';
import type { Exchange } from './transport.js';

export interface JudgeDeps {
  readonly clock: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly timeoutMs: number;
  readonly offsetMs: number;
  readonly pauses: SendingPauses;
  readonly onWait?: (wait: ObservedWait) => void;
}

export interface Attempt {
  readonly bot: Bot;
  readonly call: Call;
  readonly deadline: Deadline;
}

export interface SentAttempt extends Attempt {
  readonly guild: GuildRef;
}

/** What an attempt means that its call does not accept. Closes what Discord asks to leave alone. */
export function judgeFailure(
  deps: JudgeDeps,
  attempt: SentAttempt,
  { answer, error, isSent, closedUntil }: Exchange,
): Error {
  const { bot, call, deadline, guild } = attempt;
  if (closedUntil !== null) return tooEarly(call, closedUntil);
  const { offsetMs, timeoutMs } = deps;
  const now = deps.clock();
  const random = deps.random();
  const pause = answer && pauseAfter({ answer, now, random, offsetMs });
  const isInDoubt = pause !== null && isDoubted(pause, call, now);
  if (pause && !isInDoubt) close(deps, attempt, pause);
  if (pause) tellWait(deps, call, 'refused', pause.until - now);
  if (answer && !pause) closeWhenSpent(deps, attempt, answer);

  const aborted = answer ? null : deadline.cause();
  // It waited in the REST client's own queue, behind another method of its bucket.
  if (!isSent && aborted === 'timedOut') {
    return later(call, now + timeoutMs, 'earlier calls take too long');
  }
  const { doing } = call;
  const secrets = [bot.token, call.secret ?? ''];
  const failure = { doing, answer, error, pause, aborted, now, secrets };
  const judged = withRevision(translateFailure(failure), guild);
  const isTokenInDoubt = judged instanceof RefusedTokenError && !call.isOfBot;
  const isRefusal = judged instanceof RefusedTokenError || judged instanceof RetryLaterError;
  return isRefusal && (isInDoubt || isTokenInDoubt) ? new DoubtfulRefusalError(judged) : judged;
}

/** A short wait is not worth a question. */
function isDoubted(pause: Pause, call: Call, now: number): boolean {
  const isLong = pause.until - now > SHOWN_FROM_MS;
  return pause.isDoubtful && isLong && !call.isOfBot;
}

function close(deps: JudgeDeps, { bot, call, guild }: SentAttempt, pause: Pause): void {
  if (pause.reach === 'bot') return bot.pause.begin(pause, guild.clientId);
  const why = `${call.method} ${call.route}: ${pause.why}`;
  closeBucket(deps, { bot, call, guild }, pause.until, why);
}

function closeBucket(
  { clock, pauses }: JudgeDeps,
  { bot, call, guild }: Omit<SentAttempt, 'deadline'>,
  until: number,
  cause: string,
): void {
  const bucket = bucketOf(call);
  bot.gate.close(bucket, until);
  if (until - clock() <= SHOWN_FROM_MS) return;
  const key = bucketPauseKey({ call, guild });
  pauses.begin(key, { cause, until, endsByItself: true }, guild.clientId);
}

function bucketPauseKey({ call, guild }: Pick<SentAttempt, 'call' | 'guild'>): string {
  return `bucket of ${guild.clientId}: ${bucketOf(call)}`;
}

/**
 * Closes the bucket if the response, whatever its status, says that it is exhausted. Otherwise the
 * bucket's pause is over, because the call could be sent: the doctor ends pauses before their time.
 */
export function closeWhenSpent(
  deps: JudgeDeps,
  attempt: Omit<SentAttempt, 'deadline'>,
  answer: Answer,
): void {
  const now = deps.clock();
  const until = spentUntil(answer, now, deps.offsetMs);
  if (until === null) return deps.pauses.end(bucketPauseKey(attempt));
  const { method, route } = attempt.call;
  const why = `${method} ${route}: Discord reports no calls left`;
  closeBucket(deps, attempt, until, why);
  tellWait(deps, attempt.call, 'spent', until - now);
}

function tellWait(
  { onWait }: JudgeDeps,
  { method, route }: Call,
  why: ObservedWait['why'],
  waitMs: number,
): void {
  onWait?.({ method, route, why, waitMs });
}

/** A verdict of Discord's API, whatever it is: the sender is not blocked. */
export function isOfApi({ status, form }: Answer): boolean {
  return status < 500 && status !== 429 && form === 'json';
}

function withRevision(error: Error, { revision }: GuildRef): Error {
  if (!(error instanceof TerminalError) || error.code !== 'UNAUTHORIZED') return error;
  return new RefusedTokenError(revision, error.message, { cause: error.cause });
}

export function bucketOf(call: Call): string {
  return bucketName(bucketUse(call));
}

export function tooEarly(call: Call, until: number): UnsentError {
  return later(call, until, 'Discord asked to wait');
}

export function later({ doing }: Call, at: number, why: string): UnsentError {
  return new UnsentError(new Date(at), `cannot ${doing}: ${why}`);
}
