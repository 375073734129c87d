import { createEventConsumer } from '../../services/events/in/consumer.js';
import { createKafkaJs } from '../../services/events/kafka/kafkajs.js';
import type { RecordBatch } from '../../services/events/kafka/kafka-port.js';
import type { ApplyFacts } from '../../services/events/ports.js';
import { silentLogger } from '../../services/lib/logger.js';
import type { PlatformFact } from '../../services/model.js';
import { uniqueName } from '../../test/support/broker.js';

export interface Consumed {
  readonly perSecond: number;
  /** The facts of each transaction. */
  readonly batches: readonly (readonly PlatformFact[])[];
}

/**
 * Reads a whole new topic through the service's own consumer, timed from its first batch to the
 * commit of its last offset.
 */
export async function consumeAll(options: {
  readonly brokers: string;
  readonly topic: string;
  readonly count: number;
  readonly applyFacts: ApplyFacts;
}): Promise<Consumed> {
  const kafka = createKafkaJs({
    brokers: options.brokers.split(','),
    clientId: 'bench',
    ssl: false,
    logger: silentLogger,
    clock: () => new Date(),
  });
  const batches: (readonly PlatformFact[])[] = [];
  const end = Promise.withResolvers<number>();
  let startedAt = 0;
  const committed = new Map<number, number>();

  const watched = (batch: RecordBatch): RecordBatch => {
    startedAt ||= performance.now();
    return {
      ...batch,
      async commit(offset) {
        await batch.commit(offset);
        committed.set(batch.partition, Number(offset) + 1);
        const sum = [...committed.values()].reduce((a, b) => a + b, 0);
        if (sum >= options.count) end.resolve(performance.now());
      },
    };
  };
  const consumer = createEventConsumer({
    consume: (asked) =>
      kafka.consume({
        ...asked,
        onBatch: (batch) => asked.onBatch(watched(batch)),
      }),
    deadLetters: kafka.produce,
    applyFacts: async (facts) => {
      batches.push(facts);
      return options.applyFacts(facts);
    },
    topics: [options.topic],
    groupId: uniqueName('bench-intake'),
    logger: silentLogger,
    clock: () => new Date(),
    random: Math.random,
  });
  await consumer.start();
  const seconds = ((await end.promise) - startedAt) / 1_000;
  await consumer.stop();
  await kafka.close();
  return { perSecond: options.count / seconds, batches };
}
