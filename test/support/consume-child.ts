import { appendFileSync } from 'node:fs';

import { createEventConsumer } from '../../services/events/in/consumer.js';
import type { RecordBatch } from '../../services/events/kafka/kafka-port.js';
import { createKafkaJs } from '../../services/events/kafka/kafkajs.js';
import { silentLogger } from '../../services/lib/logger.js';
import type { PlatformFact } from '../../services/model.js';
import { openCrashStore } from './crash-parts.js';

/** Where a consumer can kill itself. */
export type ConsumePoint =
  | 'before applying'
  | 'after applying'
  | 'before dead letters'
  | 'after dead letters'
  | 'after commit';

/** The orders for the process. */
export interface ConsumeOrder {
  readonly brokers: string;
  readonly topic: string;
  readonly groupId: string;
  readonly databaseUrl: string;
  readonly session: {
    readonly sessionTimeoutMs: number;
    readonly heartbeatMs: number;
    readonly fetchWaitMs: number;
  };
  /**
   * A file to which all consumers of a test write one line for each batch of facts, before they
   * apply it.
   */
  readonly journal: string;
  readonly name: string;
  readonly killAt?: { readonly point: ConsumePoint; readonly time: number };
}

/** A line of the journal; each fact is `user:sequence`. */
export interface JournalLine {
  readonly by: string;
  readonly facts: readonly string[];
}

// The event consumer in a process of its own, on the real store, with a point where it kills
// itself. SIGTERM stops it in order.
const order: ConsumeOrder = JSON.parse(process.argv[2] ?? '{}');
const passed = new Map<ConsumePoint, number>();

const store = await openCrashStore(order.databaseUrl, 10_000);
const port = createKafkaJs({
  brokers: order.brokers.split(','),
  clientId: order.name,
  ssl: false,
  logger: silentLogger,
  clock: () => new Date(),
  session: order.session,
});
const consumer = createEventConsumer({
  consume: async (options) =>
    port.consume({
      ...options,
      onBatch: async (batch) => options.onBatch(withPoints(batch)),
    }),
  deadLetters: async (topic, records) => {
    await pass('before dead letters');
    await port.produce(topic, records);
    await pass('after dead letters');
  },
  applyFacts: async (facts) => {
    writeDown(facts);
    await pass('before applying');
    const verdicts = await store.applyFacts(facts);
    await pass('after applying');
    return verdicts;
  },
  topics: [order.topic],
  groupId: order.groupId,
  logger: silentLogger,
  clock: () => new Date(),
  random: Math.random,
  timing: {
    heartbeatMs: order.session.heartbeatMs,
    retry: { baseMs: 20, maxMs: 100 },
    supervisor: { baseMs: 50, maxMs: 500 },
  },
});
process.once('SIGTERM', () => void stop());
await consumer.start();

function withPoints(batch: RecordBatch): RecordBatch {
  return {
    ...batch,
    commit: async (offset) => {
      await batch.commit(offset);
      await pass('after commit');
    },
  };
}

/**
 * Writes synchronously with one call, so that the lines of several processes are in the order of
 * writing.
 */
function writeDown(facts: readonly PlatformFact[]): void {
  const line: JournalLine = {
    by: order.name,
    facts: facts.flatMap((fact) =>
      'platformUserId' in fact ? [`${fact.platformUserId}:${fact.order.sequence}`] : [],
    ),
  };
  appendFileSync(order.journal, `${JSON.stringify(line)}\n`);
}

async function pass(point: ConsumePoint): Promise<void> {
  const time = (passed.get(point) ?? 0) + 1;
  passed.set(point, time);
  if (order.killAt?.point !== point || order.killAt.time !== time) return;
  process.kill(process.pid, 'SIGKILL');
  await new Promise(() => undefined); // nothing more may be done until the signal is there
}

async function stop(): Promise<void> {
  await consumer.stop();
  await port.close();
  await store.stop();
}
