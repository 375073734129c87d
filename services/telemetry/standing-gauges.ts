import type { Registry } from 'prom-client';

import { gauge } from './gauge.js';
import type { ClientStanding, QueueStanding, DatabaseGauges } from './observed.js';

/** Database gauges, as of the last reading. */
export function standingGauges(registry: Registry): (standing: DatabaseGauges) => void {
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
  /** Null: no value. */
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
  return (clients: readonly ClientStanding[]) => {
    healthy.reset();
    for (const one of gauges) one.gauge.reset();
    for (const each of clients) {
      const client = each.clientId;
      const { trouble } = each;
      const isWell = trouble === null;
      healthy.set({ client, reason: trouble ?? 'none' }, isWell ? 1 : 0);
      for (const one of gauges) {
        const value = one.value(each);
        if (value !== null) one.gauge.set({ client }, value);
      }
    }
  };
}

const LANE_NAMES: Readonly<Record<number, string>> = {
  0: 'sweep',
  10: 'bulk',
  20: 'fresh',
};

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
