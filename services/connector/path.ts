import type { DiscordRest } from '../discord/rest-api.js';
import type { FeedTiming } from '../discord/gateway/bot-feed.js';
import type { LiveTiming } from '../discord/gateway/live-session-deps.js';
import { createPacing } from '../discord/limits/pacing.js';
import type { DiscordOAuth } from '../discord/oauth/oauth.js';
import type { ObservedCall } from '../discord/rest/calls.js';
import type { SessionSettings } from '../events/kafka/kafkajs-consumption.js';
import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import type { Trace } from '../lib/trace.js';
import type { Cause, ClientId } from '../model.js';
import type { Job } from '../reconcile/job.js';
import { createBringIn } from '../reconcile/join/bring-in.js';
import { createRevocationWorker } from '../reconcile/join/revocations.js';
import { createLease } from '../reconcile/lease.js';
import { createGuildRoles } from '../reconcile/plan/guild-roles.js';
import type { Memory } from '../reconcile/ports.js';
import { withPatientReads } from '../reconcile/patient-reads.js';
import { createReconcile, type Reconcile } from '../reconcile/reconcile.js';
import { createInterruptions } from '../reconcile/settle/interruptions.js';
import { createWorker, type Worker } from '../reconcile/worker.js';
import { createApply } from '../reconcile/write/apply.js';
import { createBreaker } from '../reconcile/write/write-breaker.js';
import type { Store } from '../store/store.js';
import type { Telemetry } from './telemetry.js';

/** Durations of the reconcile path, in milliseconds. */
export interface PathTiming {
  /**
   * How long a bot is leased: longer than the longest call plus the time to renew the lease. When a
   * process dies, others can take its bots after this time.
   */
  readonly leaseMs: number;
  /**
   * The time limit of a call, and of the wait for a rate-limit slot before it. The two together may
   * take twice this long.
   */
  readonly callMs: number;
  /** Polling interval, in case a NOTIFY is lost. */
  readonly pollMs: number;
  readonly retry: { readonly baseMs: number; readonly maxMs: number };
}

export const PATH_TIMING: PathTiming = {
  leaseMs: 9_000,
  callMs: 3_000,
  pollMs: 1_000,
  retry: { baseMs: 1_000, maxMs: 5 * 60_000 },
};

/**
 * More parallel runs would only wait for each other, because they share the guild's rate limits.
 */
const RUNS_PER_CLIENT = 4;

interface PathWorld {
  readonly store: Store;
  readonly gateway: DiscordRest;
  readonly oauth: Pick<DiscordOAuth, 'refresh'>;
  readonly telemetry?: Telemetry;
  /** The clock that times waits requested by Discord. */
  readonly clock?: () => number;
  readonly windowMs?: number;
}

/**
 * Builds the reconcile path: everything that a job passes through from its claim to its settlement,
 * in that order.
 */
export function reconcilePath(
  logger: Logger,
  { store, gateway, oauth, telemetry, clock = Date.now, windowMs = 0 }: PathWorld,
  timing: PathTiming = PATH_TIMING,
): Worker {
  const { jobs } = store;
  const breaker = createBreaker({ clock });
  const discord = withPatientReads(breaker.guard(gateway), { clock });
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
    apply: createApply({ discord, pacing, guildRoles, clock }),
    pacing,
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
    windowMs,
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

/** Creates the part that revokes unneeded tokens at Discord. */
export function revocationsOf(
  logger: Logger,
  {
    store,
    oauth,
  }: { readonly store: Store; readonly oauth: Pick<DiscordOAuth, 'readAccount' | 'revoke'> },
): Part {
  return createRevocationWorker({
    table: store.signIn.revocations,
    oauth,
    clock: Date.now,
    logger,
    pollMs: REVOCATIONS_POLL_MS,
  });
}

/** Timings that tests scale down in proportion to production, and a test hook for Discord calls. */
export interface ConnectorTiming {
  readonly path: PathTiming;
  /** Safety margin added to a rate-limit window, and the global limit on Discord calls. */
  readonly discord?: { readonly offsetMs: number; readonly globalRequestsPerSecond: number };
  /** How long a refused call counts against the budget of invalid requests. */
  readonly invalidBudget?: { readonly windowMs: number };
  readonly sweeps?: {
    readonly leaseMs: number;
    readonly longestPauseMs: number;
    readonly pollMs: number;
  };
  /** How often bots are looked up, and the waits of gateway sessions and their batches. */
  readonly live?: {
    readonly pollMs?: number;
    readonly session?: Partial<LiveTiming>;
    readonly feed?: Partial<FeedTiming>;
  };
  /** The Kafka consumer's session settings. */
  readonly session?: SessionSettings;
  readonly onCall?: (call: ObservedCall) => void;
}

export const TIMING: ConnectorTiming = { path: PATH_TIMING };

interface ObservedPath {
  /** The path's store, instrumented. */
  readonly memory: Memory;
  watch(reconcile: Reconcile): Reconcile;
}

/**
 * Measures and traces each run by wrapping the store that the run writes to. The path itself
 * contains no telemetry.
 */
function observePath(
  memory: Memory,
  telemetry: Pick<Telemetry, 'observed' | 'trace'> | undefined,
): ObservedPath {
  if (!telemetry) return { memory, watch: (reconcile) => reconcile };
  const { observed, trace } = telemetry;
  const outcomes = new Map<string, string>();
  const watched: Memory = {
    ...memory,
    async settle(job, settlement) {
      const asked = await memory.settle(job, settlement);
      outcomes.set(memberOf(job), settlement.outcome.toLowerCase());
      trace?.describe(settledAttributes(settlement));
      return asked;
    },
    async postpone(job, request) {
      await memory.postpone(job, request);
      outcomes.set(memberOf(job), request.isFailure ? 'failed' : 'postponed');
    },
  };
  return {
    memory: trace === null ? watched : traceMemory(watched, trace),
    watch: (reconcile) => async (job) => {
      const startedMs = performance.now();
      const run = () => reconcile(job);
      try {
        return await (trace === null ? run() : trace.run(spanOf(job), run));
      } finally {
        const { clientId } = job;
        const outcome = outcomes.get(memberOf(job)) ?? 'dropped';
        outcomes.delete(memberOf(job));
        const seconds = (performance.now() - startedMs) / 1000;
        observed.reconcile({ clientId, outcome, seconds });
      }
    },
  };
}

/** Returns a key for a run. A member never has two runs at once. */
function memberOf({ clientId, discordUserId }: Job): string {
  return `${clientId} ${discordUserId}`;
}

type Settled = Parameters<Memory['settle']>[1];

function settledAttributes({ outcome, reason, closes }: Settled) {
  return {
    'connector.outcome': outcome,
    ...(reason !== null && { 'connector.reason': reason }),
    ...(closes !== null && {
      'connector.audit_record.id': closes.recordId,
      'connector.roles.added': closes.added,
      'connector.roles.removed': closes.removed,
      'connector.roles.ensured': [...closes.ensured.added, ...closes.ensured.removed],
    }),
  };
}

function traceMemory(memory: Memory, trace: Trace): Memory {
  return {
    ...memory,
    async readMember(member) {
      const facts = await memory.readMember(member);
      if (facts === null) return null;
      trace.describe({ 'discord.guild.id': facts.client.guildId });
      trace.link(traceparentsOf(facts.marks?.causes ?? []));
      return facts;
    },
    async openRecord(request) {
      return trace.run({ name: 'open audit record' }, async () => {
        const opened = await memory.openRecord(request);
        if (opened.recordId !== null)
          trace.describe({ 'connector.audit_record.id': opened.recordId });
        return opened;
      });
    },
  };
}

/** Continues the trace of the job's first cause, and links to the others. */
function spanOf(job: Job) {
  const { clientId, discordUserId, causes, lane, attempts } = job;
  const [parent = null, ...links] = traceparentsOf(causes);
  return {
    name: 'reconcile member',
    parent,
    links,
    attributes: {
      'connector.client.id': clientId,
      'discord.user.id': discordUserId,
      'connector.causes': causes.map(({ kind, id }) => `${kind} ${id}`),
      'connector.lane': lane,
      'connector.attempts': attempts,
    },
  };
}

function traceparentsOf(causes: readonly Cause[]): readonly string[] {
  const named = causes.flatMap(({ traceparent }) => traceparent ?? []);
  return [...new Set(named)];
}
