import type { DiscordGateway } from '../discord/gateway.js';
import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import { createApply } from '../reconcile/apply.js';
import { createGuildRoles } from '../reconcile/guild-roles.js';
import { createInterruptions } from '../reconcile/interruptions.js';
import { createLease } from '../reconcile/lease.js';
import { createReconcile } from '../reconcile/reconcile.js';
import { createWorker } from '../reconcile/worker.js';
import type { Store } from '../store/store.js';

/** A lease outlives the longest call by far enough to be renewed in between; a dead process's bots are free after it. */
export const LEASE_MS = 9_000;
/** Of the wait for a turn and of the call itself, each. */
export const CALL_MS = 3_000;

/** More would only wait for each other: Discord's buckets are the guild's. */
const RUNS_PER_CLIENT = 4;

/** The safety net under NOTIFY. */
const POLL_MS = 1_000;

/** The path, in the order in which a member goes through it. */
export function pathOf(
  logger: Logger,
  { store, gateway }: { store: Store; gateway: DiscordGateway },
): Part {
  const { memory, jobs } = store;
  const clock = Date.now;
  const guildRoles = createGuildRoles({ discord: gateway, memory, clock });
  const lease = createLease({
    jobs,
    leaseMs: LEASE_MS,
    callMs: 2 * CALL_MS,
    monotonicMs: () => performance.now(),
    logger,
  });
  const reconcile = createReconcile({
    memory,
    discord: gateway,
    apply: createApply({ discord: gateway, guildRoles, clock }),
    guildRoles,
    interruptions: createInterruptions({
      memory,
      clock,
      random: Math.random,
      logger,
    }),
    lease,
    clock,
    logger,
  });
  return createWorker({
    jobs,
    lease,
    reconcile,
    clock,
    logger,
    runsPerClient: RUNS_PER_CLIENT,
    pollMs: POLL_MS,
  });
}
