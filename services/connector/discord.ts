import type { Config } from '../config.js';
import { createDiscordGateway } from '../discord/gateway.js';
import { createInvalidBudget } from '../discord/invalid-budget.js';
import { createDiscordOAuth } from '../discord/oauth.js';
import type { Logger } from '../lib/logger.js';
import type { Store } from '../store/store.js';
import { PATH_TIMING } from './path.js';

/** The far side: the bots' calls and people's signing in, on one budget of answers that Discord counts against the sender. */
export function discordOf(
  config: Config,
  logger: Logger,
  { store, version }: { readonly store: Store; readonly version: string },
) {
  const budget = createInvalidBudget({ clock: Date.now, logger });
  const url = config.http.publicUrl ?? `http://${config.http.host}`;
  const gateway = createDiscordGateway({
    credentials: store.readCredentials,
    budget,
    logger,
    clock: Date.now,
    random: Math.random,
    userAgent: { url, version },
    timeoutMs: PATH_TIMING.callMs,
  });
  const oauth = createDiscordOAuth({
    budget,
    clock: Date.now,
    userAgent: `DiscordBot (${url}, ${version})`,
    timeoutMs: PATH_TIMING.callMs,
  });
  return { gateway, oauth, budget };
}

export type Discord = ReturnType<typeof discordOf>;
