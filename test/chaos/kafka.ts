import { Kafka, logLevel, Partitioners, type Message } from 'kafkajs';

import type { PlatformFact } from '../../services/model.js';
import { guardIdleConnections } from '../../services/events/kafka/kafkajs.js';
import { eventOf } from './service/events.js';
import { eventually } from '../support/eventually.js';
import { createTcpDoor } from '../support/tcp-door.js';

/**
 * A world's own topics at the broker of the run, and its way to them: the test goes straight, the
 * service through a door.
 */
export interface WorldBroker {
  readonly settings: Readonly<Record<string, string>>;
  /** Resolves when the service has taken them in for good. */
  tell(facts: readonly PlatformFact[]): Promise<void>;
  /** One record that nobody can read. */
  garble(): Promise<void>;
  /** The service's way is shut, or held still, for so long. */
  outage(mode: BrokerOutage, ms: number): Promise<void>;
  open(): Promise<void>;
  /** What was written to the world's topics, and by whom. */
  readWritten(): Promise<readonly Written[]>;
  stop(): Promise<void>;
}

export type BrokerOutage = 'shut' | 'still';

export interface Written {
  readonly topic: string;
  readonly text: string;
}

const PARTITIONS = 2;
/** Longer than any outage. */
const PATIENCE_MS = 240_000;

export async function openWorldBroker(brokers: string, name: string): Promise<WorldBroker> {
  const [host = '', port = ''] = brokers.split(',')[0]?.split(':') ?? [];
  const door = await createTcpDoor({ host, port: Number(port) });
  guardIdleConnections();
  const kafka = new Kafka({
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    retry: { retries: 10, maxRetryTime: 500 },
  });
  const topics = {
    facts: name,
    written: `${name}.written`,
    dead: `${name}.dlq`,
  };
  const admin = kafka.admin();
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await Promise.all([admin.connect(), producer.connect()]);
  await createTopics(admin, [
    { topic: topics.facts, numPartitions: PARTITIONS },
    { topic: topics.written, numPartitions: 1 },
    { topic: topics.dead, numPartitions: 1 },
  ]);
  const groupId = `${name}.group`;
  const ends = new Map<number, number>();
  let told = 0;
  let isOpen: Promise<void> = Promise.resolve();

  const send = async (messages: readonly Message[]) => {
    const sent = await producer.send({
      topic: name,
      acks: -1,
      messages: [...messages],
    });
    for (const { partition, baseOffset } of sent) {
      const count = messages.filter((each) => each.partition === partition);
      const end = Number(baseOffset ?? 0) + count.length;
      ends.set(partition, Math.max(end, ends.get(partition) ?? 0));
    }
  };
  const isCommitted = async () => {
    const [its] = await admin.fetchOffsets({ groupId, topics: [name] });
    return [...ends].every(([partition, end]) => {
      const found = its?.partitions.find((one) => one.partition === partition);
      return Number(found?.offset ?? -1) >= end;
    });
  };
  return {
    settings: {
      KAFKA_BROKERS: `${host}:${port}`,
      KAFKA_TOPICS: name,
      KAFKA_EVENTS_TOPIC: topics.written,
      KAFKA_GROUP_ID: groupId,
      CHAOS_BROKER: port,
      CHAOS_DOOR: String(door.port),
    },
    async tell(facts) {
      await send(
        facts.flatMap((fact) => {
          told += 1;
          const message = eventOf(fact, told, PARTITIONS);
          // At least once, as brokers promise.
          return told % 5 === 0 ? [message, message] : [message];
        }),
      );
      // A coordinator may still be on its way up.
      await eventually(async () => isCommitted().catch(() => false), {
        withinMs: PATIENCE_MS,
        what: 'the service has read what it was told',
      });
    },
    async garble() {
      await send([{ partition: 0, value: '{"specversion":"1.0","type":' }]);
    },
    async outage(mode, ms) {
      await isOpen;
      await (mode === 'shut' ? door.shut() : door.hold());
      isOpen = new Promise((resolve) => {
        setTimeout(() => {
          const opened = mode === 'shut' ? door.open() : door.letGo();
          resolve(opened);
        }, ms);
      });
    },
    open: async () => isOpen,
    readWritten: async () => readTopics(kafka, admin, [topics.written, topics.dead]),
    async stop() {
      await isOpen;
      await producer.disconnect();
      await admin.disconnect();
      await door.shut();
    },
  };
}

type Admin = ReturnType<Kafka['admin']>;

/** A broker under load says that it has made them before it has. */
async function createTopics(
  admin: Admin,
  topics: readonly { readonly topic: string; readonly numPartitions: number }[],
): Promise<void> {
  const names = topics.map(({ topic }) => topic);
  const areThere = async () => {
    await admin.createTopics({ topics: [...topics], waitForLeaders: false });
    const found = await admin.fetchTopicMetadata({ topics: names });
    return topics.every(({ topic, numPartitions }) => {
      const its = found.topics.find(({ name }) => name === topic);
      const led = its?.partitions.filter(({ leader }) => leader >= 0) ?? [];
      return led.length === numPartitions;
    });
  };
  await eventually(async () => areThere().catch(() => false), {
    withinMs: PATIENCE_MS,
    what: 'the topics are there',
  });
}

async function readTopics(
  kafka: Kafka,
  admin: Admin,
  topics: readonly string[],
): Promise<readonly Written[]> {
  const counts = await Promise.all(
    topics.map(async (topic) => {
      const offsets = await admin.fetchTopicOffsets(topic);
      return offsets.reduce((sum, { high }) => sum + Number(high), 0);
    }),
  );
  const wanted = counts.reduce((sum, count) => sum + count, 0);
  const written: Written[] = [];
  if (wanted === 0) return written;
  const consumer = kafka.consumer({
    groupId: `${topics.join()}.reader`,
    maxWaitTimeInMs: 50,
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [...topics], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ topic, message }) => {
      const { key, value, headers } = message;
      const heads = Object.entries(headers ?? {}).map(([name, text]) => `${name}: ${String(text)}`);
      const parts = [String(key), ...heads, String(value)];
      written.push({ topic, text: parts.join('\n') });
    },
  });
  await eventually(() => written.length >= wanted, {
    withinMs: PATIENCE_MS,
    what: 'the written topics are read',
  });
  await consumer.disconnect();
  return written;
}
