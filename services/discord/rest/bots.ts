import { REST } from '@discordjs/rest';

import { TerminalError } from '../../lib/errors.js';
import type { ClientId } from '../../model.js';
import type { GuildRef } from '../../reconcile/ports.js';
import type { InvalidAnswer } from '../limits/invalid-budget.js';
import { bucketUse } from '../limits/ledger.js';
import { type BotLimits, createBotLimits } from '../limits/pacing.js';
import type { SendingPauses } from '../limits/sending-pauses.js';
import { type Call, SINGLE_BYTES } from './calls.js';
import { splitApiBase } from './endpoints.js';
import { createTransport, type Exchange } from './transport.js';

export interface DiscordCredentials {
  /** Includes the version: `https://discord.com/api/v10`. */
  readonly apiBase: string;
  readonly botToken: string;
  readonly applicationId: string;
  readonly guildId: string;
}

interface Bots {
  readonly botFor: (guild: GuildRef) => Promise<Bot>;
  /**
   * Reloads the client's credentials at its next call, and ends its bot's pauses so that this call
   * is tried.
   */
  readonly forget: (clientId: ClientId) => void;
  readonly closeAll: () => void;
}

interface BotsDeps {
  readonly credentials: (clientId: ClientId) => Promise<DiscordCredentials>;
  readonly openBot: (
    address: { readonly apiBase: string; readonly token: string },
    limits?: BotLimits,
  ) => Bot;
}

/**
 * Clients with the same token and API share one bot. A client whose credentials change moves to
 * another bot.
 */
export function createBots({ credentials, openBot }: BotsDeps): Bots {
  const openings = new Map<ClientId, Opening>();
  const inUse = new Map<ClientId, Bot>();
  const bots = new Map<string, Bot>();

  const open = async ({ clientId, revision }: GuildRef): Promise<Bot> => {
    const { apiBase, botToken: token } = await credentials(clientId);
    const key = `${apiBase} ${token}`;
    const shared = bots.get(key);
    // Reopen a bot whose token was rejected: the credentials were reloaded, so the token gets
    // another chance.
    if (shared?.isRefused()) shared.close();
    const bot = shared && !shared.isRefused() ? shared : openBot({ apiBase, token }, shared);
    bots.set(key, bot);
    // The client already uses this bot, so its credentials were changed or forgotten (`forget`). In
    // both cases the next call must be tried despite pauses.
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
    // A bot reopened for the same token keeps its predecessor's pause.
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
      // End the pauses now, not at the next call: reconcile runs make no call while they expect a
      // pause, so the pauses would stay in place.
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

/** A bot, identified by its token and API base URL. All its clients share its rate limits. */
export interface Bot extends BotLimits {
  readonly token: string;
  /** True after a 401 for its token. The bot then sends no more calls. */
  isRefused(): boolean;
  /**
   * Lets the next call be tried despite pauses, because a person asked for it or the client was
   * changed.
   */
  tryNow(): void;
  send(call: Call, by: SentBy): Promise<Exchange>;
  close(): void;
}

interface SentBy {
  readonly signal: AbortSignal;
  /** The client whose budget of invalid requests is charged. */
  readonly spender: ClientId;
}

export interface BotDeps {
  readonly clock: () => number;
  readonly userAgent: string;
  readonly timeoutMs: number;
  readonly globalRequestsPerSecond: number;
  readonly offsetMs: number;
  readonly reserveMs: number;
  readonly pauses: SendingPauses;
  readonly onStatus: (answer: InvalidAnswer) => void;
}

/**
 * `limits`: the rate limit state of an earlier bot with the same token, because Discord still
 * counts that bot's calls.
 */
export function createBot(
  { apiBase, token }: { readonly apiBase: string; readonly token: string },
  deps: BotDeps,
  limits: BotLimits = createBotLimits(deps),
): Bot {
  let isRefused = false;
  const transport = createTransport({
    userAgent: deps.userAgent,
    clock: deps.clock,
    onStatus: deps.onStatus,
    // Runs before the REST client drops its token. `isRefused` must be set by then, because a call
    // without a token would fail with an unhelpful error.
    onRefused: () => {
      isRefused = true;
    },
  });
  const rest = new REST({
    ...addressOf(apiBase),
    // No automatic retries: the job table schedules each retry, with its lease and audit record.
    retries: 0,
    rejectOnRateLimit: () => true,
    timeout: deps.timeoutMs,
    // The REST client's own limit has no reserve for adding people to the guild, and would refuse first. `globalBudget`
    // is checked before each call instead.
    globalRequestsPerSecond: Infinity,
    makeRequest: transport.makeRequest,
  }).setToken(token);

  const { gate, ledger, globalBudget, pause, openFrom } = limits;
  return {
    token,
    gate,
    ledger,
    globalBudget,
    pause,
    openFrom,
    isRefused: () => isRefused,
    tryNow() {
      pause.tryNow();
      ledger.forgetLong();
    },
    send(call, { signal, spender }) {
      const use = bucketUse(call);
      const run = () =>
        rest.request({
          method: call.method,
          fullRoute: call.path,
          body: call.body,
          ...(call.query && { query: call.query }),
          reason: call.reason,
          signal,
        });
      return transport.follow(run, {
        spender,
        isOfBot: call.isOfBot ?? false,
        openFrom: () => openFrom(use, 1),
        mostBytes: call.mostBytes ?? SINGLE_BYTES,
        learn: (answer) => ledger.learn(use, answer),
      });
    },
    close() {
      rest.clearHashSweeper();
      rest.clearHandlerSweeper();
    },
  };
}

function addressOf(apiBase: string) {
  const address = splitApiBase(apiBase);
  if (address) return address;
  throw new TerminalError(
    'REFUSED',
    `cannot call Discord: ${apiBase} does not end with the API version`,
  );
}
