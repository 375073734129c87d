import type { Config } from '../config.js';
import { createDiscordGateway } from '../discord/gateway.js';
import { createInvalidBudget } from '../discord/limits/invalid-budget.js';
import { createDiscordOAuth } from '../discord/oauth/oauth.js';
import type { Logger } from '../lib/logger.js';
import type { Store } from '../store/store.js';
import { createTrySecrets } from './try-secrets.js';
import { onCall, onOAuthCall, type Telemetry } from './telemetry.js';
import { TIMING, type ConnectorTiming } from './timing.js';
import type { ObservedCall } from '../discord/rest/calls.js';

/** The Discord client: bot calls and OAuth2, sharing one budget of invalid requests. */
export function discordOf(
  config: Config,
  logger: Logger,
  {
    store,
    version,
    telemetry,
    timing = TIMING,
    clock = Date.now,
  }: {
    readonly store: Store;
    readonly version: string;
    readonly telemetry: Telemetry;
    readonly timing?: ConnectorTiming;
    readonly clock?: () => number;
  },
) {
  const budget = createInvalidBudget({ clock, logger });
  const url = config.http.publicUrl ?? `http://${config.http.host}`;
  const observe = onCall(telemetry);
  const wire = {
    ...timing.discord,
    budget,
    logger,
    clock,
    random: Math.random,
    userAgent: { url, version },
    timeoutMs: timing.path.callMs,
    onCall: (call: ObservedCall) => {
      observe(call);
      timing.onCall?.(call);
    },
    onWait: telemetry.observed.wait,
  };
  const gateway = createDiscordGateway({
    ...wire,
    credentials: store.readCredentials,
  });
  const oauth = createDiscordOAuth({
    budget,
    clock,
    userAgent: `DiscordBot (${url}, ${version})`,
    timeoutMs: timing.path.callMs,
    onCall: onOAuthCall(telemetry),
  });
  const trySecrets = createTrySecrets({
    openGateway: (credentials) =>
      createDiscordGateway({ ...wire, credentials: async () => credentials }),
    oauth,
  });
  return { gateway, oauth, budget, trySecrets };
}

export type Discord = ReturnType<typeof discordOf>;
