import { randomUUID } from 'node:crypto';

import { createDiscordRest, type DiscordRest } from '../../services/discord/rest-api.js';
import { createInvalidBudget } from '../../services/discord/limits/invalid-budget.js';
import { createKeyRing } from '../../services/lib/encryption.js';
import { silentLogger } from '../../services/lib/logger.js';
import { judgePlan } from '../../services/reconcile/guard/guard.js';
import { HEARTBEAT, type HeartbeatTiming } from '../../services/store/connection/heartbeat.js';
import { openStore, type Store } from '../../services/store/store.js';

/**
 * The parts that the path needs, the same for the process that dies and for the next. Does not
 * import the test runner.
 */

export async function openCrashStore(
  url: string,
  leaseMs: number,
  {
    key = Buffer.alloc(32, 9),
    heartbeat = HEARTBEAT,
  }: {
    readonly key?: Buffer;
    readonly heartbeat?: HeartbeatTiming;
  } = {},
): Promise<Store> {
  const store = await openStore({
    url,
    poolSize: 5,
    owner: randomUUID(),
    keys: createKeyRing([{ id: 'crash', key }]),
    isGone: () => false,
    leaseMs,
    hasBroker: true,
    judgePlan,
    clock: Date.now,
    logger: silentLogger,
    heartbeat,
  });
  await store.start();
  return store;
}

/** Sends as fast as a sandbox without limits allows. */
export function openGateway(store: Store): DiscordRest {
  return createDiscordRest({
    credentials: store.readCredentials,
    budget: createInvalidBudget({ clock: Date.now, logger: silentLogger }),
    logger: silentLogger,
    clock: Date.now,
    random: Math.random,
    userAgent: { url: 'http://127.0.0.1', version: '0.0.0' },
    timeoutMs: 3_000,
    globalRequestsPerSecond: 10_000,
  });
}
