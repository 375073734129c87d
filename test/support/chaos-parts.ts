import { pathOf, type PathTiming } from '../../services/connector/path.js';
import {
  createDiscordGateway,
  type DiscordGateway,
} from '../../services/discord/gateway.js';
import { createInvalidBudget } from '../../services/discord/invalid-budget.js';
import { silentLogger } from '../../services/lib/logger.js';
import type { Store } from '../../services/store/store.js';
import { openCrashStore } from './crash-parts.js';
import { noOAuth } from './no-oauth.js';

/** What a process of a random world is made of, inside the test and outside alike. Knows nothing of the test runner. */

/** Short, so that a world's pauses are over in a moment; in the proportions of production. */
export const CHAOS_TIMING: PathTiming = {
  callMs: 250,
  leaseMs: 2_000,
  pollMs: 200,
  retry: { baseMs: 20, maxMs: 150 },
};

/** The User-Agent tells the wire which process calls; `onGivenUp` is told of calls that had no answer in time, as the process sees it. */
export function openChaosGateway(
  store: Store,
  name: string,
  onGivenUp: (atMs: number) => void = () => undefined,
): DiscordGateway {
  return createDiscordGateway({
    credentials: store.readCredentials,
    budget: createInvalidBudget({ clock: Date.now, logger: silentLogger }),
    logger: silentLogger,
    clock: Date.now,
    random: Math.random,
    userAgent: { url: `http://127.0.0.1/process-${name}`, version: '0.0.0' },
    timeoutMs: CHAOS_TIMING.callMs,
    globalRequestsPerSecond: 10_000,
    offsetMs: 5,
    onCall: ({ status }) => {
      if (status === null) onGivenUp(Date.now());
    },
  });
}

/** The path as a process has it: a store, a gateway and a worker of its own. Resolves with the way to stop it in order. */
export async function startChaosPath(
  databaseUrl: string,
  name: string,
  onGivenUp: (atMs: number) => void,
): Promise<() => Promise<void>> {
  const store = await openCrashStore(databaseUrl, CHAOS_TIMING.leaseMs);
  const gateway = openChaosGateway(store, name, onGivenUp);
  const path = pathOf(
    silentLogger,
    { store, gateway, oauth: noOAuth },
    CHAOS_TIMING,
  );
  await path.start();
  return async () => {
    await path.stop();
    await gateway.stop();
    await store.stop();
  };
}
