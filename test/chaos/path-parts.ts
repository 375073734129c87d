import { setTimeout as sleep } from 'node:timers/promises';

import { createCheckClient } from '../../services/connector/check-client.js';
import { createKeepPauses } from '../../services/connector/discord.js';
import { liveOf } from '../../services/connector/live.js';
import {
  type ConnectorTiming,
  type PathTiming,
  reconcilePath,
} from '../../services/connector/path.js';
import { createGuildOf } from '../../services/connector/timed.js';
import { createDiscordRest, type DiscordRest } from '../../services/discord/rest-api.js';
import { createInvalidBudget } from '../../services/discord/limits/invalid-budget.js';
import { silentLogger } from '../../services/lib/logger.js';
import type { Part } from '../../services/lib/lifecycle.js';
import { judgePlan } from '../../services/reconcile/guard/guard.js';
import { planNicknameOf } from '../../services/reconcile/plan/plan-nickname.js';
import type { Store } from '../../services/store/store.js';
import { createRunner } from '../../services/sweep/runner.js';
import { openCrashStore } from '../support/crash-parts.js';
import { noOAuth } from '../support/no-oauth.js';

/**
 * What a process of a random world is made of, inside the test and outside alike. Knows nothing of
 * the test runner.
 */

/** Short, so that a world's pauses are over in a moment; in the proportions of production. */
export const CHAOS_TIMING: PathTiming = {
  callMs: 250,
  leaseMs: 2_000,
  pollMs: 200,
  retry: { baseMs: 20, maxMs: 150 },
};

/**
 * Members are retried every 150 ms here instead of every five minutes, so two of them could spend
 * the budget of ten minutes in one world.
 */
const INVALID_BUDGET = { windowMs: 5_000 };

/** In the proportions of production too. */
const HEARTBEAT = { everyMs: 600, withinMs: 1_500 };

/** `null`: no answer came in time; 429: it is to wait. Both as the process sees it, and when. */
export type CallNews = (status: null | 429, atMs: number) => void;

/** The User-Agent tells the wire which process calls. */
export function openChaosGateway(
  store: Store,
  name: string,
  onNews: CallNews = () => undefined,
): DiscordRest {
  return createDiscordRest({
    credentials: store.readCredentials,
    budget: createInvalidBudget({ clock: Date.now, logger: silentLogger, ...INVALID_BUDGET }),
    logger: silentLogger,
    clock: Date.now,
    random: Math.random,
    userAgent: { url: `http://127.0.0.1/process-${name}`, version: '0.0.0' },
    timeoutMs: CHAOS_TIMING.callMs,
    globalRequestsPerSecond: 10_000,
    offsetMs: 5,
    onCall: ({ status }) => {
      if (status === null || status === 429) onNews(status, Date.now());
    },
  });
}

/** A dead process's sweep is found out after this; longer than any pause within one. */
const SWEEP_LEASE_MS = 3_000;
const LONGEST_PAUSE_MS = 1_000;
const SWEEP_POLL_MS = 250;

/** Shorter in the same proportions; a dead connection is noticed after 1.5 s. */
const LIVE_TIMING: NonNullable<ConnectorTiming['live']> = {
  pollMs: 200,
  session: {
    shortestWaitMs: 50,
    longestWaitMs: 2_000,
    steadyMs: 1_000,
    newSessionMs: 100,
  },
  feed: { trustMs: 3_000, renewMs: 500, joinedAfterMs: 5_000, rolesMs: 300 },
};

/** The same for the service as a whole, with its consumer. */
export const SERVICE_TIMING: ConnectorTiming = {
  path: CHAOS_TIMING,
  discord: { offsetMs: 5, globalRequestsPerSecond: 10_000 },
  invalidBudget: INVALID_BUDGET,
  sweeps: {
    leaseMs: SWEEP_LEASE_MS,
    longestPauseMs: LONGEST_PAUSE_MS,
    pollMs: SWEEP_POLL_MS,
  },
  live: LIVE_TIMING,
  session: { sessionTimeoutMs: 1_500, heartbeatMs: 200, fetchWaitMs: 50 },
};

/** The sweeps as a process runs them, but for their schedule, on the time of a world. */
function chaosSweeps(store: Store, gateway: DiscordRest): Part {
  const { sweeps, memory } = store;
  const runs = sweeps.runs(judgePlan);
  return createRunner({
    memory: {
      ...sweeps,
      runs: {
        ...runs,
        claim: async (_leaseMs, inWork) => runs.claim(SWEEP_LEASE_MS, inWork),
        renew: async (id, _leaseMs, checked) => runs.renew(id, SWEEP_LEASE_MS, checked),
      },
    },
    guildOf: createGuildOf({ store, gateway }),
    planNickname: planNicknameOf,
    saveTrouble: async (clientId, trouble) => memory.saveTrouble(clientId, trouble),
    async onSweep(wake) {
      const timer = setInterval(wake, SWEEP_POLL_MS);
      const unlisten = await sweeps.onSweep(wake);
      return async () => {
        clearInterval(timer);
        await unlisten();
      };
    },
    pause: async (ms, signal) =>
      sleep(Math.min(ms, LONGEST_PAUSE_MS), undefined, { signal }).catch(() => undefined),
    clock: Date.now,
    logger: silentLogger,
  });
}

/**
 * The path and the sweeps as a process has them, with a store and a gateway of its own. Resolves
 * with the way to stop it in order.
 */
export async function startChaosPath(
  databaseUrl: string,
  name: string,
  onNews: CallNews,
): Promise<() => Promise<void>> {
  const store = await openCrashStore(databaseUrl, CHAOS_TIMING.leaseMs, {
    heartbeat: HEARTBEAT,
  });
  const gateway = openChaosGateway(store, name, onNews);
  const path = reconcilePath(silentLogger, { store, gateway, oauth: noOAuth }, CHAOS_TIMING);
  const live = liveOf(silentLogger, {
    store,
    gateway,
    checkClient: createCheckClient({ store, gateway }, () => null),
    isInWork: (member) => path.isInWork(member),
    telemetry: { observed: { liveBatch: () => undefined, liveGap: () => undefined } },
    timing: { live: LIVE_TIMING },
    clock: Date.now,
  });
  const sweeps = chaosSweeps(store, gateway);
  const pauses = createKeepPauses({ gateway, store, logger: silentLogger });
  const stop = async () => {
    await live.stop();
    await sweeps.stop();
    await path.stop();
    await pauses.stop();
    await gateway.stop();
    await store.stop();
  };
  try {
    await pauses.start();
    await path.start();
    await sweeps.start();
    await live.start();
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
  return stop;
}
