import { RefusedTokenError, RetryLaterError, UnavailableError } from '../../lib/errors.js';
import type { GuildRef } from '../../reconcile/ports.js';
import { type Perform, botUserReading } from '../rest/calls.js';

/**
 * A refusal that may come from a proxy or concern only this call; taken literally it would stop the
 * whole bot.
 */
export class DoubtfulRefusalError extends Error {
  constructor(readonly refusal: RefusedTokenError | RetryLaterError) {
    super(refusal.message, { cause: refusal });
    this.name = 'DoubtfulRefusalError';
  }
}

/**
 * One answer must not stop a bot: a token is believed lost, or the sender blocked, only where the
 * bot's own user is refused too.
 * In: a way to call. Out: the same, that asks `/users/@me` once where another route doubts the bot.
 * Never: DoubtfulRefusalError.
 */
export function createSenderDoubt(perform: Perform): Perform {
  /** Many members can be refused at once; one question is enough for all of them. */
  const asking = new Map<string, Promise<unknown>>();

  /** Null: the bot itself is answered. */
  const ask = (guild: GuildRef): Promise<unknown> => {
    const key = `${guild.clientId} ${guild.revision}`;
    const known = asking.get(key);
    if (known) return known;
    const question = perform(guild, botUserReading)
      .then(
        () => null,
        (error: unknown) => error,
      )
      .finally(() => asking.delete(key));
    asking.set(key, question);
    return question;
  };

  return async (guild, call) => {
    try {
      return await perform(guild, call);
    } catch (error) {
      if (!(error instanceof DoubtfulRefusalError)) throw error;
      throw verdict(error.refusal, await ask(guild), guild);
    }
  };
}

/** What became of the question decides; the message stays that of the call. */
function verdict(refusal: Error, asked: unknown, { revision }: GuildRef): Error {
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
