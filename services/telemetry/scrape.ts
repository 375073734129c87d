import { collectDefaultMetrics, type Registry } from 'prom-client';

import { LANES } from '../model.js';
import { askedGauge, gauge } from './gauge.js';
import type { ClientStanding, DatabaseGauges, QueueStanding, Sources } from './observed.js';

export interface Scrape {
  /** Returns the registry's metrics as Prometheus reads them. */
  (): Promise<{ readonly contentType: string; readonly text: string }>;
}

interface ScrapeDeps {
  readonly registry: Registry;
  readonly sources: Sources;
  readonly version: string;
  /** A clock that does not jump when the system time is set. */
  readonly monotonicMs: () => number;
}

/** How long the database figures stay fresh, and how long a scrape waits for new ones. */
const FRESH_MS = 5_000;
const PATIENCE_MS = 2_000;

/**
 * If the database is unreachable, a scrape returns the last figures instead of waiting longer.
 * `standing_age_seconds` shows how old the figures are.
 */
export function createScrape(deps: ScrapeDeps): Scrape {
  const { registry, sources, version, monotonicMs } = deps;
  processGauges(registry, sources, version);
  const show = standingGauges(registry);
  let readAt: number | null = null;
  let reading: Promise<void> | null = null;
  askedGauge(registry, {
    name: 'standing_age_seconds',
    help: 'Age in seconds of the database figures for clients, queues and the outbox; absent before the first reading.',
    ask(set) {
      if (readAt !== null) set({}, (monotonicMs() - readAt) / 1000);
    },
  });

  const take = (standing: DatabaseGauges) => {
    readAt = monotonicMs();
    show(standing);
  };
  /** Reads the database figures. Concurrent scrapes share one read. */
  const read = () => {
    reading ??= sources
      .standing()
      .then(take)
      .catch(() => undefined) // the reading's age and readiness show the failure
      .finally(() => {
        reading = null;
      });
    return reading;
  };

  return async () => {
    const isFresh = readAt !== null && monotonicMs() - readAt < FRESH_MS;
    if (!isFresh) await atMost(PATIENCE_MS, read());
    const { contentType } = registry;
    return { contentType, text: await registry.metrics() };
  };
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, patience]);
  clearTimeout(timer);
}

/** Database gauges, as of the last reading. */
function standingGauges(registry: Registry): (standing: DatabaseGauges) => void {
  const showClients = clientGauges(registry);
  const showQueues = queueGauges(registry);
  const rows = gauge(registry, {
    name: 'outbox_rows',
    help: 'Events waiting in the outbox, counted up to 100,000.',
  });
  const age = gauge(registry, {
    name: 'outbox_oldest_seconds',
    help: 'Age in seconds of the oldest event in the outbox.',
  });
  return ({ clients, queues, outbox }) => {
    showClients(clients);
    showQueues(queues);
    rows.set(outbox.rows);
    age.set(outbox.oldestSeconds);
  };
}

const OF_CLIENTS: readonly {
  readonly name: string;
  readonly help: string;
  /** Null: no value is exported for this client. */
  readonly value: (client: ClientStanding) => number | null;
}[] = [
  {
    name: 'oldest_wrong_role_seconds',
    help: 'Age in seconds of the oldest unsettled mark of a member whose roles are known to be wrong; 0 if there is none.',
    value: (client) => client.oldestWrongSeconds ?? 0,
  },
  {
    name: 'verify_age_seconds',
    help: 'Seconds since the last VERIFY_GROUPS sweep of a client; absent if its schedule is off.',
    value: (client) => client.verifiedSeconds,
  },
  {
    name: 'sending_pause_seconds',
    help: 'Seconds since calls to Discord for a client were paused by Discord or a proxy; 0 if calls go through.',
    value: (client) => client.sendingPauseSeconds,
  },
  {
    name: 'held_removals',
    help: 'Removals held by the guard until a person decides.',
    value: (client) => client.heldRemovals,
  },
  {
    name: 'held_plans',
    help: 'Sweeps waiting for a person to approve or reject their removals.',
    value: (client) => client.heldPlans,
  },
  {
    name: 'held_plans_oldest_seconds',
    help: 'Age in seconds of the oldest held plan; 0 if none is held.',
    value: (client) => client.oldestHeldPlanSeconds,
  },
  {
    name: 'parked_members',
    help: 'Members that cannot be reconciled because of Discord or an error; retried daily.',
    value: (client) => client.parked,
  },
  {
    name: 'unlinked_holders',
    help: 'Accounts without a link that hold a mapped role, once for each such role; never changed by the connector.',
    value: (client) => client.unlinkedHolders,
  },
  {
    name: 'live_waiting_seconds',
    help: 'Seconds since a client that should be live stopped being so; 0 while events arrive; absent if it is off.',
    value: ({ live }) => live.waitingSeconds,
  },
  {
    name: 'live_gap_seconds',
    help: 'Age in seconds of the oldest missed events that no member list has shown yet; 0 if none; absent if live is off.',
    value: ({ live }) => live.gapSeconds,
  },
  {
    name: 'live_missed_changes',
    help: 'Differences that sweeps have found and that gateway events should have shown, since the client was created.',
    value: ({ live }) => live.missed,
  },
  {
    name: 'revoked_roles_kept',
    help: 'Linked members to whom another bot or person keeps giving a role that the connector removes.',
    value: ({ disputes }) => disputes.kept,
  },
];

function clientGauges(registry: Registry) {
  const gauges = OF_CLIENTS.map(({ name, help, value }) => ({
    value,
    gauge: gauge(registry, { name, help, labelNames: ['client'] }),
  }));
  const healthy = gauge(registry, {
    name: 'client_healthy',
    help: '1 if the client is fully working, else 0 with the reason.',
    labelNames: ['client', 'reason'],
  });
  const liveState = gauge(registry, {
    name: 'live_state',
    help: '1 for the state of each client: how changes made on Discord reach the connector.',
    labelNames: ['client', 'state'],
  });
  const disputed = gauge(registry, {
    name: 'disputed_members',
    help: 'Linked members with a disputed role: another account keeps undoing the change, or the platform contradicts a request.',
    labelNames: ['client', 'kind'],
  });
  return (clients: readonly ClientStanding[]) => {
    for (const one of [healthy, liveState, disputed]) one.reset();
    for (const one of gauges) one.gauge.reset();
    for (const each of clients) {
      const client = each.clientId;
      const { trouble } = each;
      const isWell = trouble === null;
      healthy.set({ client, reason: trouble ?? 'none' }, isWell ? 1 : 0);
      liveState.set({ client, state: each.live.state }, 1);
      disputed.set({ client, kind: 'reversals' }, each.disputes.reversals);
      disputed.set({ client, kind: 'request' }, each.disputes.requests);
      for (const one of gauges) {
        const value = one.value(each);
        if (value !== null) one.gauge.set({ client }, value);
      }
    }
  };
}

const LANE_NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(LANES).map(([name, lane]) => [lane, name]),
);

function queueGauges(registry: Registry) {
  const labelNames = ['client', 'lane'] as const;
  const jobs = gauge(registry, {
    name: 'queue_jobs',
    help: 'Members waiting for a reconcile.',
    labelNames,
  });
  const oldest = gauge(registry, {
    name: 'queue_oldest_seconds',
    help: 'Age in seconds of the oldest waiting member.',
    labelNames,
  });
  return (queues: readonly QueueStanding[]) => {
    jobs.reset();
    oldest.reset();
    for (const queue of queues) {
      const lane = LANE_NAMES[queue.lane] ?? 'other';
      const labels = { client: queue.clientId, lane };
      jobs.set(labels, queue.jobs);
      oldest.set(labels, queue.oldestSeconds);
    }
  };
}

const SAMPLE_EVERY_MS = 20;

/**
 * Names of Node's metrics that Prometheus' linter rejects. The metrics with the same names but
 * without `_total` report the same numbers per type.
 */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** Gauges of this process, read at each scrape. */
function processGauges(
  registry: Registry,
  sources: Omit<Sources, 'standing'>,
  version: string,
): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: SAMPLE_EVERY_MS });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const build = gauge(registry, {
    name: 'build_info',
    help: 'Always 1; the version is in the label.',
    labelNames: ['version'],
  });
  build.set({ version }, 1);
  askedGauge(registry, {
    name: 'part_ready',
    help: '1 if a part of this process can do its work, else 0.',
    labelNames: ['part'],
    ask(set) {
      for (const { name, isReady } of sources.parts()) set({ part: name }, isReady ? 1 : 0);
    },
  });
  askedGauge(registry, {
    name: 'invalid_requests_left',
    help: 'Invalid responses this process may still receive within ten minutes before it stops calling Discord.',
    ask(set) {
      const { spent, limit } = sources.invalidRequests();
      set({}, Math.max(0, limit - spent));
    },
  });
  askedGauge(registry, {
    name: 'sql_connections',
    help: 'Pool connections by state; `waiting` counts statements waiting for a connection.',
    labelNames: ['state'],
    ask(set) {
      for (const [state, count] of Object.entries(sources.connections())) set({ state }, count);
    },
  });
}
