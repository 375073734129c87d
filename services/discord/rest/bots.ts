import type { ClientId } from '../../model.js';
import type { GuildRef } from '../../reconcile/ports.js';
import type { Bot, BotLimits } from './bot.js';

export interface DiscordCredentials {
  /** With its version: `https://discord.com/api/v10`. */
  readonly apiBase: string;
  readonly botToken: string;
  readonly applicationId: string;
  readonly guildId: string;
}

export interface Bots {
  readonly botFor: (guild: GuildRef) => Promise<Bot>;
  /** Re-reads the client's credentials at its next call, for which its pauses end now. */
  readonly forget: (clientId: ClientId) => void;
  readonly closeAll: () => void;
}

export interface BotsDeps {
  readonly credentials: (clientId: ClientId) => Promise<DiscordCredentials>;
  readonly openBot: (
    address: { readonly apiBase: string; readonly token: string },
    limits?: BotLimits,
  ) => Bot;
}

/**
 * Clients with one token at one API share one bot; a client with new credentials leaves the bot it
 * had.
 */
export function createBots({ credentials, openBot }: BotsDeps): Bots {
  const openings = new Map<ClientId, Opening>();
  const inUse = new Map<ClientId, Bot>();
  const bots = new Map<string, Bot>();

  const open = async ({ clientId, revision }: GuildRef): Promise<Bot> => {
    const { apiBase, botToken: token } = await credentials(clientId);
    const key = `${apiBase} ${token}`;
    const shared = bots.get(key);
    // A rejected token gets another chance after the credentials were changed.
    if (shared?.isRefused()) shared.close();
    const bot = shared && !shared.isRefused() ? shared : openBot({ apiBase, token }, shared);
    bots.set(key, bot);
    // The client was changed, or the doctor is checking it.
    if (inUse.get(clientId) === bot) bot.tryNow();
    const isNewest = openings.get(clientId)?.revision === revision;
    if (isNewest) use(clientId, bot);
    closeUnused();
    return bot;
  };

  const use = (clientId: ClientId, bot: Bot) => {
    const before = inUse.get(clientId);
    inUse.set(clientId, bot);
    bot.pause.join(clientId);
    // Bots opened one after the other for the same token share one pause.
    if (before !== undefined && before.pause !== bot.pause) before.pause.leave(clientId);
  };

  const closeUnused = () => {
    const used = new Set(inUse.values());
    for (const [key, bot] of bots) {
      if (used.has(bot)) continue;
      bot.close();
      bots.delete(key);
    }
  };

  return {
    botFor(guild) {
      const { clientId, revision } = guild;
      const known = openings.get(clientId);
      if (known?.revision === revision) return known.bot;
      const bot = open(guild);
      const opening = { revision, bot };
      openings.set(clientId, opening);
      bot.catch(() => {
        if (openings.get(clientId) === opening) openings.delete(clientId);
      });
      return bot;
    },
    forget(clientId) {
      // The bot stays in use until the next call: its limits and pauses must not be forgotten with
      // the credentials.
      openings.delete(clientId);
      // Reopened at once: while runs expect a pause they make no call, so no call could end it.
      inUse.get(clientId)?.tryNow();
    },
    closeAll() {
      openings.clear();
      inUse.clear();
      closeUnused();
    },
  };
}

interface Opening {
  readonly revision: string;
  readonly bot: Promise<Bot>;
}
