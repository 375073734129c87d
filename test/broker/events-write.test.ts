import { Kafka, logLevel } from 'kafkajs';
import { afterEach, describe, expect, test } from 'vitest';

import { createProducing } from '../../services/events/kafka/kafkajs-producing.js';
import { UnavailableError } from '../../services/lib/errors.js';
import { hasBroker, testBroker, uniqueName } from '../support/broker.js';
import { soon } from '../support/soon.js';
import { collect, createCleanup, createPort, numbered, startRelay } from './events-setting.js';

const cleanup = createCleanup();
const warnings: string[] = [];
process.on('warning', ({ name }) => warnings.push(name));
afterEach(async () => {
  await cleanup.run();
  expect(warnings).not.toContain('TimeoutNegativeWarning');
});

const canCrash = hasBroker() && testBroker().kind === 'java';

describe.skipIf(!hasBroker())('the outbox relay', () => {
  test('writes CloudEvents to a topic, those of one key in order', async () => {
    const { brokers } = testBroker();
    const topic = uniqueName('discord-connector.events');
    const ids = numbered('e', 1_200);
    const { outbox } = await startRelay(brokers, topic, cleanup);

    outbox.add(...ids);
    outbox.call();

    await soon(() => expect(outbox.waiting()).toEqual([]));
    const seen = await collect(brokers, topic, cleanup);
    await soon(() => expect(seen).toHaveLength(1_200));
    expect(seen.map(({ value }) => JSON.parse(String(value)).id)).toEqual(ids);
    expect(seen[0]?.key?.toString()).toBe('user-7');
    expect(seen[0]?.headers?.['content-type']?.toString()).toBe(
      'application/cloudevents+json; charset=UTF-8',
    );
  });
});

describe.skipIf(!canCrash)('a topic that nobody has made', () => {
  test('is made by the first who writes to it', async () => {
    const { brokers } = testBroker();
    const topic = uniqueName('made');
    const kafka = new Kafka({
      brokers: brokers.split(','),
      logLevel: logLevel.NOTHING,
      retry: { retries: 1 },
    });
    const producing = createProducing({
      admin: () => kafka.admin(),
      // as if the broker made none by itself, which this one does
      producer: (config) => kafka.producer({ ...config, allowAutoTopicCreation: false }),
    });
    cleanup.add(async () => producing.close());
    const { produce } = producing;
    const record = { key: 'k', value: 'v', headers: {} };

    await expect(produce(topic, [record])).rejects.toThrow(UnavailableError);
    await soon(async () => produce(topic, [record]));

    const seen = await collect(brokers, topic, cleanup);
    await soon(() => expect(seen).toHaveLength(1));
  });
});

describe.skipIf(!canCrash)('a record that is too large for its topic', () => {
  test('is distinguished from an outage', async () => {
    const { brokers } = testBroker();
    const { produce } = createPort(brokers, cleanup);
    const record = { key: 'k', value: Buffer.alloc(2_000_000), headers: {} };

    const refused = produce(uniqueName('small'), [record]);

    await expect(refused).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE' });
  });
});
