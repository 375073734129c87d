import { Kafka, logLevel } from 'kafkajs';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { createProducing } from '../../services/events/kafka/kafkajs-producing.js';
import { UnavailableError } from '../../services/lib/errors.js';
import { hasBroker, testBroker, uniqueName } from '../support/broker.js';
import { soon } from '../support/soon.js';
import {
  collect,
  createCleanup,
  createPort,
  createTopic,
  membershipEvent,
  numbered,
  produce,
  startReader,
  startRelay,
  usersOf,
} from './events-setting.js';

const cleanup = createCleanup();
const warnings: string[] = [];
process.on('warning', ({ name }) => warnings.push(name));
afterEach(async () => {
  await cleanup.run();
  expect(warnings).not.toContain('TimeoutNegativeWarning');
});

const canCrash = hasBroker() && testBroker().kind === 'java';

describe.skipIf(!hasBroker())('the outbox relay', () => {
  test('writes CloudEvents to a topic, in order for each key', async () => {
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

describe.skipIf(!canCrash)('a topic that does not exist', () => {
  test('is created by the first write, so that a retry succeeds', async () => {
    const { brokers } = testBroker();
    const topic = uniqueName('made');
    const kafka = new Kafka({
      brokers: brokers.split(','),
      logLevel: logLevel.NOTHING,
      retry: { retries: 1 },
    });
    const producing = createProducing({
      admin: () => kafka.admin(),
      // simulates a broker that does not create topics on first use; this one does
      producer: (config) => kafka.producer({ ...config, allowAutoTopicCreation: false }),
    });
    cleanup.add(async () => producing.close());
    const record = { key: 'k', value: 'v', headers: {} };

    await expect(producing.produce(topic, [record])).rejects.toThrow(UnavailableError);
    await soon(async () => producing.produce(topic, [record]));

    const seen = await collect(brokers, topic, cleanup);
    await soon(() => expect(seen).toHaveLength(1));
  });
});

/** Brokers reject records with a timestamp more than an hour ahead of their own clock. */
describe.skipIf(!canCrash)('a process whose clock is two hours ahead', () => {
  test('sends events with the time at which they occurred', async () => {
    const { brokers } = testBroker();
    const topic = uniqueName('ahead.events');
    await createTopic(brokers, topic);
    const { outbox } = await startRelay(brokers, topic, cleanup);
    putClockAhead();

    outbox.add(...numbered('e', 3));
    outbox.call();

    await soon(() => expect(outbox.waiting()).toEqual([]));
    const seen = await collect(brokers, topic, cleanup);
    await soon(() => expect(seen).toHaveLength(3));
    const sent = seen.map(({ timestamp }) => new Date(Number(timestamp)).toISOString());
    expect(sent).toEqual(seen.map(({ value }) => JSON.parse(String(value)).time));
  });

  test('sends a record without a time if its time is unknown', async () => {
    const { brokers } = testBroker();
    const topic = uniqueName('ahead.undated');
    await createTopic(brokers, topic);
    const { produce: write } = createPort(brokers, cleanup);
    const record = { key: 'k', value: 'v', headers: {} };
    const dated = [0, 5_000].map((timestampMs) => ({ ...record, timestampMs }));
    putClockAhead();

    await write(topic, [record, ...dated]);

    const seen = await collect(brokers, topic, cleanup);
    await soon(() => expect(seen).toHaveLength(3));
    expect(seen.map(({ timestamp }) => timestamp)).toEqual(['-1', '-1', '5000']);
  });

  test('sends events without a time if the database’s clock is equally wrong', async () => {
    const { brokers } = testBroker();
    const topic = uniqueName('ahead.both');
    await createTopic(brokers, topic);
    const { produce: write } = createPort(brokers, cleanup);
    putClockAhead();

    await write(topic, [{ key: 'k', value: 'v', headers: {}, timestampMs: Date.now() }]);

    const seen = await collect(brokers, topic, cleanup);
    await soon(() => expect(seen).toHaveLength(1));
    expect(seen[0]?.timestamp).toBe('-1');
  });

  test('writes an unreadable record to the dead letters with its original time, and applies the next one', async () => {
    const { brokers } = testBroker();
    const topic = uniqueName('ahead.facts');
    await createTopic(brokers, topic);
    const next = membershipEvent({ userId: 'u1' });
    const broken = { ...next, value: 'not JSON', timestamp: '1770000000000' };
    await createTopic(brokers, `${topic}.dlq`);
    await produce(brokers, topic, [broken, next]);
    putClockAhead();

    const { facts } = await startReader({ port: createPort(brokers, cleanup), topic }, cleanup);

    await soon(() => expect(usersOf(facts)).toEqual(['u1']));
    const dead = await collect(brokers, `${topic}.dlq`, cleanup);
    await soon(() => expect(dead).toHaveLength(1));
    expect(dead[0]?.timestamp).toBe(broken.timestamp);
  });
});

function putClockAhead(): void {
  const now = Date.now.bind(Date);
  const ahead = vi.spyOn(Date, 'now').mockImplementation(() => now() + 2 * 3_600_000);
  cleanup.add(async () => ahead.mockRestore());
}

describe.skipIf(!canCrash)('a record that is too large for its topic', () => {
  test('fails with RECORD_TOO_LARGE, not as an outage', async () => {
    const { brokers } = testBroker();
    const port = createPort(brokers, cleanup);
    const record = { key: 'k', value: Buffer.alloc(2_000_000), headers: {} };

    const refused = port.produce(uniqueName('small'), [record]);

    await expect(refused).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE' });
  });
});
