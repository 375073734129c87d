import { expect } from 'vitest';

import { APPLIED } from '../../builders/fact-outcomes.js';
import { createEventConsumer, type EventConsumer } from '../../../services/events/in/consumer.js';
import type { ApplyFacts, EventObserver } from '../../../services/events/ports.js';
import { silentLogger } from '../../../services/lib/logger.js';
import type { PlatformFact } from '../../../services/model.js';
import type { FakeKafka } from '../../fakes/fake-kafka.js';
import { soon } from '../../support/soon.js';

const running: EventConsumer[] = [];

/**
 * For each file's own `afterEach`: unit tests share a worker, where a module is loaded, and its
 * hooks registered, but once.
 */
export async function stopConsumers(): Promise<void> {
  for (const consumer of running.splice(0)) await consumer.stop();
}

export const users = (facts: readonly PlatformFact[]) =>
  facts.map((fact) => ('platformUserId' in fact ? fact.platformUserId : '?')).join();

/** A store that writes into the broker's journal, so that their order shows. */
export function storeOf(kafka: FakeKafka): ApplyFacts {
  return async (facts) => {
    kafka.journal.push(`applied ${users(facts)}`);
    return facts.map(() => APPLIED);
  };
}

export async function startConsumer(
  kafka: FakeKafka,
  applyFacts = storeOf(kafka),
  observer?: EventObserver,
) {
  const consumer = createEventConsumer({
    consume: kafka.consume,
    deadLetters: kafka.produce,
    applyFacts,
    topics: ['platform.events'],
    groupId: 'discord-connector',
    logger: silentLogger,
    clock: () => new Date(),
    random: () => 0.5,
    ...(observer && { observer }),
    timing: {
      heartbeatMs: 5,
      retry: { baseMs: 4, maxMs: 8 },
      supervisor: { baseMs: 1, maxMs: 2 },
    },
  });
  running.push(consumer);
  await consumer.start();
  return consumer;
}

export const committed = async (kafka: FakeKafka, offset: number) =>
  soon(() => expect(kafka.committed()).toBe(offset + 1));
