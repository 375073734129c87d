/**
 * Consumes the platform's events.
 * In: records of the platform's topics. Out: facts in the store, and broken records in the
 * dead-letter topics.
 * Never: an offset committed before every record up to it is stored, dead-lettered or skipped; a
 * record lost because the connector failed.
 */
import type { Part, Readiness } from '../../lib/lifecycle.js';
import type { Logger } from '../../lib/logger.js';
import { createEventCounter, type EventCounts } from './event-chunks.js';
import type { KafkaPort, Produce } from '../kafka/kafka-port.js';
import { createPersist, takeBatch } from './take-batch.js';
import type { ApplyFacts, EventObserver } from '../ports.js';
import { createSupervisor, type SupervisorTiming } from '../supervisor.js';

export interface EventConsumerDeps {
  readonly consume: KafkaPort['consume'];
  readonly deadLetters: Produce;
  readonly applyFacts: ApplyFacts;
  readonly topics: readonly string[];
  readonly groupId: string;
  readonly logger: Logger;
  readonly clock: () => Date;
  readonly random: () => number;
  readonly observer?: EventObserver;
  readonly timing?: Partial<EventConsumerTiming>;
}

export interface EventConsumerTiming {
  readonly heartbeatMs: number;
  /** Pauses between retries while the store or the dead-letter topic is unavailable. */
  readonly retry: { readonly baseMs: number; readonly maxMs: number };
  readonly supervisor: Partial<SupervisorTiming>;
}

export interface EventConsumer extends Part {
  counts(): EventCounts;
}

const HEARTBEAT_MS = 3_000;
const RETRY = { baseMs: 200, maxMs: 10_000 };

/**
 * Creates the event consumer. `start` does not wait for the broker: the process serves without it,
 * and `ready` reports what is missing.
 */
export function createEventConsumer(deps: EventConsumerDeps): EventConsumer {
  const { logger, random, clock, topics, groupId, timing } = deps;
  const stopping = new AbortController();
  const counter = createEventCounter();
  let trouble: string | null = null;

  const persist = createPersist({
    logger,
    random,
    stopping: stopping.signal,
    heartbeatMs: timing?.heartbeatMs ?? HEARTBEAT_MS,
    retry: timing?.retry ?? RETRY,
    report: (now) => {
      trouble = now;
    },
  });
  const take = { ...deps, persist, counter, stopping: stopping.signal };
  const supervisor = createSupervisor({
    name: 'event consumer',
    open: async () =>
      deps.consume({
        topics,
        groupId,
        onBatch: async (batch) => takeBatch(batch, take),
        onAssigned: (partitions) => deps.observer?.assigned(partitions),
      }),
    logger,
    random,
    clock,
    ...(timing?.supervisor && { timing: timing.supervisor }),
  });

  const ready = (): Readiness => {
    const health = supervisor.health();
    if (!health.ok || trouble === null) return health;
    return { ok: false, reason: trouble };
  };

  return {
    name: 'events',
    start: async () => supervisor.start(),
    stop: async () => {
      stopping.abort();
      await supervisor.stop();
    },
    ready,
    counts: () => counter.counts(),
  };
}
