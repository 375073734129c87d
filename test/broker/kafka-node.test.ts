import { Kafka, logLevel } from 'kafkajs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { hasBroker, testBroker, uniqueName } from '../support/broker.js';
import { produceForeign } from '../support/foreign-producer.js';
import { soon } from '../support/soon.js';

interface Seen {
  readonly key: string | undefined;
  readonly value: string | undefined;
  readonly header: string | undefined;
}

function clientOf(brokers: string): Kafka {
  return new Kafka({
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    retry: { retries: 20, maxRetryTime: 500 },
  });
}

async function consume(kafka: Kafka, topic: string) {
  const seen: Seen[] = [];
  const consumer = kafka.consumer({
    groupId: uniqueName('reader'),
    maxWaitTimeInMs: 100, // leaving waits for the fetch in progress, by default for up to 5 s
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      seen.push({
        key: message.key?.toString(),
        value: message.value?.toString(),
        header: message.headers?.['ce_type']?.toString(),
      });
    },
  });
  return { seen, close: async () => consumer.disconnect() };
}

beforeEach(() => {
  vi.stubEnv('KAFKAJS_NO_PARTITIONER_WARNING', '1');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe.skipIf(!hasBroker())('the test broker', () => {
  test('delivers records from kafkajs and from another client to a consumer', async () => {
    const { brokers } = testBroker();
    const kafka = clientOf(brokers);
    const topic = uniqueName('platform.events');
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({
      topic,
      acks: -1,
      messages: [{ key: 'p1', value: 'ours', headers: { ce_type: 'a' } }],
    });
    await producer.disconnect();

    await produceForeign(brokers, [
      { topic, key: 'p2', value: 'two\nlines', headers: { ce_type: 'b' } },
      { topic, key: 'p3', value: null },
    ]);
    const { seen, close } = await consume(kafka, topic);

    await soon(() => expect(seen).toHaveLength(3));
    expect(seen).toEqual(
      expect.arrayContaining([
        { key: 'p1', value: 'ours', header: 'a' },
        { key: 'p2', value: 'two\nlines', header: 'b' },
        { key: 'p3', value: undefined, header: undefined },
      ]),
    );
    await close();
  });
});
