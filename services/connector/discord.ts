import { setTimeout as sleep } from 'node:timers/promises';

import type { Config } from '../config.js';
import { createDiscordRest, type DiscordRest } from '../discord/rest-api.js';
import { createInvalidBudget } from '../discord/limits/invalid-budget.js';
import { createDiscordOAuth } from '../discord/oauth/oauth.js';
import type { ObservedCall } from '../discord/rest/calls.js';
import { DatabaseUnavailableError } from '../lib/errors.js';
import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import type { ClientId, SendingPause } from '../model.js';
import type { Store } from '../store/store.js';
import { onCall, onOAuthCall, type Telemetry } from './telemetry.js';
import { type ConnectorTiming, TIMING } from './path.js';
import { createTrySecrets } from './try-secrets.js';

/**
 * Creates the Discord gateway (bot calls) and OAuth2 client. They share one budget of invalid
 * requests.
 */
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
  const budget = createInvalidBudget({ clock, logger, ...timing.invalidBudget });
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
  const gateway = createDiscordRest({ ...wire, credentials: store.readCredentials });
  const oauth = createDiscordOAuth({
    budget,
    clock,
    userAgent: `DiscordBot (${url}, ${version})`,
    timeoutMs: timing.path.callMs,
    onCall: onOAuthCall(telemetry),
  });
  const trySecrets = createTrySecrets({
    openGateway: (credentials) =>
      createDiscordRest({ ...wire, credentials: async () => credentials }),
    oauth,
  });
  return { gateway, oauth, budget, trySecrets };
}

export type Discord = ReturnType<typeof discordOf>;

/** Delay between retries while the database is unreachable. */
const RETRY_MS = 1_000;

/**
 * Saves this process's pauses of Discord calls for all processes, and retries a paused client at
 * once when asked to.
 * In: pauses that start and end at the gateway, and notifications from other processes. Out: each
 * client's pause in the database.
 * Never: a Discord call that waits for the database.
 */
export function createKeepPauses({
  gateway,
  store,
  logger,
}: {
  readonly gateway: Pick<DiscordRest, 'onPause' | 'forgetCredentials' | 'pausedClients'>;
  readonly store: Pick<Store, 'saveSending' | 'onTryNow' | 'readUntriedPauses'>;
  readonly logger: Logger;
}): Part {
  const stops: (() => unknown)[] = [];
  const stopping = new AbortController();
  const { signal } = stopping;
  const saver = createPauseSaver({ store, logger, signal });

  /**
   * Retries every paused client whose stored pause has ended or carries a request to try at once. A
   * lost LISTEN connection may have missed such a request, and the pause would last to its planned
   * end, up to an hour.
   */
  const catchUp = async (): Promise<void> => {
    try {
      const paused = gateway.pausedClients();
      // Wait for unsaved pauses, which would look like ended ones.
      await saver.saved();
      const inForce = await store.readUntriedPauses();
      for (const clientId of paused)
        if (!inForce.has(clientId)) gateway.forgetCredentials(clientId);
    } catch (error) {
      logger.warn({ err: error }, 'reading Discord pauses failed');
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) return catchUp();
    }
  };

  return {
    name: 'pauses',
    async start() {
      stops.push(gateway.onPause((clientId, pause) => saver.save(clientId, pause)));
      stops.push(
        await store.onTryNow((clientId) => {
          if (clientId === null) void catchUp();
          else gateway.forgetCredentials(clientId);
        }),
      );
    },
    async stop() {
      for (const stop of stops.splice(0)) await stop();
      stopping.abort();
      await saver.saved();
    },
    ready: () => ({ ok: true }),
  };
}

/** Saves the latest pause of each client, and retries while the database is unreachable. */
function createPauseSaver({
  store,
  logger,
  signal,
}: {
  readonly store: Pick<Store, 'saveSending'>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}) {
  /** Pauses not saved yet; null: the client's pause has ended. */
  const unsaved = new Map<ClientId, SendingPause | null>();
  /**
   * Writes in progress. Each client's writes run one after the other, so that the last pause wins.
   */
  const writes = new Map<ClientId, Promise<void>>();

  const write = async (clientId: ClientId): Promise<void> => {
    for (let failures = 0; ;) {
      const pause = unsaved.get(clientId);
      if (pause === undefined) return void writes.delete(clientId);
      unsaved.delete(clientId);
      try {
        await store.saveSending(clientId, pause);
      } catch (error) {
        if (failures === 0) logger.warn({ err: error, clientId }, 'saving a Discord pause failed');
        failures += 1;
        if (!(error instanceof DatabaseUnavailableError) || signal.aborted) continue;
        // Do not overwrite a newer pause.
        if (!unsaved.has(clientId)) unsaved.set(clientId, pause);
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  };

  return {
    save(clientId: ClientId, pause: SendingPause | null): void {
      unsaved.set(clientId, pause);
      if (!writes.has(clientId)) writes.set(clientId, write(clientId));
    },
    saved: async () => Promise.all(writes.values()),
  };
}
