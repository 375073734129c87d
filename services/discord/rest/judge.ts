import {
  BucketSpentError,
  RefusedTokenError,
  RetryLaterError,
  TerminalError,
  UnavailableError,
  UnsentError,
} from '../../lib/errors.js';
import type { GuildRef } from '../../reconcile/ports.js';
import { bucketName, bucketUse } from '../limits/ledger.js';
import { type Answer, type Pause, pauseAfter, spentUntil } from './answer.js';
import { type SendingPauses, SHOWN_FROM_MS } from '../limits/sending-pauses.js';
import type { Bot } from './bots.js';
import type { Deadline, Exchange } from './transport.js';
import {
  type Call,
  type ObservedWait,
  type Perform,
  botUserReading,
  guildReading,
} from './calls.js';
import { translateFailure } from './errors.js';

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

/**
 * Returns the error for a call that failed or whose response is not accepted. Pauses the bucket or
 * the bot if Discord asks to wait.
 */
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
  if (pause) reportWait(deps, call, 'refused', pause.until - now);
  if (answer && !pause) closeWhenSpent(deps, attempt, answer);

  const aborted = answer ? null : deadline.cause();
  // The call waited in the REST client's own queue, behind another method of its bucket.
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

/**
 * Returns true if a second call must confirm the pause. A short wait is not worth an extra call.
 */
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
 * Closes the bucket if the response, whatever its status, reports no calls left. Otherwise ends the
 * bucket's pause: a setup check can reopen a bucket early, and then a call gets through before the
 * pause expires.
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
  reportWait(deps, attempt.call, 'spent', until - now);
}

function reportWait(
  { onWait }: JudgeDeps,
  { method, route }: Call,
  why: ObservedWait['why'],
  waitMs: number,
): void {
  onWait?.({ method, route, why, waitMs });
}

/** True if Discord's API itself responded, whatever the result: the sender is not blocked. */
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

export function tooEarly({ doing }: Call, until: number): BucketSpentError {
  return new BucketSpentError(new Date(until), `cannot ${doing}: Discord asked to wait`);
}

export function later({ doing }: Call, at: number, why: string): UnsentError {
  return new UnsentError(new Date(at), `cannot ${doing}: ${why}`);
}

/**
 * A refusal that may come from a proxy or concern only this call. Taken literally, it would stop
 * the whole bot.
 */
class DoubtfulRefusalError extends Error {
  constructor(readonly refusal: RefusedTokenError | RetryLaterError) {
    super(refusal.message, { cause: refusal });
    this.name = 'DoubtfulRefusalError';
  }
}

/**
 * A single response must not stop a bot. The token counts as rejected, or the sender as blocked,
 * only if Discord also refuses to return the bot's own user.
 * In: a `perform`. Out: a `perform` that reads `/users/@me` once after a doubtful refusal.
 * Never: DoubtfulRefusalError.
 */
export function createSenderDoubt(perform: Perform): Perform {
  /** Resolves to null if Discord returns the bot's own user, else to the error. */
  const ask = askOnce((guild) =>
    perform(guild, botUserReading).then(
      () => null,
      (error: unknown) => error,
    ),
  );

  return async (guild, call) => {
    try {
      return await perform(guild, call);
    } catch (error) {
      if (!(error instanceof DoubtfulRefusalError)) throw error;
      throw senderVerdict(error.refusal, await ask(guild), guild);
    }
  };
}

/**
 * Returns the error to throw after reading the bot's own user. The result of that read decides the
 * error's type; the message starts with that of the refused call.
 */
function senderVerdict(refusal: Error, asked: unknown, { revision }: GuildRef): Error {
  const { message } = refusal;
  const options = { cause: refusal };
  if (asked === null)
    return new UnavailableError(
      `${message}, but Discord still returns the bot's own user`,
      options,
    );
  if (asked instanceof RefusedTokenError) return new RefusedTokenError(revision, message, options);
  if (asked instanceof RetryLaterError) return new RetryLaterError(asked.retryAt, message, options);
  return new UnavailableError(
    `${message}, and Discord does not return the bot's own user`,
    options,
  );
}

/**
 * Only reading the guild can prove that the bot is no longer in it. Other routes return 10004 or
 * 50001 for other reasons, and trusting them would stop a whole community because of one member.
 * In: a `perform`. Out: a `perform` that reads the guild once if another route returns 10004 or
 * 50001.
 * Never: UNKNOWN_GUILD without that proof.
 */
export function createGuildPresence(perform: Perform): Perform {
  const isLost = askOnce((guild) =>
    perform(guild, guildReading(guild)).then(
      () => false,
      (error: unknown) => {
        if (doubtsGuild(error)) return true;
        throw error;
      },
    ),
  );

  return async (guild, call) => {
    try {
      return await perform(guild, call);
    } catch (error) {
      if (!doubtsGuild(error) || call.ids['guildId'] === undefined) throw error;
      const isItself = call.route === guildReading(guild).route;
      throw guildVerdict(error, isItself || (await isLost(guild)));
    }
  };
}

/**
 * Makes one call per guild at a time and shares its result, because Discord can refuse the calls
 * for many members at once.
 */
function askOnce<T>(ask: (guild: GuildRef) => Promise<T>): (guild: GuildRef) => Promise<T> {
  const asking = new Map<string, Promise<T>>();
  return (guild) => {
    const key = `${guild.clientId} ${guild.guildId} ${guild.revision}`;
    const known = asking.get(key);
    if (known !== undefined) return known;
    const question = ask(guild).finally(() => asking.delete(key));
    asking.set(key, question);
    return question;
  };
}

function doubtsGuild(error: unknown): error is TerminalError {
  return (
    error instanceof TerminalError &&
    (error.code === 'UNKNOWN_GUILD' || error.code === 'MISSING_ACCESS')
  );
}

/**
 * Returns the refusal with the correct code. Keeps the original message, which describes Discord's
 * response.
 */
function guildVerdict(refusal: TerminalError, isLost: boolean): TerminalError {
  const code = isLost ? 'UNKNOWN_GUILD' : 'MISSING_ACCESS';
  if (refusal.code === code) return refusal;
  const more = isLost ? ', and the bot cannot see the guild' : ', but the guild itself responds';
  return new TerminalError(code, `${refusal.message}${more}`, { cause: refusal });
}
