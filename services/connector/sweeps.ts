import { setTimeout as sleep } from 'node:timers/promises';

import type { SchedulePort, SweepPort } from '../api/sweep-ports.js';
import type { DiscordGateway } from '../discord/gateway.js';
import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import type { ClientId } from '../model.js';
import { judgePlan } from '../reconcile/guard.js';
import { planNicknameOf } from '../reconcile/plan-nickname.js';
import type { Store } from '../store/store.js';
import { defaultSchedule } from '../sweep/default-schedule.js';
import { checkTiming, nextRun } from '../sweep/next-run.js';
import type { Guild } from '../sweep/ports.js';
import { createRunner } from '../sweep/runner.js';
import { createScheduler } from '../sweep/scheduler.js';

const schedulesOf = (store: Store) =>
  store.sweeps.schedules({ nextRun, defaultsOf: defaultSchedule });

/** Door 3: what is due is begun, and what was begun is run. */
export function sweepParts(
  logger: Logger,
  {
    store,
    gateway,
  }: { readonly store: Store; readonly gateway: DiscordGateway },
): readonly Part[] {
  const { sweeps, memory } = store;
  const { addMissing, claimDue } = schedulesOf(store);
  return [
    createRunner({
      memory: { ...sweeps, runs: sweeps.runs(judgePlan) },
      guildOf: createGuildOf({ store, gateway }),
      planNickname: planNicknameOf,
      saveTrouble: async (clientId, trouble) =>
        memory.saveTrouble(clientId, trouble),
      onSweep: sweeps.onSweep,
      pause: async (ms, signal) =>
        sleep(ms, undefined, { signal }).catch(() => undefined),
      clock: Date.now,
      logger,
    }),
    createScheduler({
      addMissing,
      claimDue,
      onSchedule: sweeps.onSchedule,
      logger,
    }),
  ];
}

/** A client's guild, as its bot may ask of it. */
export function createGuildOf({
  store,
  gateway,
}: {
  readonly store: Store;
  readonly gateway: DiscordGateway;
}) {
  return async (clientId: ClientId): Promise<Guild> => {
    const { guildId, revision } = await store.readCredentials(clientId);
    const guild = { clientId, guildId, revision };
    return {
      listMembers: async (page) => gateway.listMembers(guild, page),
      readRoleCounts: async () => gateway.readRoleCounts(guild),
      refreshRoles: async () =>
        store.memory.saveRoles(clientId, await gateway.readRoles(guild)),
    };
  };
}

/** What the API may do with the sweeps. */
export function sweepPorts(store: Store): {
  readonly schedules: SchedulePort;
  readonly sweeps: SweepPort;
} {
  const { schedulesOfClients, loadDefaultSchedule, changeSchedule } =
    schedulesOf(store);
  const { startSweep, cancelSweep, decideSweep } = store.sweeps;
  const { findSweeps, pageSweeps, countSweeps } = store.sweeps;
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
      pageSweeps,
      countSweeps,
    },
  };
}
