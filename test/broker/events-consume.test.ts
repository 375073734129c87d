import { afterEach, describe, expect, test } from 'vitest';

import { hasBroker, hasKafka, testBroker, uniqueName } from '../support/broker.js';
import { produceForeign, type ForeignRecord } from '../support/foreign-producer.js';
import { soon } from '../support/soon.js';
import {
  collect,
  createCleanup,
  createPort,
  createTopic,
  numbered,
  produceUsers,
  ready,
  startReader,
  usersOf,
} from './events-setting.js';

const cleanup = createCleanup();
afterEach(async () => cleanup.run());

const type = 'platform.group.membership.changed.v1';
const change = (userId: string) => ({
  userId,
  groupId: 'miners',
  change: 'added',
});
const event = (userId: string, its = {}) =>
  JSON.stringify({
    specversion: '1.0',
    id: `event-${userId}`,
    source: '/platform',
    type,
    time: '2026-03-14T15:09:26.535897932Z',
    data: change(userId),
    ...its,
  });
const structured = {
  'content-type': 'application/cloudevents+json; charset=UTF-8',
};
const binary = {
  'content-type': 'application/json',
  ce_specversion: '1.0',
  ce_id: 'event-b',
  ce_source: '/platform',
  ce_type: type,
  ce_time: '2026-03-14T15:09:26.535897932Z',
};

describe.skipIf(!hasBroker())('events from a broker', () => {
  test('are read even if an earlier event has headers named like properties of every object', async () => {
    const { brokers } = testBroker();
    const topic = uniqueName('platform.events');
    await createTopicOnReal(brokers, topic);
    const names = ['constructor', 'toString', 'valueOf', '__proto__'];
    const odd = Object.fromEntries(names.map((name) => [name, 'a']));
    await produceForeign(brokers, [
      {
        topic,
        key: 'a',
        headers: { ...structured, ...odd },
        value: event('a'),
      },
      { topic, key: 'b', headers: structured, value: event('b') },
    ]);

    const { facts } = await startReader({ port: createPort(brokers, cleanup), topic }, cleanup);

    await soon(() => expect(usersOf(facts)).toEqual(['a', 'b']));
  });

  test('are read in structured and binary mode from another client’s producer, and other records are skipped', async () => {
    const { brokers } = testBroker();
    const topic = uniqueName('platform.events');
    const records: ForeignRecord[] = [
      { topic, key: 'a', headers: structured, value: event('a') },
      { topic, key: 'b', headers: binary, value: JSON.stringify(change('b')) },
      {
        topic,
        key: 'c',
        headers: structured,
        value: event('c', { type: 'order.placed' }),
      },
      { topic, key: 'd', value: null },
    ];
    await createTopicOnReal(brokers, topic);
    await produceForeign(brokers, records);

    const { facts, consumer } = await startReader(
      { port: createPort(brokers, cleanup), topic },
      cleanup,
    );

    await soon(() => expect(consumer.counts()).toMatchObject({ applied: 2, skipped: 2 }));
    const order = {
      sequence: null,
      timeUs: Date.UTC(2026, 2, 14, 15, 9, 26) * 1000 + 535_897,
    };
    const fact = (platformUserId: string) => ({
      kind: 'membershipChanged',
      platformUserId,
      groupId: 'miners',
      change: 'added',
      order,
      cause: {
        kind: 'EVENT',
        id: `event-${platformUserId}`,
        actor: '/platform',
        groupId: 'miners',
      },
    });
    expect(facts.toSorted(byUser)).toEqual([fact('a'), fact('b')]);
  });

  test('go to the dead letters byte for byte if they are broken, and later events are still read', async () => {
    const { brokers } = testBroker();
    const topic = uniqueName('platform.events');
    const bytes = Uint8Array.from([0x7b, 0xff, 0x00, 0x0a, 0x7d]);
    const key = Uint8Array.from([0xde, 0xad]);
    const records: ForeignRecord[] = [
      { topic, key: 'a', headers: structured, value: event('a') },
      { topic, key, headers: { ...structured, trace: bytes }, value: bytes },
      {
        topic,
        key: 'b',
        headers: structured,
        value: event('b', { data: { userId: 7 } }),
      },
      { topic, key: 'c', headers: structured, value: event('c') },
    ];
    await createTopicOnReal(brokers, topic);
    await produceForeign(brokers, records);

    const { facts, consumer } = await startReader(
      { port: createPort(brokers, cleanup), topic },
      cleanup,
    );

    await soon(() => expect(consumer.counts().deadLettered).toBe(2));
    await soon(() => expect(usersOf(facts).toSorted()).toEqual(['a', 'c']));
    const dead = await collect(brokers, `${topic}.dlq`, cleanup);
    await soon(() => expect(dead).toHaveLength(2));
    const reasons = dead.map(({ headers }) => String(headers?.['dlq-reason']));
    expect(reasons.toSorted()).toEqual([
      expect.stringContaining('data.userId must be a string'),
      'value is not UTF-8',
    ]);
    const raw = dead.find((letter) => letter.key?.equals(key));
    expect(raw?.value).toEqual(Buffer.from(bytes));
    expect(raw?.headers?.['trace']).toEqual(Buffer.from(bytes));
    expect(raw?.headers?.['dlq-topic']?.toString()).toBe(topic);
    expect(raw?.headers?.['dlq-offset']?.toString()).toMatch(/^\d+$/);
    expect(raw?.headers?.['dlq-timestamp']?.toString()).toMatch(/^\d{13}$/);
  });

  test('continue where the consumer stopped, without loss or repetition', async () => {
    const { brokers } = testBroker();
    const topic = uniqueName('platform.events');
    const groupId = uniqueName('group');
    const users = numbered('u', 2_000);
    await createTopicOnReal(brokers, topic);
    await produceUsers(brokers, topic, users.slice(0, 1_000));

    const first = await startReader(
      { port: createPort(brokers, cleanup), topic, groupId },
      cleanup,
    );
    await soon(() => expect(first.facts.length).toBeGreaterThan(0));
    await first.stop();
    await produceUsers(brokers, topic, users.slice(1_000));
    const second = await startReader(
      { port: createPort(brokers, cleanup), topic, groupId },
      cleanup,
    );

    const all = () => [...usersOf(first.facts), ...usersOf(second.facts)];
    await soon(() => expect(new Set(all()).size).toBe(2_000));
    expect(all().length).toBe(2_000); // a clean stop hands over without repetition
  });

  test.skipIf(!hasKafka()).each(['gzip', 'snappy', 'lz4', 'zstd'])(
    'are read when compressed with %s',
    async (compression) => {
      const { brokers } = testBroker();
      const topic = uniqueName(`platform.events.${compression}`);
      await createTopic(brokers, topic, { compression }); // the broker recompresses the records
      const users = numbered(`${compression}-user-`, 3_000);
      await produceUsers(brokers, topic, users);

      const reader = await startReader({ port: createPort(brokers, cleanup), topic }, cleanup);

      await soon(() => expect(usersOf(reader.facts)).toEqual(users));
      await ready(reader);
    },
  );
});

/** The mock broker creates topics on first use, and has no call for creating them. */
async function createTopicOnReal(brokers: string, topic: string): Promise<void> {
  if (hasKafka()) await createTopic(brokers, topic);
}

function byUser(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}
