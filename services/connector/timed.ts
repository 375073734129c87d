import { setTimeout as sleep } from 'node:timers/promises';

import type { DiscordGateway } from '../discord/gateway.js';
import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import type { Store } from '../store/store.js';
import { createDailyChecks } from '../sweep/daily-checks.js';
import { createRetentionTask } from '../sweep/retention.js';
import type { CheckClient } from './check-client.js';
import { sweepParts } from './sweeps.js';
import type { Telemetry } from './telemetry.js';
import type { ConnectorTiming } from './timing.js';

/** Timed work: client checks, retention, sweeps. */
export function timedParts(
  logger: Logger,
  {
    store,
    gateway,
    telemetry,
    timing,
    checkClient,
  }: {
    readonly store: Store;
    readonly gateway: DiscordGateway;
    readonly telemetry: Telemetry;
    readonly timing: ConnectorTiming;
    readonly checkClient: CheckClient;
  },
): readonly Part[] {
  const { claimDueChecks, removeOver } = store;
  return [
    createDailyChecks({ claimDueChecks, checkClient, logger }),
    createRetentionTask({
      removeOver,
      pause: async (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
      logger,
    }),
    ...sweepParts(logger, {
      store,
      gateway,
      onSwept: telemetry.observed.sweep,
      timing,
    }),
  ];
}
