import type { Registry } from 'prom-client';

import { askedGauge } from './gauge.js';
import type { PartitionSeen } from './observed.js';

interface Standing {
  readonly topic: string;
  readonly partition: number;
  readonly behind: number | null;
  readonly busySince: number | null;
}

export interface Partitions {
  readonly progress: (seen: PartitionSeen) => void;
  /** Others are read elsewhere from now on. */
  readonly assigned: (partitions: Readonly<Record<string, readonly number[]>>) => void;
}

/**
 * The partitions that this process reads: how much waits in them, and for how long it is at the
 * same records.
 */
export function partitionGauges(registry: Registry, nowMs: () => number): Partitions {
  const known = new Map<string, Standing>();
  const labelNames = ['topic', 'partition'] as const;
  const labelsOf = ({ topic, partition }: Standing) => ({
    topic,
    partition: String(partition),
  });
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
