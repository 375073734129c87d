import type { Config } from '../config.js';
import { createDiscordGateway, type DiscordGateway } from '../discord/gateway.js';
import { createInvalidBudget } from '../discord/limits/invalid-budget.js';
import { createDiscordOAuth } from '../discord/oauth/oauth.js';
import type { ObservedCall } from '../discord/rest/calls.js';
import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import type { ClientId } from '../model.js';
import type { Store } from '../store/store.js';
import { onCall, onOAuthCall, type Telemetry } from './telemetry.js';
import { type ConnectorTiming, TIMING } from './path.js';
import { createTrySecrets } from './try-secrets.js';

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
  const gateway = createDiscordGateway({ ...wire, credentials: store.readCredentials });
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

/**
 * Shows the pauses of this process to all, and hears when a client is to be tried at once.
 * In: what begins and ends at the gateway, and notices of other processes. Out: a client's pause in
 * the database.
 * Never: a wait for the database on the way of a call.
 */
export function createKeepPauses({
  gateway,
  store,
  logger,
}: {
  readonly gateway: Pick<DiscordGateway, 'onPause' | 'forgetCredentials' | 'tryAllNow'>;
  readonly store: Pick<Store, 'saveSending' | 'onTryNow'>;
  readonly logger: Logger;
}): Part {
  /** One write after the other, so that the last pause wins. */
  const writes = new Map<ClientId, Promise<void>>();
  const stops: (() => unknown)[] = [];

  const keep: Parameters<typeof gateway.onPause>[0] = (clientId, pause) => {
    const write = (writes.get(clientId) ?? Promise.resolve())
      .then(() => store.saveSending(clientId, pause))
      .catch((error: unknown) => logger.warn({ err: error, clientId }, 'discord pause not saved'))
      .finally(() => {
        if (writes.get(clientId) === write) writes.delete(clientId);
      });
    writes.set(clientId, write);
  };

  return {
    name: 'pauses',
    async start() {
      stops.push(gateway.onPause(keep));
      stops.push(
        await store.onTryNow((clientId) => {
          // Without the request a pause would last until its own end, which can be hours away.
          if (clientId === null) gateway.tryAllNow();
          else gateway.forgetCredentials(clientId);
        }),
      );
    },
    async stop() {
      for (const stop of stops.splice(0)) await stop();
      await Promise.all(writes.values());
    },
    ready: () => ({ ok: true }),
  };
}
