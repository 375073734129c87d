import { setTimeout as sleep } from 'node:timers/promises';

import type { SchedulePort, SweepPort } from '../api/sweeps/ports.js';
import type { DiscordRest } from '../discord/rest-api.js';
import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import type { ClientId } from '../model.js';
import { judgePlan } from '../reconcile/guard/guard.js';
import { planNicknameOf } from '../reconcile/plan/plan-nickname.js';
import type { Store } from '../store/store.js';
import { createDailyChecks } from '../sweep/daily-checks.js';
import type { Guild, SweepMemory } from '../sweep/ports.js';
import { createRetentionTask } from '../sweep/retention.js';
import { createRunner } from '../sweep/runner.js';
import { checkTiming, defaultSchedule, nextRun } from '../sweep/schedule.js';
import { createScheduler } from '../sweep/scheduler.js';
import type { CheckClient } from './check-client.js';
import type { Telemetry } from './telemetry.js';
import type { ConnectorTiming } from './path.js';

/** Creates the parts for scheduled work: client checks, retention and sweeps. */
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
    readonly gateway: DiscordRest;
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
    ...sweepParts(logger, { store, gateway, onSwept: telemetry.observed.sweep, timing }),
  ];
}

const schedulesOf = (store: Store) =>
  store.sweeps.schedules({ nextRun, defaultsOf: defaultSchedule });

/** Creates the parts that start due sweeps and run waiting ones. */
export function sweepParts(
  logger: Logger,
  {
    store,
    gateway,
    onSwept,
    timing,
    clock = Date.now,
  }: {
    readonly store: Store;
    readonly gateway: DiscordRest;
    readonly onSwept?: OnSwept;
    readonly timing?: ConnectorTiming;
    readonly clock?: () => number;
  },
): readonly Part[] {
  const { sweeps, memory } = store;
  const { addMissing, claimDue } = schedulesOf(store);
  return [
    createRunner({
      memory: { ...sweeps, runs: leased(telling(sweeps.runs(judgePlan), onSwept), timing) },
      guildOf: createGuildOf({ store, gateway }),
      planNickname: planNicknameOf,
      saveTrouble: async (clientId, trouble) => memory.saveTrouble(clientId, trouble),
      onSweep: polled(sweeps.onSweep, timing),
      pause: async (ms, signal) =>
        sleep(Math.min(ms, timing?.sweeps?.longestPauseMs ?? Infinity), undefined, {
          signal,
        }).catch(() => undefined),
      clock,
      logger,
    }),
    createScheduler({ addMissing, claimDue, onSchedule: sweeps.onSchedule, logger }),
  ];
}

type OnSwept = (sweep: { readonly kind: string; readonly state: string }) => void;

type Runs = SweepMemory['runs'];

/** Reports each finished sweep. Its state is HELD if its removals wait for approval. */
function telling(runs: Runs, onSwept: OnSwept | undefined): Runs {
  return {
    ...runs,
    async finish(run, ending) {
      const finished = await runs.finish(run, ending);
      const isHeld = finished !== null && finished.heldIn !== null;
      const state = isHeld ? 'HELD' : ending.state;
      onSwept?.({ kind: run.kind, state: finished === null ? 'LOST' : state });
      return finished;
    },
  };
}

/** Shortens the lease in tests, so that a dead process is noticed sooner. */
function leased(runs: Runs, timing: ConnectorTiming | undefined): Runs {
  const leaseMs = timing?.sweeps?.leaseMs;
  if (leaseMs === undefined) return runs;
  return {
    ...runs,
    claim: async (_leaseMs, inWork) => runs.claim(leaseMs, inWork),
    renew: async (id, _leaseMs, checked) => runs.renew(id, leaseMs, checked),
  };
}

type OnSweep = Store['sweeps']['onSweep'];

function polled(onSweep: OnSweep, timing: ConnectorTiming | undefined): OnSweep {
  const pollMs = timing?.sweeps?.pollMs;
  if (pollMs === undefined) return onSweep;
  return async (wake) => {
    const timer = setInterval(wake, pollMs);
    const unlisten = await onSweep(wake);
    return async () => {
      clearInterval(timer);
      await unlisten();
    };
  };
}

/** Returns a function that opens a client's guild for sweeps. */
export function createGuildOf({
  store,
  gateway,
}: {
  readonly store: Store;
  readonly gateway: DiscordRest;
}) {
  return async (clientId: ClientId): Promise<Guild> => {
    const { guildId, revision } = await store.readCredentials(clientId);
    const guild = { clientId, guildId, revision };
    return {
      listMembers: async (page) => gateway.listMembers(guild, page),
      readRoleCounts: async () => gateway.readRoleCounts(guild),
      refreshRoles: async () => store.memory.saveRoles(clientId, await gateway.readRoles(guild)),
    };
  };
}

/** Returns the operations of the API on schedules and sweeps. */
export function sweepPorts(store: Store): {
  readonly schedules: SchedulePort;
  readonly sweeps: SweepPort;
} {
  const { schedulesOfClients, loadDefaultSchedule, changeSchedule } = schedulesOf(store);
  const { startSweep, cancelSweep, decideSweep } = store.sweeps;
  const { findSweeps, heldSweeps, pageSweeps, countSweeps } = store.sweeps;
  return {
    schedules: {
      schedulesOfClients,
      loadDefaultSchedule,
      async updateSchedule({ clientId, kind, cron, timeZone, isEnabled }) {
        return changeSchedule({ clientId, kind }, (stands) => {
          const next = {
            kind,
            cron: cron ?? stands.cron,
            timeZone: timeZone ?? stands.timeZone,
            isEnabled: isEnabled ?? stands.isEnabled,
          };
          checkTiming(next, new Date());
          return next;
        });
      },
    },
    sweeps: {
      startSweep,
      cancelSweep,
      decideSweep,
      findSweeps,
      heldSweeps,
      pageSweeps,
      countSweeps,
    },
  };
}
