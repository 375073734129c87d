import { TerminalError } from '../../lib/errors.js';
import type { GuildRef } from '../../reconcile/ports.js';
import { type Perform, guildReading } from './calls.js';

/**
 * Only the guild itself can prove that the bot lost it. Other routes return 10004 or 50001 for
 * reasons of their own, and trusting them would stop a whole community because of one member. In: a
 * way to call. Out: the same, which reads the guild once if another route doubts it. Never:
 * UNKNOWN_GUILD without that proof.
 */
export function createGuildPresence(perform: Perform): Perform {
  /** Many members can be refused at once; one question is enough for all of them. */
  const asking = new Map<string, Promise<boolean>>();

  const isLost = (guild: GuildRef): Promise<boolean> => {
    const key = `${guild.clientId} ${guild.guildId} ${guild.revision}`;
    const known = asking.get(key);
    if (known) return known;
    const answer = perform(guild, guildReading(guild))
      .then(
        () => false,
        (error: unknown) => {
          if (doubtsGuild(error)) return true;
          throw error;
        },
      )
      .finally(() => asking.delete(key));
    asking.set(key, answer);
    return answer;
  };

  return async (guild, call) => {
    try {
      return await perform(guild, call);
    } catch (error) {
      if (!doubtsGuild(error) || call.ids['guildId'] === undefined) throw error;
      const isItself = call.route === guildReading(guild).route;
      throw verdict(error, isItself || (await isLost(guild)));
    }
  };
}

function doubtsGuild(error: unknown): error is TerminalError {
  return (
    error instanceof TerminalError &&
    (error.code === 'UNKNOWN_GUILD' || error.code === 'MISSING_ACCESS')
  );
}

/** The refusal with the code that is true of it; its message stays, with what Discord answered. */
function verdict(refusal: TerminalError, isLost: boolean): TerminalError {
  const code = isLost ? 'UNKNOWN_GUILD' : 'MISSING_ACCESS';
  if (refusal.code === code) return refusal;
  const more = isLost ? ', and the bot cannot see the guild' : ', but the guild itself responds';
  return new TerminalError(code, `${refusal.message}${more}`, {
    cause: refusal,
  });
}
