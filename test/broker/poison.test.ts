import type { Message } from 'kafkajs';
import { afterEach, describe, expect, test } from 'vitest';

import { APPLIED } from '../builders/fact-outcomes.js';
import type { Produce } from '../../services/events/kafka/kafka-port.js';
import type { PlatformFact } from '../../services/model.js';
import { hasKafka, testBroker, uniqueName } from '../support/broker.js';
import { soon } from '../support/soon.js';
import {
  collect,
  createCleanup,
  createPort,
  createTopic,
  membershipEvent,
  produce,
  startReader,
  usersOf,
} from './events-setting.js';
import { watchGroup } from './group-watch.js';

const cleanup = createCleanup();
afterEach(async () => cleanup.run());

const USERS = 250;
const GOOD = 10_000;
const structured = { 'content-type': 'application/cloudevents+json' };
const event = membershipEvent({ userId: 'u1', sequence: 1 });
const text = String(event.value);

/** Why the record becomes a dead letter; null if it is skipped. */
type Poison = Message & { readonly why: string | null };

const POISON: Readonly<Record<string, Poison>> = {
  'broken JSON': {
    ...event,
    value: text.slice(0, -1),
    why: 'value is not JSON',
  },
  'an unknown version of one of our types': {
    ...event,
    value: text.replace('changed.v1', 'changed.v9'),
    why: 'an unknown version',
  },
  'a megabyte of garbage': {
    value: Buffer.alloc(1_000_000, 0x07),
    headers: structured,
    why: 'value is not JSON',
  },
  'a wrong encoding': {
    ...event,
    value: Buffer.from(text, 'utf16le'),
    why: 'value is not JSON',
  },
  'bytes of another alphabet': {
    ...event,
    value: Buffer.from(text.replace('miners', 'bergwerk-möwe'), 'latin1'),
    why: 'value is not UTF-8',
  },
  'no value': { ...event, value: null, why: null },
  'a foreign type': {
    ...event,
    value: text.replace('platform.group', 'warehouse.shelf'),
    why: null,
  },
};

describe.skipIf(!hasKafka())('poison events among ten thousand good ones', () => {
  test('delay none of them: all are applied in order, with few extra transactions, and the group ends without lag', async () => {
    const good = goodEvents();
    const middle = GOOD / 2;
    const poison: readonly Message[] = Object.values(POISON);
    const clean = await readAll([good]);
    const mixed = await readAll([
      good.slice(0, middle),
      ...poison.map((message) => [{ ...message, partition: 0 }]),
      good.slice(middle),
    ]);

    for (const { facts } of [clean, mixed]) {
      expect(facts).toHaveLength(GOOD);
      expect(disorderIn(facts)).toEqual([]);
    }
    // a large record may need a separate batch, which ends a transaction early
    expect(mixed.transactions).toBeLessThanOrEqual(clean.transactions + 3);
    expect(mixed.counts).toMatchObject({ skipped: 2, deadLettered: 5 });
    const letters = await collect(mixed.brokers, `${mixed.topic}.dlq`, cleanup);
    await soon(() => expect(letters).toHaveLength(5));
    const whyOf = new Map(
      letters.map(({ value, headers }) => [
        value?.toString('latin1'),
        headers?.['dlq-reason']?.toString(),
      ]),
    );
    for (const { value, why } of Object.values(POISON)) {
      if (why === null || value === null) continue;
      expect(whyOf.get(Buffer.from(value).toString('latin1'))).toContain(why);
    }
  });
});

describe.skipIf(!hasKafka())('a dead letter', () => {
  test('is written before the offset moves past its record', async () => {
    const { brokers } = testBroker();
    const asked = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const port = createPort(brokers, cleanup);
    const slowly: Produce = async (topic, letters) => {
      asked.resolve();
      await written.promise;
      await port.produce(topic, letters);
    };
    const { topic, groupId, group } = await createWorld([[event, { ...event, value: 'not JSON' }]]);

    const reader = await startReader(
      { port: { ...port, produce: slowly }, topic, groupId },
      cleanup,
    );
    await asked.promise;

    expect(usersOf(reader.facts)).toEqual(['u1']);
    expect(await group.committed()).toEqual([0]);
    written.resolve();
    await group.caughtUp();
    expect(await group.admin.fetchTopicOffsets(`${topic}.dlq`)).toMatchObject([{ high: '1' }]);
  });
});

/** Creates a topic with these portions, one after the other. */
async function createWorld(portions: readonly (readonly Message[])[], partitions = 1) {
  const { brokers } = testBroker();
  const topic = uniqueName('platform.events');
  const groupId = uniqueName('group');
  await createTopic(brokers, topic, { partitions });
  for (const portion of portions) await produce(brokers, topic, portion);
  const group = await watchGroup(brokers, { topic, groupId }, cleanup);
  return { brokers, topic, groupId, group };
}

/** Reads until the group has reached the end of every partition. */
async function readAll(portions: readonly (readonly Message[])[]) {
  const { brokers, topic, groupId, group } = await createWorld(portions, 3);
  const facts: PlatformFact[] = [];
  let transactions = 0;
  const { consumer, stop } = await startReader(
    {
      port: createPort(brokers, cleanup),
      topic,
      groupId,
      applyFacts: async (applied) => {
        transactions += 1;
        facts.push(...applied);
        return applied.map(() => APPLIED);
      },
    },
    cleanup,
  );
  await group.caughtUp();
  await stop();
  return { brokers, topic, facts, transactions, counts: consumer.counts() };
}

function goodEvents(): Message[] {
  return Array.from({ length: GOOD }, (_, index) =>
    membershipEvent({
      userId: `u${index % USERS}`,
      sequence: 1 + Math.floor(index / USERS),
    }),
  );
}

/** Facts that did not directly follow their predecessor. */
function disorderIn(facts: readonly PlatformFact[]): readonly string[] {
  const newest = new Map<string, number>();
  return facts.flatMap((fact) => {
    const userId = 'platformUserId' in fact ? fact.platformUserId : '';
    const sequence = Number(fact.order.sequence);
    const isNext = sequence === (newest.get(userId) ?? 0) + 1;
    newest.set(userId, sequence);
    return isNext ? [] : [`${userId}:${sequence}`];
  });
}
