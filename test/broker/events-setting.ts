import { Kafka, logLevel, Partitioners, type KafkaMessage, type Message } from 'kafkajs';
import { expect } from 'vitest';

import { APPLIED } from '../builders/fact-outcomes.js';
import { createEventConsumer } from '../../services/events/in/consumer.js';
import { createKafkaJs, guardIdleConnections } from '../../services/events/kafka/kafkajs.js';
import type { ApplyFacts, EventObserver } from '../../services/events/ports.js';
import type { KafkaPort } from '../../services/events/kafka/kafka-port.js';
import { createOutboxRelay } from '../../services/events/out/outbox-relay.js';
import { silentLogger } from '../../services/lib/logger.js';
import type { PlatformFact } from '../../services/model.js';
import { createFakeOutbox } from '../fakes/fake-outbox.js';
import { uniqueName } from '../support/broker.js';
import { soon } from '../support/soon.js';

/** Undoes what a test has started, last first. */
export interface Cleanup {
  add(step: () => Promise<unknown>): void;
  run(): Promise<void>;
}

export function createCleanup(): Cleanup {
  const steps: (() => Promise<unknown>)[] = [];
  return {
    add: (step) => {
      steps.push(step);
    },
    run: async () => {
      for (const step of steps.splice(0).toReversed()) await step();
    },
  };
}

/** Short, so that a group that was left by a crash can be joined again soon. */
const SESSION = { sessionTimeoutMs: 6_000, heartbeatMs: 500, fetchWaitMs: 50 };

export function createPort(brokers: string, cleanup: Cleanup, session = SESSION): KafkaPort {
  const port = createKafkaJs({
    brokers: brokers.split(','),
    clientId: 'test',
    ssl: false,
    logger: silentLogger,
    clock: () => new Date(),
    session,
  });
  cleanup.add(async () => port.close());
  return port;
}

export interface Reader {
  readonly facts: PlatformFact[];
  readonly stop: () => Promise<void>;
  readonly consumer: ReturnType<typeof createEventConsumer>;
}

export interface ReaderSetting {
  readonly port: KafkaPort;
  readonly topic: string;
  readonly groupId?: string;
  readonly applyFacts?: ApplyFacts;
  readonly observer?: EventObserver;
}

/** The door as the service opens it, with a list for a store. */
export async function startReader(
  { port, topic, groupId = uniqueName('reader'), ...its }: ReaderSetting,
  cleanup: Cleanup,
): Promise<Reader> {
  const facts: PlatformFact[] = [];
  const consumer = createEventConsumer({
    consume: port.consume,
    deadLetters: port.produce,
    ...(its.observer && { observer: its.observer }),
    applyFacts:
      its.applyFacts ??
      (async (applied) => {
        facts.push(...applied);
        return applied.map(() => APPLIED);
      }),
    topics: [topic],
    groupId,
    logger: silentLogger,
    clock: () => new Date(),
    random: Math.random,
    timing: {
      heartbeatMs: 500,
      retry: { baseMs: 20, maxMs: 100 },
      supervisor: { baseMs: 50, maxMs: 500 },
    },
  });
  cleanup.add(async () => consumer.stop());
  await consumer.start();
  return { facts, consumer, stop: async () => consumer.stop() };
}

/** The way out as the service opens it, from an outbox in memory. */
export async function startRelay(brokers: string, topic: string, end: Cleanup) {
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

export function plainClient(brokers: string): Kafka {
  guardIdleConnections(); // for its warning, which a test watches for
  return new Kafka({
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    retry: { retries: 20, maxRetryTime: 500 },
  });
}

export type SeenMessage = KafkaMessage & { readonly partition: number };

/** Everything in a topic, as kafkajs alone reads it. */
export async function collect(
  brokers: string,
  topic: string,
  cleanup: Cleanup,
): Promise<readonly SeenMessage[]> {
  const seen: SeenMessage[] = [];
  const consumer = plainClient(brokers).consumer({
    groupId: uniqueName('collector'),
    maxWaitTimeInMs: 50,
  });
  cleanup.add(async () => consumer.disconnect());
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message, partition }) => {
      seen.push({ ...message, partition });
    },
  });
  return seen;
}

export async function createTopic(
  brokers: string,
  topic: string,
  { compression = 'producer', partitions = 1 } = {},
): Promise<void> {
  const admin = plainClient(brokers).admin();
  await admin.connect();
  const configEntries = [
    { name: 'compression.type', value: compression },
    // Some records are older than any usual retention.
    { name: 'retention.ms', value: '-1' },
  ];
  // kafkajs asks for the leaders once, and a busy broker may not know the topic at that moment.
  await admin.createTopics({
    waitForLeaders: false,
    topics: [{ topic, numPartitions: partitions, configEntries }],
  });
  await soon(async () => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    expect(topics[0]?.partitions).toHaveLength(partitions);
    expect(topics[0]?.partitions.every(({ leader }) => leader >= 0)).toBe(true);
  });
  await admin.disconnect();
}

/** Events that say of one user after the other that they were put into a group. */
export async function produceUsers(
  brokers: string,
  topic: string,
  userIds: readonly string[],
): Promise<void> {
  await produce(
    brokers,
    topic,
    userIds.map((userId) => membershipEvent({ userId })),
  );
}

export interface MembershipWords {
  readonly userId: string;
  readonly groupId?: string;
  readonly change?: 'added' | 'removed';
  readonly sequence?: number;
}

export function membershipEvent(its: MembershipWords): Message {
  const data = { groupId: 'miners', change: 'added', ...its };
  return {
    key: its.userId,
    value: JSON.stringify({
      specversion: '1.0',
      id: `event-${its.userId}-${its.sequence ?? 0}`,
      source: '/platform',
      type: 'platform.group.membership.changed.v1',
      data,
    }),
    headers: { 'content-type': 'application/cloudevents+json' },
  };
}

/**
 * In portions, as a producer that fills its batches does; each once, though a partition of a new
 * topic may refuse a portion that the others have taken.
 */
export async function produce(
  brokers: string,
  topic: string,
  messages: readonly Message[],
): Promise<void> {
  const producer = plainClient(brokers).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    idempotent: true,
  });
  await producer.connect();
  for (let from = 0; from < messages.length; from += 1_000) {
    const portion = messages.slice(from, from + 1_000);
    await producer.send({ topic, acks: -1, messages: portion });
  }
  await producer.disconnect();
}

export function usersOf(facts: readonly PlatformFact[]): readonly string[] {
  return facts.flatMap((fact) => ('platformUserId' in fact ? [fact.platformUserId] : []));
}

export async function ready(reader: Reader): Promise<void> {
  await soon(() => expect(reader.consumer.ready()).toEqual({ ok: true }));
}

export const numbered = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);
