import {
  RefusedTokenError,
  TerminalError,
  UnsentError,
  type RetryLaterError,
  type UnavailableError,
} from '../lib/errors.js';
import type { Logger } from '../lib/logger.js';
import type { ClientId, GuildId } from '../model.js';
import type { GuildRef } from '../reconcile/ports.js';
import type { Answer } from './answer.js';
import type { Bot } from './bot.js';
import { bucketName, bucketUse } from './bucket-use.js';
import { isSuccess, type Call } from './calls.js';
import { createDeadlines, type Deadline } from './deadline.js';
import { translateFailure } from './errors.js';
import type { InvalidBudget } from './invalid-budget.js';
import type { ObservedCall, ObservedWait } from './observed.js';
import { pauseAfter, spentUntil } from './pauses.js';
import type { Exchange } from './transport.js';

export type Perform = (guild: GuildRef, call: Call) => Promise<Answer>;

export interface Seen {
  readonly bot: Bot;
  readonly guildId: GuildId;
}

export interface Caller {
  /** Sends the call at most once and gives the answer if the call accepts it. */
  readonly perform: Perform;
  /** Where a client's calls went last; undefined: it has made none. */
  readonly seen: (clientId: ClientId) => Seen | undefined;
  /** Resolves when nothing is in flight any more. */
  readonly stop: () => Promise<void>;
}

export interface CallerDeps {
  readonly botFor: (guild: GuildRef) => Promise<Bot>;
  readonly budget: Pick<InvalidBudget, 'blockOf'>;
  readonly clock: () => number;
  readonly random: () => number;
  readonly logger: Logger;
  readonly timeoutMs: number;
  readonly offsetMs: number;
  readonly onCall?: (call: ObservedCall) => void;
  readonly onWait?: (wait: ObservedWait) => void;
}

/**
 * The way of every call: bot, turn in its bucket, budget, wire, judgement.
 * In: a call. Out: an accepted answer, or one of the errors of lib/errors.ts. Never: a second try.
 */
export function createCaller(deps: CallerDeps): Caller {
  const deadlines = createDeadlines(deps.timeoutMs);
  const inFlight = new Set<Promise<Answer>>();
  const seen = new Map<ClientId, Seen>();

  const perform = async (guild: GuildRef, call: Call): Promise<Answer> => {
    const bot = await deps.botFor(guild);
    seen.set(guild.clientId, { bot, guildId: guild.guildId });
    const deadline = deadlines.begin();
    try {
      const leave = await takeTurn(deps, { bot, call, deadline });
      try {
        deadline.restart();
        refuseEarly(deps, { bot, call, guild });
        drawOnBudget(bot, call);
        return await exchange(deps, { guild, bot, call, deadline });
      } finally {
        leave();
      }
    } finally {
      deadline.end();
    }
  };

  return {
    seen: (clientId) => seen.get(clientId),
    perform(guild, call) {
      const performance: Promise<Answer> = perform(guild, call).finally(() =>
        inFlight.delete(performance),
      );
      inFlight.add(performance);
      return performance;
    },
    async stop() {
      deadlines.stop();
      await Promise.allSettled(inFlight);
    },
  };
}

interface Attempt {
  readonly bot: Bot;
  readonly call: Call;
  readonly deadline: Deadline;
}

async function takeTurn(
  { clock, timeoutMs }: CallerDeps,
  { bot, call, deadline }: Attempt,
): Promise<() => void> {
  const use = bucketUse(call);
  const turn = {
    bucket: bucketOf(call),
    isUrgent: use.isUrgent,
    freeFrom: () => bot.ledger.nextFrom(use),
  };
  const entry = await bot.gate.enter(turn, deadline.signal);
  if (entry.kind === 'entered') {
    const land = bot.ledger.begin(use);
    return () => {
      land();
      entry.leave();
    };
  }
  if (entry.kind === 'closed') {
    throw tooEarly(call, entry.until);
  }
  if (deadline.cause() === 'stopped') {
    throw later(call, clock(), 'the connector is stopping');
  }
  throw later(call, clock() + timeoutMs, 'the calls before it take too long');
}

function bucketOf(call: Call): string {
  return bucketName(bucketUse(call));
}

/** Asked when it is the call's turn: the one before it may have been the last that was allowed. */
function refuseEarly(
  { budget }: CallerDeps,
  {
    bot,
    call,
    guild,
  }: Omit<Attempt, 'deadline'> & { readonly guild: GuildRef },
): void {
  if (bot.isRefused()) {
    throw new RefusedTokenError(
      guild.revision,
      `cannot ${call.doing}: the bot's token was refused before`,
    );
  }
  const block = budget.blockOf(guild.clientId);
  if (block !== null) throw later(call, block.until.getTime(), block.reason);
}

/** Last of all: what is drawn is sent. */
function drawOnBudget({ globalBudget }: Bot, call: Call): void {
  const spent = globalBudget.take(call.isJoin ? 'join' : 'other');
  if (spent === null) return;
  throw later(call, spent.until, 'the calls a second of this bot are spent');
}

function tooEarly(call: Call, until: number): UnsentError {
  return later(call, until, 'Discord has asked to wait');
}

function later({ doing }: Call, at: number, why: string): UnsentError {
  return new UnsentError(new Date(at), `cannot ${doing}: ${why}`);
}

async function exchange(
  deps: CallerDeps,
  attempt: Attempt & { readonly guild: GuildRef },
): Promise<Answer> {
  const { bot, call, deadline, guild } = attempt;
  const startedAt = deps.clock();
  const result = await bot.send(call, {
    signal: deadline.signal,
    spender: guild.clientId,
  });
  if (result.isSent) {
    const { method, route, ids } = call;
    const status = result.answer?.status ?? null;
    const durationMs = deps.clock() - startedAt;
    const { clientId } = guild;
    const fields = { clientId, ...ids, method, route, status, durationMs };
    deps.logger.debug(fields, 'discord call');
    deps.onCall?.({ clientId, ids, method, route, status, durationMs });
  }
  const accepts = call.accepts ?? isSuccess;
  if (result.answer && accepts(result.answer)) {
    closeWhenSpent(deps, attempt, result.answer);
    return result.answer;
  }
  throw withRevision(judge(deps, attempt, result), guild);
}

function withRevision(error: Error, { revision }: GuildRef): Error {
  if (!(error instanceof TerminalError) || error.code !== 'UNAUTHORIZED')
    return error;
  return new RefusedTokenError(revision, error.message, { cause: error.cause });
}

function judge(
  deps: CallerDeps,
  { bot, call, deadline }: Attempt,
  { answer, error, isSent, closedUntil }: Exchange,
): TerminalError | RetryLaterError | UnavailableError {
  if (closedUntil !== null) return tooEarly(call, closedUntil);
  const { offsetMs, timeoutMs } = deps;
  const now = deps.clock();
  const random = deps.random();
  const pause = answer && pauseAfter({ answer, now, random, offsetMs });
  if (pause?.reach === 'bot') bot.gate.closeAll(pause.until);
  if (pause?.reach === 'bucket') bot.gate.close(bucketOf(call), pause.until);
  if (pause) tellWait(deps, call, 'refused', pause.until - now);
  if (answer && !pause) closeWhenSpent(deps, { bot, call }, answer);

  const aborted = answer ? null : deadline.cause();
  // It stood in the REST client's own queue, behind another method of its bucket.
  if (!isSent && aborted === 'timedOut') {
    return later(call, now + timeoutMs, 'the calls before it take too long');
  }
  const { doing } = call;
  const secrets = [bot.token, call.secret ?? ''];
  const failure = { doing, answer, error, pause, aborted, now, secrets };
  return translateFailure(failure);
}

function tellWait(
  { onWait }: CallerDeps,
  { method, route }: Call,
  why: ObservedWait['why'],
  waitMs: number,
): void {
  onWait?.({ method, route, why, waitMs });
}

function closeWhenSpent(
  deps: CallerDeps,
  { bot, call }: Pick<Attempt, 'bot' | 'call'>,
  answer: Answer,
): void {
  const now = deps.clock();
  const until = spentUntil(answer, now, deps.offsetMs);
  if (until === null) return;
  bot.gate.close(bucketOf(call), until);
  tellWait(deps, call, 'spent', until - now);
}
