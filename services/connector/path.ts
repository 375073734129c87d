import type { DiscordGateway } from '../discord/gateway.js';
import { createPacing } from '../discord/limits/pacing.js';
import type { DiscordOAuth } from '../discord/oauth/oauth.js';
import type { ObservedCall } from '../discord/rest/calls.js';
import type { SessionSettings } from '../events/kafka/kafkajs-consumption.js';
import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import type { ClientId } from '../model.js';
import { createBringIn } from '../reconcile/join/bring-in.js';
import { createRevocationWorker } from '../reconcile/join/revocations.js';
import { createLease } from '../reconcile/lease.js';
import { createGuildRoles } from '../reconcile/plan/guild-roles.js';
import type { Memory } from '../reconcile/ports.js';
import { createReconcile } from '../reconcile/reconcile.js';
import { createInterruptions } from '../reconcile/settle/interruptions.js';
import { createWorker } from '../reconcile/worker.js';
import { createApply } from '../reconcile/write/apply.js';
import { createBreaker } from '../reconcile/write/write-breaker.js';
import type { Store } from '../store/store.js';
import { observePath } from './observe-path.js';
import type { Telemetry } from './telemetry.js';

/** Durations of the path, in milliseconds. */
export interface PathTiming {
  /**
   * Longer than the longest call, with time to renew in between; a dead process's bots are free
   * when it expires.
   */
  readonly leaseMs: number;
  /** The longest wait for a turn, and the longest call, each. */
  readonly callMs: number;
  /** The safety net under NOTIFY. */
  readonly pollMs: number;
  readonly retry: { readonly baseMs: number; readonly maxMs: number };
}

export const PATH_TIMING: PathTiming = {
  leaseMs: 9_000,
  callMs: 3_000,
  pollMs: 1_000,
  retry: { baseMs: 1_000, maxMs: 5 * 60_000 },
};

/** More would only wait for each other: Discord's buckets are the guild's. */
const RUNS_PER_CLIENT = 4;

interface PathWorld {
  readonly store: Store;
  readonly gateway: DiscordGateway;
  readonly oauth: Pick<DiscordOAuth, 'refresh'>;
  readonly telemetry?: Telemetry;
  /** Receives the waits that Discord asks for. */
  readonly clock?: () => number;
}

/** The path, in the order in which a member goes through it. */
export function reconcilePath(
  logger: Logger,
  { store, gateway, oauth, telemetry, clock = Date.now }: PathWorld,
  timing: PathTiming = PATH_TIMING,
): Part {
  const { jobs } = store;
  const breaker = createBreaker({ clock });
  const discord = breaker.guard(gateway);
  const observed = observePath(breaker.watch(store.memory), telemetry);
  const { memory } = observed;
  const guildRoles = createGuildRoles({ discord, memory, clock });
  const pacing = createPacing({
    writeOutlook: gateway.writeOutlook,
    clock,
    runsPerClient: RUNS_PER_CLIENT,
  });
  const lease = createLease({
    jobs,
    leaseMs: timing.leaseMs,
    callMs: 2 * timing.callMs,
    monotonicMs: () => performance.now(),
    logger,
  });
  const reconcile = createReconcile({
    memory,
    discord,
    apply: createApply({
      discord,
      pacing,
      guildRoles,
      clock,
    }),
    guildRoles,
    bringIn: createBringIn({
      grants: store.signIn.grants,
      discord,
      refreshGrant: refreshGrantOf(store, oauth),
      clock,
    }),
    interruptions: interruptionsOf({ memory, logger, timing, clock }),
    lease,
    clock,
    logger,
  });
  return createWorker({
    jobs,
    lease,
    reconcile: observed.watch(reconcile),
    pacing,
    onFreed: (freed) =>
      gateway.onPause((clientId, pause) => {
        if (pause === null) freed(clientId);
      }),
    logger,
    runsPerClient: RUNS_PER_CLIENT,
    pollMs: timing.pollMs,
  });
}

function interruptionsOf(deps: {
  readonly memory: Memory;
  readonly logger: Logger;
  readonly timing: PathTiming;
  readonly clock: () => number;
}) {
  return createInterruptions({
    memory: deps.memory,
    clock: deps.clock,
    random: Math.random,
    logger: deps.logger,
    retry: deps.timing.retry,
  });
}

function refreshGrantOf(store: Store, oauth: Pick<DiscordOAuth, 'refresh'>) {
  return async (clientId: ClientId, refreshToken: string) => {
    const client = await store.signIn.findSignInClient(clientId);
    return oauth.refresh(client.application, refreshToken);
  };
}

const REVOCATIONS_POLL_MS = 30_000;

/** Revokes tokens at Discord that are no longer needed. */
export function revocationsOf(
  logger: Logger,
  {
    store,
    oauth,
  }: {
    readonly store: Store;
    readonly oauth: Pick<DiscordOAuth, 'readAccount' | 'revoke'>;
  },
): Part {
  return createRevocationWorker({
    table: store.signIn.revocations,
    oauth,
    clock: Date.now,
    logger,
    pollMs: REVOCATIONS_POLL_MS,
  });
}

/** Timings that tests scale down in proportion to production, and observers of its calls. */
export interface ConnectorTiming {
  readonly path: PathTiming;
  /** For Discord: the safety margin on a rate-limit window, and the limit of calls in total. */
  readonly discord?: {
    readonly offsetMs: number;
    readonly globalRequestsPerSecond: number;
  };
  readonly sweeps?: {
    readonly leaseMs: number;
    readonly longestPauseMs: number;
    readonly pollMs: number;
  };
  /** Of a consumer with its broker. */
  readonly session?: SessionSettings;
  readonly onCall?: (call: ObservedCall) => void;
}

export const TIMING: ConnectorTiming = { path: PATH_TIMING };
