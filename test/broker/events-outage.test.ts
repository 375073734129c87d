import { Kafka, logLevel } from 'kafkajs';
import { afterEach, describe, expect, test } from 'vitest';

import { createProducing } from '../../services/events/kafkajs-producing.js';
import { createOutboxRelay } from '../../services/events/outbox-relay.js';
import { UnavailableError } from '../../services/lib/errors.js';
import { silentLogger } from '../../services/lib/logger.js';
import { createFakeOutbox } from '../fakes/fake-outbox.js';
import { hasBroker, testBroker, uniqueName } from '../support/broker.js';
import { startKafka } from '../support/kafka-node.js';
import {
  collect,
  createCleanup,
  createPort,
  numbered,
  produceUsers,
  ready,
  soon,
  startReader,
  usersOf,
  type Cleanup,
} from './events-setting.js';

const cleanup = createCleanup();
const warnings: string[] = [];
process.on('warning', ({ name }) => warnings.push(name));
afterEach(async () => {
  await cleanup.run();
  expect(warnings).not.toContain('TimeoutNegativeWarning');
});

const canCrash = hasBroker() && testBroker().kind === 'java';

async function startRelay(brokers: string, topic: string, end: Cleanup) {
  const outbox = createFakeOutbox();
  const relay = createOutboxRelay({
    outbox,
    produce: createPort(brokers, end).produce,
    source: '/discord-connector',
    topic,
    logger: silentLogger,
    random: Math.random,
    timing: { pollMs: 50, baseMs: 50, maxMs: 500 },
  });
  end.add(async () => relay.stop());
  await relay.start();
  return { outbox, relay };
}

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

describe.skipIf(!canCrash)('a broker outage', () => {
  test(
    'is waited out: nothing is lost, readiness says it, and all goes on by itself',
    { timeout: 90_000 },
    async () => {
      const node = await startKafka();
      cleanup.add(async () => node.close());
      const { brokers } = node;
      const topic = uniqueName('platform.events');
      const outTopic = uniqueName('discord-connector.events');
      await produceUsers(brokers, topic, ['a']);
      await node.kill();

      const reader = await startReader(
        { port: createPort(brokers, cleanup), topic },
        cleanup,
      );
      const { outbox, relay } = await startRelay(brokers, outTopic, cleanup);
      outbox.add('e1');
      await soon(() => expect(reader.consumer.ready().ok).toBe(false));
      await soon(() => expect(relay.ready().ok).toBe(false));

      await node.start();
      await soon(() => expect(usersOf(reader.facts)).toEqual(['a']));
      await soon(() => expect(outbox.waiting()).toEqual([]));

      await node.kill();
      outbox.add('e2');
      await soon(() => expect(reader.consumer.ready().ok).toBe(false));
      await node.start();
      await produceUsers(brokers, topic, ['b']);
      await soon(() =>
        expect(new Set(usersOf(reader.facts))).toEqual(new Set(['a', 'b'])),
      );
      await soon(() => expect(outbox.waiting()).toEqual([]));
      await ready(reader);

      await node.kill();
      await reader.stop(); // in time, although nobody answers
      await relay.stop();
    },
  );

  test(
    'does not keep a start from being stopped',
    { timeout: 60_000 },
    async () => {
      const node = await startKafka();
      cleanup.add(async () => node.close());
      node.freeze();
      const port = createPort(node.brokers, cleanup);

      const reader = await startReader(
        { port, topic: uniqueName('t') },
        cleanup,
      );
      const startedAt = Date.now();
      await reader.stop();

      expect(Date.now() - startedAt).toBeLessThan(8_000);
      node.thaw();
    },
  );
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
      producer: (config) =>
        kafka.producer({ ...config, allowAutoTopicCreation: false }),
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
  test('is told apart from an outage', async () => {
    const { brokers } = testBroker();
    const { produce } = createPort(brokers, cleanup);
    const record = { key: 'k', value: Buffer.alloc(2_000_000), headers: {} };

    const refused = produce(uniqueName('small'), [record]);

    await expect(refused).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE' });
  });
});
