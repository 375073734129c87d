import { RefusedTokenError } from '../../lib/errors.js';
import type { Logger } from '../../lib/logger.js';
import type { ClientId, GuildId } from '../../model.js';
import type { GuildRef } from '../../reconcile/ports.js';
import type { InvalidBudget } from '../limits/invalid-budget.js';
import { bucketUse } from '../limits/ledger.js';
import type { Trial } from '../limits/sending-pauses.js';
import type { Answer } from './answer.js';
import type { Bot } from './bots.js';
import { type Call, isSuccess, type ObservedCall, type Perform } from './calls.js';
import {
  type Attempt,
  bucketOf,
  closeWhenSpent,
  isOfApi,
  type JudgeDeps,
  judgeFailure,
  later,
  type SentAttempt,
  tooEarly,
} from './judge.js';
import { createDeadlines } from './transport.js';

export interface Seen {
  readonly bot: Bot;
  readonly guildId: GuildId;
}

interface DiscordCaller {
  /** Sends the call at most once. Resolves to the response if the call accepts it. */
  readonly perform: Perform;
  /** Returns the bot and guild of a client's last call; undefined if it has made none. */
  readonly seen: (clientId: ClientId) => Seen | undefined;
  /** Aborts all calls; resolves when none is in flight. */
  readonly stop: () => Promise<void>;
}

interface CallerDeps extends JudgeDeps {
  readonly botFor: (guild: GuildRef) => Promise<Bot>;
  readonly budget: Pick<InvalidBudget, 'blockOf'>;
  readonly logger: Logger;
  readonly onCall?: (call: ObservedCall) => void;
}

/**
 * Performs every Discord call: finds the bot, waits for a turn in the bucket, checks the budgets,
 * sends the call and judges the response.
 * In: a call. Out: an accepted response, or one of the errors in lib/errors.ts. Never: a retry.
 */
export function createCaller(deps: CallerDeps): DiscordCaller {
  const deadlines = createDeadlines(deps.timeoutMs);
  const inFlight = new Set<Promise<Answer>>();
  const seen = new Map<ClientId, Seen>();

  const perform = async (guild: GuildRef, call: Call): Promise<Answer> => {
    const bot = await deps.botFor(guild);
    seen.set(guild.clientId, { bot, guildId: guild.guildId });
    const deadline = deadlines.begin();
    try {
      refusePaused(bot.pause.closedFor(guild.clientId), call);
      const leave = await takeTurn(deps, { bot, call, deadline });
      let trial: Trial | null = null;
      try {
        deadline.restart();
        refuseEarly(deps, { bot, call, guild });
        trial = admit(bot, call, guild);
        // Take the call from the budget last: every call taken counts, so it must then be sent.
        const spent = bot.globalBudget.take(call.isJoin ? 'join' : 'other');
        if (spent !== null)
          throw later(call, spent.until, "the bot's calls for this second are used up");
        return await exchange(deps, { guild, bot, call, deadline, trial });
      } finally {
        trial?.leave();
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
  throw later(call, clock() + timeoutMs, 'earlier calls take too long');
}

/**
 * Throws if the token was rejected or the client's calls are blocked. Checked when the call's turn
 * comes, because the previous call may have caused either.
 */
function refuseEarly(
  { budget, pauses }: CallerDeps,
  { bot, call, guild }: Omit<Attempt, 'deadline'> & { readonly guild: GuildRef },
): void {
  if (bot.isRefused()) {
    throw new RefusedTokenError(
      guild.revision,
      `cannot ${call.doing}: the bot token was rejected earlier`,
    );
  }
  const { clientId } = guild;
  const block = budget.blockOf(clientId);
  if (block === null) return;
  const { reason: cause } = block;
  const until = block.until.getTime();
  const pause = { cause, until, endsByItself: true };
  pauses.begin(`budget ${clientId}`, pause, clientId);
  throw later(call, until, cause);
}

/**
 * Returns null if the bot is not paused. Once the pause has expired, returns a trial for the one
 * call to try. Throws for all other calls of a paused bot.
 */
function admit(bot: Bot, call: Call, { clientId }: GuildRef): Trial | null {
  const admission = bot.pause.admit(clientId);
  if (admission.kind === 'closed') refusePaused(admission, call);
  return admission.kind === 'trial' ? admission.trial : null;
}

function refusePaused(
  closed: { readonly until: number; readonly cause: string } | null,
  call: Call,
): void {
  if (closed !== null) throw later(call, closed.until, closed.cause);
}

async function exchange(
  deps: CallerDeps,
  attempt: SentAttempt & { readonly trial: Trial | null },
): Promise<Answer> {
  const { bot, call, deadline, guild, trial } = attempt;
  const startedAt = deps.clock();
  const result = await bot.send(call, { signal: deadline.signal, spender: guild.clientId });
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
    trial?.wentThrough();
    deps.pauses.wentThrough(guild.clientId);
    closeWhenSpent(deps, attempt, result.answer);
    return result.answer;
  }
  const error = judgeFailure(deps, attempt, result);
  if (result.answer && isOfApi(result.answer)) trial?.wentThrough();
  throw error;
}
