/**
 * Counters of this process since its start. In: calls from the process's parts. Out: one registry
 * of Prometheus metrics. Never: a person's id, a user-chosen name, or a label with unlimited
 * values.
 */
import { Counter, Histogram, Registry } from 'prom-client';

import { askedGauge, PREFIX } from './gauge.js';
import type { Observed, PartitionSeen } from './observed.js';

export interface Metrics {
  readonly registry: Registry;
  readonly observed: Observed & Partitions;
}

const FAST = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
const CALLS = [0.05, 0.1, 0.2, 0.5, 1, 2, 3, 5];
const WAITS = [0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600];

export function createMetrics(nowMs: () => number): Metrics {
  const registry = new Registry();
  const path = pathMetrics(registry);
  const partitions = partitionGauges(registry, nowMs);
  const events = eventMetrics(registry);
  const discord = discordMetrics(registry);
  const served = apiMetrics(registry);
  const sql = histogram(registry, {
    name: 'sql_seconds',
    help: 'Duration of SQL statements in seconds, including the wait for the server, by their first word.',
    labelNames: ['statement'],
    buckets: FAST,
  });
  return {
    registry,
    observed: {
      ...path,
      ...events.observed,
      ...partitions,
      assigned(theirs) {
        events.expect(Object.keys(theirs));
        partitions.assigned(theirs);
      },
      ...discord,
      ...served,
      ...liveMetrics(registry),
      statement: ({ kind, seconds }) => sql.observe({ statement: kind }, seconds),
    },
  };
}

/**
 * Label values of counters used in alerts. These counters start at 0, because Prometheus sees no
 * increase in a counter that first appears with its first event.
 */
const SWEEP_KINDS = ['VERIFY_GROUPS', 'SYNC_ACCOUNTS', 'REMOTE_SYNC', 'ENFORCE_NICKNAMES'];
const SWEEP_ENDS = ['DONE', 'HELD', 'FAILED'];
const OUR_FAULTS = ['INTERNAL', 'UNAVAILABLE'];

function pathMetrics(registry: Registry): Pick<Observed, 'reconcile' | 'sweep'> {
  const reconciles = counter(registry, {
    name: 'reconciles_total',
    help: 'Reconcile runs by outcome.',
    labelNames: ['client', 'outcome'],
  });
  const seconds = histogram(registry, {
    name: 'reconcile_seconds',
    help: 'Duration of reconcile runs in seconds.',
    labelNames: ['outcome'],
    buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 6, 10],
  });
  const sweeps = counter(registry, {
    name: 'sweeps_total',
    help: 'Sweeps finished by this process, by kind and final state.',
    labelNames: ['kind', 'state'],
  });
  for (const kind of SWEEP_KINDS) for (const state of SWEEP_ENDS) sweeps.inc({ kind, state }, 0);
  return {
    reconcile({ clientId: client, outcome, seconds: took }) {
      reconciles.inc({ client, outcome });
      seconds.observe({ outcome }, took);
    },
    sweep: ({ kind, state }) => sweeps.inc({ kind, state }),
  };
}

function eventMetrics(registry: Registry): {
  readonly observed: Pick<Observed, 'events'>;
  readonly expect: (topics: readonly string[]) => void;
} {
  const events = counter(registry, {
    name: 'events_total',
    help: 'Platform records received, by type and result. A redelivered record counts again.',
    labelNames: ['type', 'result'],
  });
  const deadLetters = counter(registry, {
    name: 'dead_letters_total',
    help: 'Records moved to the dead letter topic because they could not be read.',
    labelNames: ['topic'],
  });
  return {
    observed: {
      events({ topic, counts, deadLetters: dead }) {
        for (const { type, result, times } of counts) events.inc({ type, result }, times);
        deadLetters.inc({ topic }, dead);
      },
    },
    expect: (topics) => topics.forEach((topic) => deadLetters.inc({ topic }, 0)),
  };
}

function discordMetrics(registry: Registry): Pick<Observed, 'call' | 'wait'> {
  const calls = histogram(registry, {
    name: 'discord_call_seconds',
    help: 'Discord calls by route and status; `none` means no response.',
    labelNames: ['method', 'route', 'status'],
    buckets: CALLS,
  });
  const waits = histogram(registry, {
    name: 'discord_wait_seconds',
    help: 'Waits requested by Discord, by bucket and reason: calls spent or a refusal.',
    labelNames: ['method', 'route', 'why'],
    buckets: WAITS,
  });
  return {
    call({ method, route, status, durationMs }) {
      const labels = { method, route, status: String(status ?? 'none') };
      calls.observe(labels, durationMs / 1000);
    },
    wait: ({ method, route, why, waitMs }) =>
      waits.observe({ method, route, why }, Math.max(0, waitMs) / 1000),
  };
}

function liveMetrics(registry: Registry): Pick<Observed, 'liveBatch' | 'liveGap'> {
  const events = counter(registry, {
    name: 'live_events_total',
    help: "Events of Discord's gateway whose effects were stored, by kind.",
    labelNames: ['kind'],
  });
  const seconds = histogram(registry, {
    name: 'live_batch_seconds',
    help: 'Time in seconds from the arrival of a batch of gateway events until its effects were stored.',
    labelNames: [],
    buckets: FAST,
  });
  const gaps = counter(registry, {
    name: 'live_gaps_total',
    help: 'Times a gateway session of this process may have missed events.',
    labelNames: [],
  });
  return {
    liveBatch({ kinds, seconds: took }) {
      for (const kind of kinds) events.inc({ kind });
      seconds.observe({}, took);
    },
    liveGap: () => gaps.inc(),
  };
}

function apiMetrics(registry: Registry): Pick<Observed, 'operation'> {
  const operations = histogram(registry, {
    name: 'graphql_seconds',
    help: 'GraphQL operations by kind, and by name for registered operations.',
    labelNames: ['type', 'operation'],
    buckets: [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
  });
  const errors = counter(registry, {
    name: 'graphql_errors_total',
    help: 'Errors in API responses by code.',
    labelNames: ['type', 'code'],
  });
  for (const type of ['query', 'mutation'])
    for (const code of OUR_FAULTS) errors.inc({ type, code }, 0);
  return {
    operation({ type, name, codes, seconds }) {
      operations.observe({ type, operation: name }, seconds);
      for (const code of codes) errors.inc({ type, code });
    },
  };
}

interface Definition<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly Label[];
}

function counter<Label extends string>(
  registry: Registry,
  { name, ...rest }: Definition<Label>,
): Counter<Label> {
  return new Counter({ ...rest, name: `${PREFIX}${name}`, registers: [registry] });
}

function histogram<Label extends string>(
  registry: Registry,
  { name, buckets, ...rest }: Definition<Label> & { readonly buckets: readonly number[] },
): Histogram<Label> {
  return new Histogram({
    ...rest,
    name: `${PREFIX}${name}`,
    buckets: [...buckets],
    registers: [registry],
  });
}

interface Standing {
  readonly topic: string;
  readonly partition: number;
  readonly behind: number | null;
  readonly busySince: number | null;
}

interface Partitions {
  readonly progress: (seen: PartitionSeen) => void;
  /** Drops the partitions that are no longer assigned to this process. */
  readonly assigned: (partitions: Readonly<Record<string, readonly number[]>>) => void;
}

/**
 * Creates gauges for the partitions that this process reads: the lag, and for how long the current
 * records have been in progress.
 */
function partitionGauges(registry: Registry, nowMs: () => number): Partitions {
  const known = new Map<string, Standing>();
  const labelNames = ['topic', 'partition'] as const;
  const labelsOf = ({ topic, partition }: Standing) => ({ topic, partition: String(partition) });
  askedGauge(registry, {
    name: 'consumer_lag_records',
    help: "Records behind the last committed offset, as of the broker's last response.",
    labelNames,
    ask(set) {
      for (const each of known.values()) if (each.behind !== null) set(labelsOf(each), each.behind);
    },
  });
  askedGauge(registry, {
    name: 'consumer_busy_seconds',
    help: 'Age in seconds of the records being processed; 0 if there are none.',
    labelNames,
    ask(set) {
      for (const each of known.values()) {
        const since = each.busySince ?? nowMs();
        set(labelsOf(each), Math.max(0, nowMs() - since) / 1000);
      }
    },
  });
  return {
    progress({ topic, partition, behind: waiting, isBusy }) {
      const key = `${topic} ${partition}`;
      const before = known.get(key);
      known.set(key, {
        topic,
        partition,
        behind: waiting ?? before?.behind ?? null,
        busySince: isBusy ? nowMs() : null,
      });
    },
    assigned(partitions) {
      for (const [key, { topic, partition }] of known)
        if (!partitions[topic]?.includes(partition)) known.delete(key);
    },
  };
}
